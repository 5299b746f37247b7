/** Field lines and sections of binary HTTP. RFC 9292 section 3.6, by the rules of RFC 9113 section 8.2. @module */
import { MalformedError } from '../../errors.ts'
import { concatBytes } from '../encoding/bytes.ts'
import { Inflow, type Steps } from './inflow.ts'
import { encodeVarint, takeVarint } from './varint.ts'

/** Name and value, a letter for each octet, in order; a name may come more than once. */
export type Fields = readonly (readonly [name: string, value: string])[]

const MAX_SECTION_SIZE = 65_536
const MAX_FIELDS = 256
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const LOOSE_SPACE = /^[ \t]|[ \t]$/
/** They speak of one connection, and there is none here: a peer that takes them over into HTTP/1.1 would frame by them (RFC 9113 section 8.2.2). */
const OF_A_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** Whether a field (in lower case) is about a connection, so that it has no place in a binary message. */
export function isConnectionField(name: string): boolean {
  return OF_A_CONNECTION.has(name)
}

/** @throws MalformedError E2EE_FORMAT */
function checkField(name: string, value: string): void {
  // Upper case would give one name two spellings, of which a filter in front sees one; a colon is a pseudo-field.
  if (!NAME.test(name)) throw new MalformedError('E2EE_FORMAT', 'a field has a name that HTTP does not know')
  // A line feed in a value is a field of its own to whoever writes it into HTTP/1.1.
  if (!VALUE.test(value) || LOOSE_SPACE.test(value))
    throw new MalformedError('E2EE_FORMAT', `field ${name} has a value that HTTP does not know`)
  if (isConnectionField(name) && !(name === 'te' && value === 'trailers'))
    throw new MalformedError('E2EE_FORMAT', `field ${name} is about a connection`)
}

/** One letter for each octet. */
export function lettersOf(octets: Uint8Array): string {
  let letters = ''
  for (let i = 0; i < octets.length; i++) letters += String.fromCharCode(octets[i] ?? 0)
  return letters
}

/** @throws MalformedError E2EE_FORMAT for a letter above U+00FF */
export function octetsOf(letters: string): Uint8Array {
  const octets = new Uint8Array(letters.length)
  for (let i = 0; i < octets.length; i++) {
    const letter = letters.charCodeAt(i)
    if (letter > 0xff) throw new MalformedError('E2EE_FORMAT', 'HTTP has no such letter')
    octets[i] = letter
  }
  return octets
}

/** Text with its length before it. */
export function encodeText(letters: string): Uint8Array {
  const octets = octetsOf(letters)
  return concatBytes(encodeVarint(octets.length), octets)
}

function encodeLines(fields: Fields): readonly Uint8Array[] {
  return fields.flatMap(([name, value]) => {
    checkField(name, value)
    return [encodeText(name), encodeText(value)]
  })
}

/** With its length before it. @throws MalformedError E2EE_FORMAT for a field that may not be there */
export function encodeKnownFields(fields: Fields): Uint8Array {
  const section = concatBytes(...encodeLines(fields))
  return concatBytes(encodeVarint(section.length), section)
}

/** With a terminator behind it. @throws MalformedError E2EE_FORMAT as {@link encodeKnownFields} */
export function encodeTerminatedFields(fields: Fields): Uint8Array {
  return concatBytes(...encodeLines(fields), encodeVarint(0))
}

/** A section whose length comes first. */
export function* takeKnownFields(inflow: Inflow): Steps<Fields> {
  const size = yield* takeVarint(inflow, 'length of the fields', MAX_SECTION_SIZE)
  // Its own end: a line that reaches beyond would take the content for fields.
  const section = new Inflow('E2EE_FORMAT')
  section.add(yield* inflow.take('fields', size))
  section.end()
  const fields: [string, string][] = []
  while (section.size > 0) {
    const length = yield* takeVarint(section, 'length of a name', MAX_SECTION_SIZE)
    fields.push(yield* takeField(section, length))
    checkCount(fields)
  }
  return fields
}

/** A section that a zero ends. */
export function* takeTerminatedFields(inflow: Inflow): Steps<Fields> {
  const fields: [string, string][] = []
  let size = 0
  for (;;) {
    const length = yield* takeVarint(inflow, 'length of a name', MAX_SECTION_SIZE - size)
    if (length === 0) return fields
    const field = yield* takeField(inflow, length, MAX_SECTION_SIZE - size - length)
    size += length + field[1].length
    fields.push(field)
    checkCount(fields)
  }
}

function checkCount(fields: Fields): void {
  if (fields.length > MAX_FIELDS) throw new MalformedError('E2EE_FORMAT', `more than ${MAX_FIELDS} fields`)
}

function* takeField(inflow: Inflow, length: number, most = MAX_SECTION_SIZE): Steps<[string, string]> {
  const name = lettersOf(yield* inflow.take('name of a field', length))
  const size = yield* takeVarint(inflow, 'length of a value', most)
  const value = lettersOf(yield* inflow.take('value of a field', size))
  checkField(name, value)
  return [name, value]
}
