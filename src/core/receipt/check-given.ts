/**
 * What the model was given, read as its server reads it: each change is of a known role, stands where that role stands, and holds what its
 * dependency says. Else a message could come in under a role that no check looks at. docs/formats.md, Splices. @module
 */
import { MalformedError } from '../../errors.ts'
import { digestUri } from '../crypto/index.ts'
import { concatBytes } from '../encoding/bytes.ts'
import { decodeJson, isJsonObject, type JsonObject, type JsonValue } from '../encoding/json.ts'
import { MAX_STRICT_DEPTH } from '../encoding/strict-json.ts'
import { decodeUtf8, encodeUtf8 } from '../encoding/utf8.ts'
import { insertedElements, isListFrame } from '../transform/element-edits.ts'
import { findMembers, isText, type Member } from '../transform/json-span.ts'
import type { Splice } from '../transform/splice.ts'
import { DEPENDENCY_ROLES, type DependencyRole, type Disclosed } from './disclosed.ts'
import { SAMPLING_MEMBERS } from './parameters.ts'

const LISTS: readonly string[] = ['messages', 'input']
const ROLES: ReadonlySet<string> = new Set([...DEPENDENCY_ROLES, 'model', 'list'])
/** Roles of whole messages. */
const PROMPT = 'prompt-template'
const CHUNK = 'retrieval-result'
const MESSAGES: readonly string[] = [PROMPT, 'memory-before', CHUNK, 'tool-call']
/** Members that a change may touch, beside the lists. */
const CHANGED: ReadonlySet<string> = new Set([
  ...SAMPLING_MEMBERS,
  'model',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'instructions',
  'store',
])
/** Members that a change may take out, and nothing else: a `prompt` can be the text that is to be completed. */
const REMOVED: readonly string[] = ['prompt', 'previous_response_id']

interface Read {
  readonly octets: Uint8Array
  readonly fields: JsonObject
  readonly members: ReadonlyMap<string, Member>
}

