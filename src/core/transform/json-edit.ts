/**
 * Changes to a JSON object as byte splices: members are removed, replaced and added, elements put into arrays; every other octet stays as it
 * was written. All changes count in octets of the original, so that a verifier replays them in one pass. wire.md section 2. @module
 */
import { MalformedError } from '../../errors.ts'
import { concatBytes } from '../encoding/bytes.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { endOfArray, findMembers, type Member } from './json-span.ts'
import type { Splice } from './splice.ts'

const COMMA = encodeUtf8(',')
const NOTHING = new Uint8Array(0)

/** What is put into an object or an array: the octets of one JSON value, and the dependency that they come from. */
export interface Insertion {
  readonly octets: Uint8Array
  readonly role: string
}

/** What becomes of one member that is there. */
type Fate =
  | { readonly kind: 'removed'; readonly role: string }
  | { readonly kind: 'replaced'; readonly by: Insertion }
  | { readonly kind: 'wrapped'; readonly before: readonly Insertion[]; readonly after: Insertion }

/** Collects changes to one request. Each member is removed or replaced at most once; order of insertions is that of the calls. */
export class JsonEdits {
  readonly #bytes: Uint8Array
  #found: ReadonlyMap<string, Member> | undefined
  readonly #fates: Map<string, Fate> = new Map()
  readonly #added: { readonly name: string; readonly value: Insertion }[] = []
  readonly #first: Map<string, Insertion[]> = new Map()
  readonly #last: Map<string, Insertion[]> = new Map()

  /** @param bytes a JSON object; what is none shows with the first change: MalformedError JSON_INVALID, JSON_DUPLICATE_KEY, UTF8_INVALID */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Looked for once, and only where something is changed: most requests go on as they came. */
  get #members(): ReadonlyMap<string, Member> {
    this.#found ??= findMembers(this.#bytes)
    return this.#found
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  /** Exact octets of a member's value as the client wrote it. */
  octetsOf(name: string): Uint8Array | undefined {
    const member = this.#members.get(name)
    return member && this.#bytes.subarray(member.start, member.end)
  }

  remove(name: string, role: string): void {
    this.#settle(name, { kind: 'removed', role })
  }

  replace(name: string, by: Insertion): void {
    this.#settle(name, { kind: 'replaced', by })
  }

  /** Puts octets before and behind a value, which stays as it was written: together they must be one JSON value. */
  wrap(name: string, around: { readonly before: readonly Insertion[]; readonly after: Insertion }): void {
    this.#settle(name, { kind: 'wrapped', ...around })
  }

  /** Adds a member that is not there, behind all others. */
  add(name: string, value: Insertion): void {
    if (this.#members.has(name) || this.#added.some((added) => added.name === name))
      throw new MalformedError('TRANSFORM_MISMATCH', `member ${name} is there already`)
    this.#added.push({ name, value })
  }

  /** Puts an element before all that the client wrote into the array `name`, behind those put there earlier. */
  insertFirst(name: string, element: Insertion): void {
    this.#into(this.#first, name, element)
  }

  /** Puts an element behind all others of the array `name`. */
  insertLast(name: string, element: Insertion): void {
    this.#into(this.#last, name, element)
  }

  /** The changes, ascending. @throws MalformedError TRANSFORM_MISMATCH for an element of what is no array */
  splices(): readonly Splice[] {
    if (this.#fates.size + this.#added.length + this.#first.size + this.#last.size === 0) return []
    const splices = [...this.#memberSplices(), ...this.#elementSplices(), ...this.#addedSplices()]
    // Stable: insertions at one place stay in the order in which they were asked for.
    return splices.sort((one, other) => one.at - other.at)
  }

  #settle(name: string, fate: Fate): void {
    if (!this.#members.has(name)) throw new MalformedError('TRANSFORM_MISMATCH', `there is no member ${name}`)
    if (this.#fates.has(name) || this.#first.has(name) || this.#last.has(name))
      throw new MalformedError('TRANSFORM_MISMATCH', `member ${name} is changed twice`)
    this.#fates.set(name, fate)
  }

  #into(place: Map<string, Insertion[]>, name: string, element: Insertion): void {
    if (this.#fates.has(name)) throw new MalformedError('TRANSFORM_MISMATCH', `member ${name} is changed twice`)
    const elements = place.get(name) ?? []
    elements.push(element)
    place.set(name, elements)
  }

  /** A comma goes with each removed member: the one behind it before the first that stays, else the one before it. */
  *#memberSplices(): Generator<Splice> {
    const members = [...this.#members]
    let stays = false
    for (const [i, [name, { keyStart, start, end }]] of members.entries()) {
      const fate = this.#fates.get(name)
      if (fate?.kind === 'replaced')
        yield { at: start, remove: end - start, insert: fate.by.octets, role: fate.by.role }
      if (fate?.kind === 'wrapped') {
        for (const { octets, role } of fate.before) yield { at: start, remove: 0, insert: octets, role }
        yield { at: end, remove: 0, insert: fate.after.octets, role: fate.after.role }
      }
      if (fate?.kind !== 'removed') {
        stays = true
        continue
      }
      const from = stays ? (members[i - 1]?.[1].end ?? keyStart) : keyStart
      const to = stays ? end : (members[i + 1]?.[1].keyStart ?? end)
      yield { at: from, remove: to - from, insert: NOTHING, role: fate.role }
    }
  }

  *#elementSplices(): Generator<Splice> {
    for (const name of new Set([...this.#first.keys(), ...this.#last.keys()])) {
      const member = this.#members.get(name)
      const array = member && endOfArray(this.#bytes, member)
      if (array === undefined) throw new MalformedError('TRANSFORM_MISMATCH', `member ${name} is no array`)
      const first = this.#first.get(name) ?? []
      const last = this.#last.get(name) ?? []
      const written = array.isEmpty ? 0 : 1
      for (const [i, { octets, role }] of first.entries())
        yield {
          at: array.begin,
          remove: 0,
          // A comma behind each but the last of an array that ends with them.
          insert: i < first.length - 1 + written + last.length ? concatBytes(octets, COMMA) : octets,
          role,
        }
      for (const [i, { octets, role }] of last.entries())
        yield {
          at: array.end,
          remove: 0,
          insert: i === 0 && written === 0 ? octets : concatBytes(COMMA, octets),
          role,
        }
    }
  }

  *#addedSplices(): Generator<Splice> {
    const last = [...this.#members.values()].at(-1)
    const at = last?.end ?? this.#bytes.lastIndexOf(0x7d)
    const stays = [...this.#members.keys()].some((name) => this.#fates.get(name)?.kind !== 'removed')
    for (const [i, { name, value }] of this.#added.entries()) {
      const key = encodeUtf8(`${i > 0 || stays ? ',' : ''}${JSON.stringify(name)}:`)
      yield { at, remove: 0, insert: concatBytes(key, value.octets), role: value.role }
    }
  }
}
