/** What `countersign inspect` shows: a tree of named parts with their places, made from what a decoder read. Nothing is judged. @module */
import { encodeHex, isZero } from '../../core/encoding/bytes.ts'
import { type RecordedRead, type Recording, recordReads } from '../../core/encoding/recording.ts'
import type { MalformedError } from '../../errors.ts'

/** A part; offset and length where it has a place in the file or in the part named above it. */
export interface Item {
  readonly name: string
  readonly offset?: number
  readonly length?: number
  /** Whole; shown shortened where it is long. */
  readonly value?: string
  readonly items?: readonly Item[]
}

export interface Inspection {
  readonly title: string
  readonly items: readonly Item[]
  /** What machines are told beside the structure. */
  readonly more?: Readonly<Record<string, unknown>>
  /** Where the decoder stopped, if it did. */
  readonly fault?: Fault
}

export interface Fault {
  readonly code: string
  readonly message: string
  /** The last read. */
  readonly field?: string
  readonly offset?: number
}

/** How a field is shown; undefined for as it is. By the decoder's name of the field. */
export type Notes = Readonly<Record<string, (octets: Uint8Array) => string | undefined>>

/** Runs a decoder and draws what it read, up to its end or to where it stopped. */
export function drawDecoded<T>(octets: Uint8Array, decode: () => T, notes: Notes = {}): Drawn<T> {
  const recording = recordReads(octets, decode)
  return {
    items: drawReads(octets, recording.reads, notes),
    ...(recording.result.ok ? { value: recording.result.value } : { fault: faultOf(recording) }),
  }
}

export interface Drawn<T> {
  readonly items: readonly Item[]
  readonly value?: T
  readonly fault?: Fault
}

function faultOf<T>({ reads, result }: Recording<T>): Fault {
  const last = reads.at(-1)
  const said = result.ok ? { code: '', message: '' } : faultText(result.fault)
  return { ...said, ...(last && { field: last.field, offset: last.offset }) }
}

export function faultText({ failure, message }: MalformedError): Fault {
  return { code: failure, message }
}

interface Node {
  readonly read: RecordedRead
  readonly children: Node[]
}

/** Reads inside of another are its parts: a decoder went on in what it had read. */
export function drawReads(octets: Uint8Array, reads: readonly RecordedRead[], notes: Notes = {}): readonly Item[] {
  const roots: Node[] = []
  for (const read of reads) if (read.length > 0 || read === reads.at(-1)) place(roots, { read, children: [] })
  return roots.map((node) => draw(octets, node, notes))
}

function place(nodes: Node[], node: Node): void {
  const last = nodes.at(-1)
  // Decoders go forward: only a read of what lies behind them can belong to an earlier part.
  const isNext = last === undefined || node.read.offset >= last.read.offset + last.read.length
  const parent = isNext ? undefined : nodes.findLast(({ read }) => encloses(read, node.read))
  if (parent) place(parent.children, node)
  else nodes.push(node)
}

function encloses(outer: RecordedRead, inner: RecordedRead): boolean {
  return (
    outer.kind === 'octets' &&
    outer.offset <= inner.offset &&
    inner.offset + inner.length <= outer.offset + outer.length &&
    inner.length > 0
  )
}

function draw(octets: Uint8Array, { read, children }: Node, notes: Notes): Item {
  const { field: name, offset, length } = read
  const place = { name, offset, length }
  const own = octets.subarray(offset, offset + length)
  const note = notes[name]?.(own)
  if (children.length > 0)
    return { ...place, ...(note !== undefined && { value: note }), items: children.map((c) => draw(octets, c, notes)) }
  return { ...place, value: note ?? shownValue(own, read) }
}

/** Numbers up to here are read as numbers, others as octets. */
const MAX_DECIMAL = 0xffffn

function shownValue(own: Uint8Array, { kind, length }: RecordedRead): string {
  if (own.length < length) return `only ${own.length} bytes are left`
  if (kind === 'octets') return encodeHex(own)
  if (kind === 'zeros') return isZero(own) ? 'zero' : `not zero: ${encodeHex(own)}`
  const digits = encodeHex(kind === 'little-endian' ? own.slice().reverse() : own)
  const number = BigInt(`0x${digits}`)
  return number <= MAX_DECIMAL ? `${number}` : `0x${digits}`
}

/** Puts items under headings: each begins with the item of its name. */
export function grouped(items: readonly Item[], heads: readonly (readonly [heading: string, first: string])[]): Item[] {
  const groups: { name: string; items: Item[] }[] = []
  for (const item of items) {
    const head = heads.find(([heading, first]) => first === item.name && !groups.some(({ name }) => name === heading))
    if (head) groups.push({ name: head[0], items: [] })
    groups.at(-1)?.items.push(item)
  }
  return groups.map(({ name, items: parts }) => {
    const first = parts[0]?.offset ?? 0
    const last = parts.at(-1)
    return { name, offset: first, length: (last?.offset ?? 0) + (last?.length ?? 0) - first, items: parts }
  })
}

/** The same tree with every item of a name changed. */
export function amended(items: readonly Item[], name: string, change: (item: Item) => Item): readonly Item[] {
  return items.map((item) => {
    if (item.name === name) return change(item)
    return item.items === undefined ? item : { ...item, items: amended(item.items, name, change) }
  })
}