/** Undefined for what is no JSON object, or has a key twice. */
function readGiven(octets: Uint8Array): Read | undefined {
  try {
    const fields: JsonValue = JSON.parse(decodeUtf8(octets))
    return isJsonObject(fields) ? { octets, fields, members: findMembers(octets) } : undefined
  } catch (error) {
    if (error instanceof MalformedError || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Elements of an insertion; strict, because of two equal keys a model server may read the one and a verifier the other. */
export function strictElements(insert: Uint8Array): readonly JsonValue[] {
  const text = decodeUtf8(concatBytes(encodeUtf8('['), insertedElements(insert), encodeUtf8(']')))
  const list = decodeJson(text, { maxSize: text.length, maxDepth: MAX_STRICT_DEPTH, numbers: 'any' })
  return Array.isArray(list) ? list : []
}

/** A conversation that is remembered is as the client wrote it. */
function elementsOf({ insert, role }: Splice): readonly JsonValue[] {
  if (role !== 'memory-before') return strictElements(insert)
  const list: JsonValue = JSON.parse(
    decodeUtf8(concatBytes(encodeUtf8('['), insertedElements(insert), encodeUtf8(']'))),
  )
  return Array.isArray(list) ? list : []
}

function wrong(what: string): MalformedError {
  return new MalformedError('TRANSFORM_MISMATCH', what)
}

function digestsOf(dependencies: Disclosed['dependencies'], role: DependencyRole): readonly string[] | 'withheld' {
  const named = dependencies === undefined ? 'withheld' : dependencies[role]
  if (named === 'withheld') return named
  return named === 'none' ? [] : named.map(({ digest }) => `sha256:${digest.sha256}`)
}

function isNamed(text: JsonValue | undefined, digests: readonly string[] | 'withheld'): boolean {
  return typeof text === 'string' && (digests === 'withheld' || digests.includes(digestUri(encodeUtf8(text))))
}

/** One plain message, of the text that a dependency names. */
function assertNamed({ role }: Splice, elements: readonly JsonValue[], dependencies: Disclosed['dependencies']): void {
  if (role !== PROMPT && role !== CHUNK) return
  const [message] = elements
  const { role: speaker, content, ...more } = isJsonObject(message) ? message : {}
  // What stands before a chunk says what it is, and ends with this.
  const text = role === CHUNK && typeof content === 'string' ? content.slice(content.indexOf(':\n\n') + 3) : content
  const isPlain = speaker === 'system' || speaker === 'developer' || speaker === 'user'
  if (
    elements.length !== 1 ||
    !isPlain ||
    Object.keys(more).length > 0 ||
    !isNamed(text, digestsOf(dependencies, role))
  )
    throw wrong(`a message of the role ${role} is not one that the dependencies name`)
}

/** The client's own elements; undefined for what is neither list nor text. */
function written(value: JsonValue | undefined): readonly JsonValue[] | undefined {
  if (typeof value === 'string') return [{ role: 'user', content: value }]
  return Array.isArray(value) ? value : undefined
}

function standsIn({ at, remove, role }: Splice, { octets, members }: Read, name: string): boolean {
  const member = members.get(name)
  if (member === undefined) return false
  if (remove > 0 && at < member.end && at + remove > member.keyStart)
    throw wrong(`something of the client's ${name} was taken out`)
  if (isText(octets, member) && at === member.end) return role === 'list' || role === 'tool-call'
  return at < member.end && at >= (isText(octets, member) ? member.start : member.start + 1)
}

/** Nothing of the client's may go, and what is put beside it is whole messages of known roles. */
function assertList(name: string, asked: Read, given: Read, { splices, dependencies }: Given): void {
  const own = written(asked.fields[name])
  if (own === undefined) return
  const before: JsonValue[] = []
  const after: JsonValue[] = []
  for (const splice of splices.filter((one) => standsIn(one, asked, name))) {
    const { role, insert } = splice
    if (role === 'list' && isListFrame(insert)) continue
    if (!MESSAGES.includes(role)) throw wrong(`a change of the role ${role} stands in ${name}`)
    const elements = elementsOf(splice)
    assertNamed(splice, elements, dependencies)
    if (role === 'tool-call') after.push(...elements)
    else before.push(...elements)
  }
  const isList = before.length + after.length > 0
  const due: JsonValue = isList ? [...before, ...own, ...after] : (asked.fields[name] ?? null)
  if (JSON.stringify(given.fields[name]) !== JSON.stringify(due))
    throw wrong(`${name} holds other than the client's own and what was put beside it`)
}

function octetsOf({ octets, members }: Read, name: string): string | undefined {
  const member = members.get(name)
  return member && decodeUtf8(octets.subarray(member.start, member.end))
}

function assertMember(name: string, asked: Read, given: Read, { dependencies }: Given): void {
  if (LISTS.includes(name) && asked.members.has(name)) return
  const value = octetsOf(given, name)
  if (value === octetsOf(asked, name)) return
  if (!CHANGED.has(name) && !(REMOVED.includes(name) && value === undefined)) throw wrong(`${name} was changed`)
  if (name === 'model' && typeof given.fields[name] !== 'string') throw wrong('the model has no name')
  if (name !== 'instructions') return
  const [own, text] = [asked.fields[name], given.fields[name]]
  const end = typeof own === 'string' ? `\n\n${own}` : ''
  const put = typeof text === 'string' && text.endsWith(end) ? text.slice(0, text.length - end.length) : undefined
  if (!isNamed(put, digestsOf(dependencies, PROMPT)))
    throw wrong('instructions are not those that the dependencies name')
}

interface Given {
  readonly splices: readonly Splice[]
  readonly dependencies: Disclosed['dependencies']
}

/**
 * @param request the client's octets
 * @param octets those that the model was given: the splices applied to the client's
 * @throws MalformedError TRANSFORM_MISMATCH, JSON_*
 */
export function assertGiven(request: Uint8Array, octets: Uint8Array, given: Given): void {
  const unknown = given.splices.find(({ role }) => !ROLES.has(role))
  if (unknown !== undefined) throw wrong(`${unknown.role} is no role of a change`)
  const asked = readGiven(request)
  // No gateway forwards what is no JSON object: nothing is read from it here, or there.
  if (asked === undefined) return
  const read = readGiven(octets)
  if (read === undefined) throw wrong('the model was given what is no JSON object')
  const stray = given.splices.find(
    (one) =>
      MESSAGES.includes(one.role) &&
      one.role !== PROMPT &&
      one.insert.length > 0 &&
      !LISTS.some((name) => standsIn(one, asked, name)),
  )
  if (stray !== undefined) throw wrong(`a change of the role ${stray.role} stands elsewhere than in a list of messages`)
  for (const name of LISTS) assertList(name, asked, read, given)
  for (const name of new Set([...asked.members.keys(), ...read.members.keys()])) assertMember(name, asked, read, given)
}
