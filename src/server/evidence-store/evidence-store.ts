/**
 * Every quoted checkpoint of one log, so that a receipt finds the evidence nearest to it, and its witnesses, years later. In memory a few
 * words for each; octets come from the store when they are asked for. @module
 */
import { type Archive, encodeArchive } from '../../core/archive/index.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import { decodeStatement } from '../../core/evidence/statement.ts'
import { CountersignError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/types.ts'
import { EvidenceWriter } from './evidence-writer.ts'
import { Sizes } from './sizes.ts'
import { listSizes, noteName, recordName, StoredEvidence } from './stored-evidence.ts'
import { chooseRemovable, witnessOf } from './thinning.ts'
import type { CapturedEvidence, CoveringEvidence, CoveringWish, EvidencePlace } from './types.ts'

/** Told what of the store is not as it was written. */
export type OnFault = (detail: string) => void

interface Contents {
  readonly records: readonly number[]
  readonly witnessed: readonly number[]
  /** Places that are remembered at most. */
  readonly remembered: number
}

interface Held {
  readonly place: EvidencePlace
  readonly captured: CapturedEvidence
  readonly stored: boolean
}

/** Of an earlier log: what it says is read again when it is asked for. */
const MAX_REMEMBERED = 1_024

export class EvidenceStore {
  readonly #store: ObjectStore
  readonly #logId: string
  readonly #onFault: OnFault
  readonly #stored: StoredEvidence
  readonly #writer: EvidenceWriter
  readonly #records: Sizes
  readonly #witnessed: Sizes
  readonly #places: Map<number, EvidencePlace> = new Map()
  readonly #remembered: number
  /** Evidence that is not on the store yet, and the newest. */
  readonly #held: Map<number, Held> = new Map()
  /** One change of the store at a time. */
  #changing: Promise<unknown> = Promise.resolve()

  private constructor(store: ObjectStore, logId: string, onFault: OnFault, contents: Contents) {
    this.#store = store
    this.#logId = logId
    this.#onFault = onFault
    this.#stored = new StoredEvidence(store, logId)
    this.#writer = new EvidenceWriter(store, logId)
    this.#records = new Sizes(contents.records)
    this.#witnessed = new Sizes(contents.witnessed)
    this.#remembered = contents.remembered
  }

  /** For the log of this boot: nothing is there. */
  static begin(store: ObjectStore, logId: string, onFault: OnFault = () => {}): EvidenceStore {
    return new EvidenceStore(store, logId, onFault, {
      records: [],
      witnessed: [],
      remembered: Number.POSITIVE_INFINITY,
    })
  }

  /** For a log of an earlier boot: lists what there is and reads none of it. */
  static async open(store: ObjectStore, logId: string, onFault: OnFault = () => {}): Promise<EvidenceStore> {
    const [records, witnessed] = await Promise.all(
      ['evidence', 'witnessed'].map((folder) => listSizes(store, `log/${logId}/${folder}`)),
    )
    return new EvidenceStore(store, logId, onFault, {
      records: records ?? [],
      witnessed: witnessed ?? [],
      remembered: MAX_REMEMBERED,
    })
  }

  /** Sizes of the quoted checkpoints that are kept, ascending. */
  get sizes(): readonly number[] {
    return this.#records.all
  }

  /** Sizes of the cosigned checkpoints that are kept, ascending. */
  get witnessedSizes(): readonly number[] {
    return this.#witnessed.all
  }

  /** The newest cosigned checkpoint that is kept. */
  async newestWitnessed(): Promise<string | undefined> {
    const size = this.#witnessed.greatest
    return size === undefined ? undefined : this.witnessedAt(size)
  }

  /** The cosigned checkpoint of exactly this size. */
  async witnessedAt(size: number): Promise<string | undefined> {
    return this.#witnessed.has(size) ? (await this.#note(size))?.note : undefined
  }

  /**
   * Keeps evidence that verified; covers from now on, and evidence of its size and session is durable when resolved. Of two with one size
   * the first one stays once it is stored or its quote has a leaf: it may be witnessed already.
   * @throws CountersignError and whatever the store says; the evidence then covers only as long as it is the newest
   */
  async add(evidence: CapturedEvidence): Promise<void> {
    const { size } = evidence.checkpoint
    const { session, iat, exp } = decodeStatement(evidence.statement)
    const held = this.#held.get(size)
    if (this.#records.has(size)) {
      const known = held?.place ?? (await this.#placeOf(size))
      if (known !== undefined && known.session !== session)
        throw new CountersignError('ERR_QUOTE', `the checkpoint of ${size} leaves is quoted under another session`)
      if (known !== undefined && (held === undefined || held.stored)) return
    }
    // Whoever was told that a write failed, or was not told yet, must not make this one believe that it was done.
    if (held?.place.quoteIndex === undefined) {
      const place = { size, session, iat, exp, quoteIndex: undefined }
      this.#records.add(size)
      this.#remember(place)
      this.#held.set(size, { place, captured: evidence, stored: false })
    }
    await this.#change(() => this.#keep(size))
  }

  /** The quote of this evidence is the leaf at `index`: to be said while it is the newest. Of another with its size it says nothing. */
  quoteAppended({ checkpoint: { size }, statement }: CapturedEvidence, index: number): void {
    const held = this.#held.get(size)
    if (held === undefined || held.place.quoteIndex !== undefined) return
    if (Buffer.compare(held.captured.statement, statement) !== 0) return
    const place = { ...held.place, quoteIndex: index }
    this.#remember(place)
    this.#held.set(size, { ...held, place })
    // What is not written yet will hold the index when it is.
    if (held.stored) this.#change(() => this.#write(size)).catch((error: unknown) => this.#onFault(messageOf(error)))
  }

  /** A checkpoint with its cosignatures: witnesses every quote whose leaf is below its size. Durable when resolved. */
  witnessed(note: string, size: number): Promise<void> {
    return this.#change(async () => {
      await this.#store.write([{ name: noteName(this.#logId, size), bytes: encodeUtf8(note) }])
      this.#witnessed.add(size)
    })
  }

  /** The best evidence under a session that covers the leaf at `index`. What does not decode is reported and passed over. */
  async covering(index: number, session: string, wish: CoveringWish): Promise<CoveringEvidence | undefined> {
    const witnessed = wish.grade === 'witnessed' ? await this.#firstWitnessed(index, session) : undefined
    return witnessed ?? this.#firstQuoted(index, session, wish.nowSeconds)
  }

  /**
   * The earliest that covers the leaf at `index`, for whoever does not know its session: it is that of the leaf, because a session is quoted
   * to its end before the next one begins.
   */
  async earliest(index: number): Promise<CoveringEvidence | undefined> {
    for (let size = this.#records.above(index); size !== undefined; size = this.#records.above(size)) {
      const found = await this.at(size)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** The newest evidence under a session, whatever it covers. */
  async newest(session: string): Promise<CoveringEvidence | undefined> {
    for (const size of [...this.#records.all].reverse()) {
      const place = await this.#placeOf(size)
      if (place?.session !== session) continue
      const found = await this.#load(place)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** The evidence over the checkpoint of exactly this size. */
  async at(size: number): Promise<CoveringEvidence | undefined> {
    const place = this.#records.has(size) ? await this.#placeOf(size) : undefined
    return place === undefined ? undefined : this.#load(place)
  }

  /** Removes what no receipt needs. @see chooseRemovable */
  thin(nowSeconds: number): Promise<void> {
    return this.#change(async () => {
      const records: EvidencePlace[] = []
      for (const size of this.#records.all) {
        const place = await this.#placeOf(size)
        if (place !== undefined) records.push(place)
      }
      const removable = chooseRemovable({ records, witnessed: this.#witnessed.all }, nowSeconds)
      this.#records.remove(removable.records)
      this.#witnessed.remove(removable.witnessed)
      for (const size of removable.records) this.#forget(size)
      await this.#store.remove([
        ...removable.records.map((size) => recordName(this.#logId, size)),
        ...removable.witnessed.map((size) => noteName(this.#logId, size)),
      ])
    })
  }

  /** Resolves when everything that was asked for is done. */
  async close(): Promise<void> {
    await this.#changing
  }

  #change<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#changing.then(task)
    this.#changing = run.catch(() => {})
    return run
  }

  async #keep(size: number): Promise<void> {
    try {
      await this.#write(size)
      if (!this.#records.has(size)) throw new CountersignError('ERR_QUOTE', 'newer evidence took the place of this one')
    } catch (error) {
      // Not on the store: it serves from memory until something newer covers what it covers.
      if (size !== this.#records.greatest) this.#drop(size)
      throw error
    } finally {
      for (const [older, { stored }] of [...this.#held]) {
        if (older >= size) continue
        if (stored) this.#held.delete(older)
        else this.#drop(older)
      }
    }
  }

  async #write(size: number): Promise<void> {
    // Again when the quote's leaf was appended while the record was on its way.
    for (let written: EvidencePlace | undefined; ; ) {
      const held = this.#held.get(size)
      if (held === undefined || held.place === written) return
      written = await this.#writer.write(held.captured, () => this.#held.get(size)?.place ?? held.place)
      this.#held.set(size, { ...(this.#held.get(size) ?? held), stored: true })
    }
  }

  #drop(size: number): void {
    this.#records.remove([size])
    this.#forget(size)
  }

  #forget(size: number): void {
    this.#places.delete(size)
    this.#held.delete(size)
  }

  #remember(place: EvidencePlace): void {
    this.#places.set(place.size, place)
    if (this.#places.size <= this.#remembered) return
    const [oldest] = this.#places.keys()
    if (oldest !== undefined) this.#places.delete(oldest)
  }

  async #firstWitnessed(index: number, session: string): Promise<CoveringEvidence | undefined> {
    for await (const place of this.#after(index, session)) {
      if (place.quoteIndex === undefined) continue
      // Leaves of later quotes lie further on: where this one is not witnessed, none is.
      if (witnessOf(place, this.#witnessed.all) === undefined) return undefined
      const found = await this.#load(place)
      if (found?.witnessed !== undefined) return found
    }
    return undefined
  }

  async #firstQuoted(index: number, session: string, nowSeconds: number): Promise<CoveringEvidence | undefined> {
    for await (const place of this.#after(index, session)) {
      const inForce = place.exp > nowSeconds ? place : await this.#newestInForce(session, nowSeconds)
      const found = await this.#load(inForce ?? place)
      if (found !== undefined) return found
    }
    return undefined
  }

  async #newestInForce(session: string, nowSeconds: number): Promise<EvidencePlace | undefined> {
    const size = this.#records.greatest
    const place = size === undefined ? undefined : await this.#placeOf(size)
    return place?.session === session && place.exp > nowSeconds ? place : undefined
  }

  /** Records that cover a leaf, ascending. Those of one session follow each other: at the first of another one it ends. */
  async *#after(index: number, session: string): AsyncGenerator<EvidencePlace> {
    for (let size = this.#records.above(index); size !== undefined; size = this.#records.above(size)) {
      const place = await this.#placeOf(size)
      if (place === undefined) continue
      if (place.session !== session) return
      yield place
    }
  }

  async #placeOf(size: number): Promise<EvidencePlace | undefined> {
    const known = this.#places.get(size)
    if (known !== undefined) return known
    const read = await this.#judged(size, () => this.#stored.readRecord(size))
    if (read !== undefined) this.#remember(read.place)
    return read?.place
  }

  async #load(place: EvidencePlace): Promise<CoveringEvidence | undefined> {
    const { size } = place
    const held = this.#held.get(size)
    const captured = held?.captured ?? (await this.#judged(size, () => this.#stored.readEvidence(size)))?.captured
    if (captured === undefined) return undefined
    return { ...captured, place, witnessed: await this.#witnessFor(place) }
  }

  /** Of notes that are gone or damaged the next one does as well. */
  async #witnessFor(place: EvidencePlace): Promise<CoveringEvidence['witnessed']> {
    for (;;) {
      const size = witnessOf(place, this.#witnessed.all)
      const note = size === undefined ? undefined : await this.#note(size)
      if (size === undefined || note !== undefined) return note
      this.#witnessed.remove([size])
    }
  }

  async #note(size: number): Promise<CoveringEvidence['witnessed']> {
    try {
      return await this.#stored.readNote(size)
    } catch (error) {
      this.#report(error)
      this.#witnessed.remove([size])
      return undefined
    }
  }

  async #judged<T>(size: number, read: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      const found = await read()
      if (found !== undefined) return found
    } catch (error) {
      this.#report(error)
    }
    // Damaged, or thinned in between by whoever keeps this log in order.
    this.#drop(size)
    return undefined
  }

  /** Octets that are not as they were written are passed over; a store that does not answer is no reason to serve less. */
  #report(error: unknown): void {
    const isFault = error instanceof CountersignError && (error.code === 'ERR_MALFORMED' || error.code === 'ERR_STATE')
    if (!isFault) throw error
    this.#onFault(error.message)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the store gave no reason'
}

/** What goes into an archive beside the evidence. */
export type ArchiveParts = Omit<Archive, 'quote' | 'session' | 'statement'>

/** One file with everything inlined. @throws CountersignError ERR_USAGE when it would be larger than a reader takes */
export function exportArchive({ session, statement, quote }: CapturedEvidence, parts: ArchiveParts = {}): Uint8Array {
  return encodeArchive({ session, statement, quote, ...parts })
}
