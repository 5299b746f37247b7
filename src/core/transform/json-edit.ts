/**
 * Changes to a JSON object as byte splices: members are removed, replaced and added, elements put into arrays; every other octet stays as it
 * was written. All changes count in octets of the original, so that a verifier replays them in one pass. wire.md section 2. @module
 */
import { MalformedError } from '../../errors.ts'
import { concatBytes } from '../encoding/bytes.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { ElementEdits, type Insertion, writtenElements } from './element-edits.ts'
import { findMembers, type Member } from './json-span.ts'
import type { Splice } from './splice.ts'

export { type Insertion, insertedElements } from './element-edits.ts'

const NOTHING = new Uint8Array(0)

/** What becomes of one member that is there. */
type Fate = { readonly kind: 'removed'; readonly role: string } | { readonly kind: 'replaced'; readonly by: Insertion }

/** Collects changes to one request. Each member is removed or replaced at most once; order of insertions is that of the calls. */
export class JsonEdits {
  readonly #bytes: Uint8Array
  #found: ReadonlyMap<string, Member> | undefined
  readonly #fates: Map<string, Fate> = new Map()
  readonly #added: { readonly name: string; readonly value: Insertion }[] = []
  readonly #renamed: Map<string, Insertion & { readonly to: string }> = new Map()
  readonly #elements: Map<string, ElementEdits> = new Map()

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

