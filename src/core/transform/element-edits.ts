/** Changes to the elements of one array within a JSON object, as splices; a text is made a list of messages. wire.md section 2. @module */
import { MalformedError } from '../../errors.ts'
import { equalBytes } from '../crypto/equal.ts'
import { concatBytes } from '../encoding/bytes.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { endOfArray, findElements, isText, type Span } from './json-span.ts'
import type { Splice } from './splice.ts'

/** What is put into an object or an array: the octets of one JSON value, and the dependency that they come from. */
export interface Insertion {
  readonly octets: Uint8Array
  readonly role: string
}

const NOTHING = new Uint8Array(0)
const COMMA = encodeUtf8(',')
const OPEN = encodeUtf8('[')
const CLOSE = encodeUtf8(']')
/** Octets that make a text the message of a user. They come from no dependency. */
const LIST = 'list'
const MESSAGE_BEGINS = encodeUtf8('{"role":"user","content":')
const MESSAGE_ENDS = encodeUtf8('}')

const LIST_FRAMES: readonly Uint8Array[] = [
  MESSAGE_BEGINS,
  concatBytes(OPEN, MESSAGE_BEGINS),
  MESSAGE_ENDS,
  concatBytes(MESSAGE_ENDS, CLOSE),
]

/** Order of insertions is that of the calls. */
export class ElementEdits {
  readonly #first: Insertion[] = []
  readonly #last: Insertion[] = []
  readonly #removed: Map<number, string> = new Map()

  get inserts(): boolean {
    return this.#first.length + this.#last.length > 0
  }

  insertFirst(element: Insertion): void {
    this.#first.push(element)
  }

  insertLast(element: Insertion): void {
    this.#last.push(element)
  }

  remove(index: number, role: string): void {
    if (this.#removed.has(index)) throw mismatch(`element ${index} is changed twice`)
    this.#removed.set(index, role)
  }

  /** Elements that there will be; undefined for a value that has none. */
  count(bytes: Uint8Array, value: Span): number | undefined {
    const written = writtenElements(bytes, value)?.length
    return written === undefined ? undefined : written - this.#removed.size + this.#first.length + this.#last.length
  }

  /** @throws MalformedError TRANSFORM_MISMATCH for a value that is neither list nor text, and for an element that is not there */
  *splices(bytes: Uint8Array, value: Span): Generator<Splice> {
    if (isText(bytes, value)) {
      if (this.#removed.size > 0) throw mismatch('a text has no elements')
      yield* this.#aroundText(value)
      return
    }
    const array = endOfArray(bytes, value)
    if (array === undefined) throw mismatch('a member is neither list nor text')
    const written = findElements(bytes, value)
    if ([...this.#removed.keys()].some((index) => written[index] === undefined)) throw mismatch('no such element')
    const stays = written.length > this.#removed.size
    for (const [i, { octets, role }] of this.#first.entries()) {
      // A comma behind each but the last of an array that ends with them.
      const isFollowed = i < this.#first.length - 1 || stays || this.#last.length > 0
      yield { at: array.begin, remove: 0, insert: isFollowed ? concatBytes(octets, COMMA) : octets, role }
    }
    yield* this.#removals(written)
    for (const [i, { octets, role }] of this.#last.entries()) {
      const insert = i === 0 && !stays ? octets : concatBytes(COMMA, octets)
      yield { at: array.end, remove: 0, insert, role }
    }
  }

  /** A comma goes with each element: the one behind it before the first that stays, else the one before it. */
  *#removals(written: readonly Span[]): Generator<Splice> {
    let stays = false
    for (const [i, { start, end }] of written.entries()) {
      const role = this.#removed.get(i)
      if (role === undefined) {
        stays = true
        continue
      }
      const from = stays ? (written[i - 1]?.end ?? start) : start
      const to = stays ? end : (written[i + 1]?.start ?? end)
      yield { at: from, remove: to - from, insert: NOTHING, role }
    }
  }

  /** The text's own octets stay where they are. */
  *#aroundText({ start, end }: Span): Generator<Splice> {
    for (const [i, { octets, role }] of this.#first.entries())
      yield { at: start, remove: 0, insert: concatBytes(i === 0 ? OPEN : NOTHING, octets, COMMA), role }
    const begins = this.#first.length === 0 ? concatBytes(OPEN, MESSAGE_BEGINS) : MESSAGE_BEGINS
    yield { at: start, remove: 0, insert: begins, role: LIST }
    const ends = this.#last.length === 0 ? concatBytes(MESSAGE_ENDS, CLOSE) : MESSAGE_ENDS
    yield { at: end, remove: 0, insert: ends, role: LIST }
    for (const [i, { octets, role }] of this.#last.entries())
      yield {
        at: end,
        remove: 0,
        insert: concatBytes(COMMA, octets, i === this.#last.length - 1 ? CLOSE : NOTHING),
        role,
      }
  }
}

/** Exact octets of each element; undefined for a value that is no list. A text is a list of itself. */
export function writtenElements(bytes: Uint8Array, value: Span): readonly Uint8Array[] | undefined {
  if (isText(bytes, value)) return [concatBytes(MESSAGE_BEGINS, bytes.subarray(value.start, value.end), MESSAGE_ENDS)]
  if (endOfArray(bytes, value) === undefined) return undefined
  return findElements(bytes, value).map(({ start, end }) => bytes.subarray(start, end))
}

/** Whether octets of the role `list` are those that make a text a message, and no others. */
export function isListFrame(insert: Uint8Array): boolean {
  return LIST_FRAMES.some((frame) => equalBytes(frame, insert))
}

/** Octets of the elements that an insertion holds, without the comma or bracket that joins them to their neighbours. */
export function insertedElements(insert: Uint8Array): Uint8Array {
  const begins = insert[0] === COMMA[0] || insert[0] === OPEN[0] ? 1 : 0
  const last = insert.at(-1)
  const ends = last === COMMA[0] || last === CLOSE[0] ? 1 : 0
  return insert.subarray(begins, Math.max(begins, insert.length - ends))
}

function mismatch(what: string): MalformedError {
  return new MalformedError('TRANSFORM_MISMATCH', what)
}
