/**
 * YAML to plain values, strictly: one document, text keys, each once; no anchors, aliases, tags or merge keys.
 * The only file that imports `yaml`. Remembers where everything stands, so that faults can be shown with line and column. @module
 */
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, type ParsedNode, parseDocument, visit } from 'yaml'
import { CountersignError } from '../../errors.ts'
import type { ConfigPath } from './issue.ts'

/** 1-based. */
export interface Position {
  readonly line: number
  readonly column: number
}

export interface YamlDocument {
  /** Objects without prototype, arrays, strings, numbers, booleans, null. */
  readonly value: unknown
  /** Where `path` stands, or the nearest thing around it that is there. With `key`, where that key of it stands. */
  locate(path: ConfigPath, key?: string): Position
}

const MAX_SIZE = 256 * 1024
const MAX_DEPTH = 32
const UNSAFE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** @throws CountersignError ERR_CONFIG with `file:line:column` */
export function decodeYaml(text: string, file: string): YamlDocument {
  if (text.length > MAX_SIZE) throw new CountersignError('ERR_CONFIG', `${file}: larger than ${MAX_SIZE} characters`)
  const lines = new LineCounter()
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const refuse = (offset: number, what: string): CountersignError => {
    const { line, column } = position(offset)
    return new CountersignError('ERR_CONFIG', `${file}:${line}:${column}: ${what}`)
  }
  refuseDeepFlow(text, refuse)
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    strict: true,
    uniqueKeys: true,
    prettyErrors: false,
    lineCounter: lines,
  })
  const [fault] = [...document.errors, ...document.warnings]
  if (fault !== undefined) throw refuse(fault.pos[0], explain(fault.code))
  visit(document, {
    Alias: (_, node) => {
      throw refuse(offsetOf(node), 'aliases (*name) are refused: write the value out')
    },
    Node: (_, node) => {
      if ('anchor' in node && node.anchor !== undefined)
        throw refuse(offsetOf(node), 'anchors (&name) are refused: write the value out where it is needed')
      if (node.tag !== undefined && node.tag !== null)
        throw refuse(offsetOf(node), 'tags (!name) are refused: write the plain value')
    },
  })
  return {
    value: toValue(document.contents, refuse, 0),
    locate: (path, key) => position(locate(document.contents, path, key)),
  }
}

type Refuse = (offset: number, what: string) => CountersignError

/** The parser recurses on `[[[[`: a file of brackets would end in a stack overflow instead of a message. */
function refuseDeepFlow(text: string, refuse: Refuse): void {
  const at = /[[{](?:\s*[[{]){32}/.exec(text)?.index
  if (at !== undefined) throw refuse(at, `nested deeper than ${MAX_DEPTH}`)
}

function explain(code: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key is here twice: keep one'
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here: keep one document, without `---`'
  if (code === 'TAG_RESOLVE_FAILED') return 'tags (!name) are refused: write the plain value'
  if (code === 'BAD_ALIAS') return 'aliases (*name) are refused: write the value out'
  return `not well-formed YAML (${code.toLowerCase().replaceAll('_', ' ')})`
}

function offsetOf(node: { readonly range?: readonly number[] | null | undefined } | null): number {
  return node?.range?.[0] ?? 0
}

function toValue(node: Node | ParsedNode | null, refuse: Refuse, depth: number): unknown {
  if (depth > MAX_DEPTH) throw refuse(offsetOf(node), `nested deeper than ${MAX_DEPTH}`)
  if (isMap<Node, Node | null>(node)) {
    const object: Record<string, unknown> = Object.create(null)
    for (const { key, value } of node.items) {
      if (!isScalar(key) || typeof key.value !== 'string')
        throw refuse(offsetOf(key), 'a key must be text: put it in quotes')
      if (UNSAFE_KEYS.has(key.value) || key.value === '<<') throw refuse(offsetOf(key), 'this key is refused')
      object[key.value] = toValue(value, refuse, depth + 1)
    }
    return object
  }
  if (isSeq<Node>(node)) return node.items.map((item) => toValue(item, refuse, depth + 1))
  if (node === null) return null
  if (isScalar(node)) {
    if (typeof node.value === 'bigint') throw refuse(offsetOf(node), 'this number is too large')
    return node.value
  }
  throw refuse(offsetOf(node), 'this kind of value is refused')
}

function locate(root: Node | ParsedNode | null, path: ConfigPath, key: string | undefined): number {
  let node: unknown = root
  let found = offsetOf(root)
  for (const part of key === undefined ? path : [...path, key]) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === part)
      if (pair === undefined || !isScalar(pair.key)) return found
      found = offsetOf(pair.key)
      node = pair.value
    } else if (isSeq<Node>(node) && typeof part === 'number') {
      const item = node.items[part]
      if (item === undefined) return found
      found = offsetOf(item)
      node = item
    } else return found
  }
  return found
}