  /** Exact octets of each element of a list as the client wrote it, a text as a message; undefined where there is neither. */
  elementsOf(name: string): readonly Uint8Array[] | undefined {
    const member = this.#members.get(name)
    return member && writtenElements(this.#bytes, member)
  }

  /** Elements that the list `name` will have; undefined where it is none. */
  count(name: string): number | undefined {
    const member = this.#members.get(name)
    if (member === undefined) return undefined
    return (this.#elements.get(name) ?? new ElementEdits()).count(this.#bytes, member)
  }

  /** Takes a member out, whatever elements were taken out of it before. */
  remove(name: string, role: string): void {
    if (this.#elements.get(name)?.inserts === false) this.#elements.delete(name)
    this.#settle(name, { kind: 'removed', role })
  }

  replace(name: string, by: Insertion): void {
    this.#settle(name, { kind: 'replaced', by })
  }

  /** Gives a member a value whatever was done with it before: the last word on it is a run's, whose steps follow one another. */
  set(name: string, value: Insertion): void {
    const place = this.#added.findIndex((added) => added.name === name)
    if (place >= 0) this.#added[place] = { name, value }
    else if (this.#members.has(name)) this.#fates.set(name, { kind: 'replaced', by: value })
    else this.#added.push({ name, value })
  }

  /** Gives a member another name; its value stays as it was written, or is changed beside it. */
  renameMember(name: string, to: string, role: string): void {
    if (!this.#members.has(name)) throw new MalformedError('TRANSFORM_MISMATCH', `there is no member ${name}`)
    if (this.#renamed.has(name) || this.#fates.get(name)?.kind === 'removed')
      throw new MalformedError('TRANSFORM_MISMATCH', `member ${name} is changed twice`)
    if (this.#isTaken(to)) throw new MalformedError('TRANSFORM_MISMATCH', `member ${to} is there already`)
    this.#renamed.set(name, { to, octets: encodeUtf8(JSON.stringify(to)), role })
  }

  /** Adds a member that is not there, behind all others. */
  add(name: string, value: Insertion): void {
    if (this.#members.has(name) || this.#isTaken(name))
      throw new MalformedError('TRANSFORM_MISMATCH', `member ${name} is there already`)
    this.#added.push({ name, value })
  }

  /** Puts an element before all that the client wrote into the list `name`, behind those put there earlier. A text becomes a list. */
  insertFirst(name: string, element: Insertion): void {
    this.#into(name).insertFirst(element)
  }

  /** Puts an element behind all others of the list `name`. A text becomes a list. */
  insertLast(name: string, element: Insertion): void {
    this.#into(name).insertLast(element)
  }

  /** Takes elements out of the list `name`. @param indices as the client wrote it */
  removeElements(name: string, indices: readonly number[], role: string): void {
    for (const index of indices) this.#into(name).remove(index, role)
  }

  /** The changes, ascending. @throws MalformedError TRANSFORM_MISMATCH for an element of what is no list */
  splices(): readonly Splice[] {
    if (this.#fates.size + this.#renamed.size + this.#added.length + this.#elements.size === 0) return []
    const splices = [...this.#memberSplices(), ...this.#elementSplices(), ...this.#addedSplices()]
    // Stable: insertions at one place stay in the order in which they were asked for, before what is taken out from there on.
    return splices.sort((one, other) => one.at - other.at || Math.min(one.remove, 1) - Math.min(other.remove, 1))
  }

  /** Whether what is forwarded will have a member of this name. */
  #isTaken(name: string): boolean {
    const stays = this.#members.has(name) && this.#fates.get(name)?.kind !== 'removed' && !this.#renamed.has(name)
    return (
      stays ||
      this.#added.some((added) => added.name === name) ||
      [...this.#renamed.values()].some(({ to }) => to === name)
    )
  }

  #settle(name: string, fate: Fate): void {
    if (!this.#members.has(name)) throw new MalformedError('TRANSFORM_MISMATCH', `there is no member ${name}`)
    const isLost = fate.kind === 'removed' && this.#renamed.has(name)
    if (isLost || this.#fates.has(name) || this.#elements.has(name))
      throw new MalformedError('TRANSFORM_MISMATCH', `member ${name} is changed twice`)
    this.#fates.set(name, fate)
  }

  #into(name: string): ElementEdits {
    if (this.#fates.has(name)) throw new MalformedError('TRANSFORM_MISMATCH', `member ${name} is changed twice`)
    const known = this.#elements.get(name)
    if (known !== undefined) return known
    const edits = new ElementEdits()
    this.#elements.set(name, edits)
    return edits
  }

  /** A comma goes with each removed member: the one behind it before the first that stays, else the one before it. */
  *#memberSplices(): Generator<Splice> {
    const members = [...this.#members]
    let stays = false
    for (const [i, [name, { keyStart, keyEnd, start, end }]] of members.entries()) {
      const fate = this.#fates.get(name)
      const renamed = this.#renamed.get(name)
      if (renamed !== undefined)
        yield { at: keyStart, remove: keyEnd - keyStart, insert: renamed.octets, role: renamed.role }
      if (fate?.kind === 'replaced')
        yield { at: start, remove: end - start, insert: fate.by.octets, role: fate.by.role }
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
    for (const [name, edits] of this.#elements) {
      const member = this.#members.get(name)
      if (member === undefined) throw new MalformedError('TRANSFORM_MISMATCH', `there is no member ${name}`)
      yield* edits.splices(this.#bytes, member)
    }
  }

  *#addedSplices(): Generator<Splice> {
    const last = [...this.#members.values()].at(-1)
    const at = last?.end ?? this.#bytes.lastIndexOf(0x7d)
    const stays = [...this.#members.keys()].some((name) => this.#fates.get(name)?.kind !== 'removed')
    const texts = this.#added.map(({ name, value }, i) => ({
      octets: concatBytes(encodeUtf8(`${i > 0 || stays ? ',' : ''}${JSON.stringify(name)}:`), value.octets),
      role: value.role,
    }))
    // Each splice costs a receipt 200 octets: neighbours of one role are one.
    for (let i = 0; i < texts.length; ) {
      const { role = '' } = texts[i] ?? {}
      const end = texts.findIndex((text, j) => j > i && text.role !== role)
      const run = texts.slice(i, end < 0 ? texts.length : end)
      yield { at, remove: 0, insert: concatBytes(...run.map(({ octets }) => octets)), role }
      i += run.length
    }
  }
}
