/** Writes the segments of a write-ahead log, space reserved ahead, so that no group is half written for want of it. @module */
import { concatBytes } from '../../core/encoding/bytes.ts'
import type { Journal, ObjectStore } from '../../storage/index.ts'
import { attemptWrite } from './attempt-write.ts'
import { segmentName } from './names.ts'
import type { SpaceWatch } from './space-watch.ts'
import { encodePreamble, type GroupPosition } from './wal-format.ts'

/** Where octets lie in a write-ahead log. */
export interface WalPlace {
  readonly segment: number
  /** Octets from the start of the segment. */
  readonly offset: number
}

export interface WalWriterDeps {
  readonly store: ObjectStore
  readonly id: string
  readonly origin: string
  readonly space: SpaceWatch
  readonly segmentSize: number
  readonly reserveStep: number
  /** Called when reserving ahead fails for another reason than space. */
  readonly onFailure: (cause: unknown) => void
}

/** What a group is written with. */
export interface GroupPlacement {
  readonly position: GroupPosition
  /** Seconds of the group before. */
  readonly secondsBefore: number
}

/** Reserved ahead in a log that has just begun. */
const FIRST_STEP: number = 64 * 1024

export class WalWriter {
  readonly #deps: WalWriterDeps
  #journal: Journal | undefined
  #segment = -1
  #end = 0
  #reservedEnd = 0
  #replenishing = false

  constructor(deps: WalWriterDeps) {
    this.#deps = deps
  }

  /** Appends a group, at the start of another segment when this one is long enough. Waits while there is no space. */
  async append(bytes: Uint8Array, placement: GroupPlacement): Promise<WalPlace> {
    const journal = this.#journal
    if (journal === undefined || this.#end + bytes.length > this.#deps.segmentSize)
      return this.#appendToNew(bytes, placement)
    await this.#require(journal, bytes.length)
    const offset = this.#end
    this.#end += bytes.length
    await this.#put(journal, bytes)
    return { segment: this.#segment, offset }
  }

  async sync(): Promise<void> {
    await this.#journal?.sync()
  }

  /** Reserves ahead where little is left; nobody waits for it. */
  replenish(): void {
    const { segmentSize, space, onFailure } = this.#deps
    const journal = this.#journal
    const step = this.#step()
    const isNeeded = this.#reservedEnd - this.#end < step / 2 && this.#end + step / 2 < segmentSize
    if (journal === undefined || this.#replenishing || !isNeeded) return
    const ahead = this.#reservedEnd - this.#end + step
    this.#replenishing = true
    const attempt = async (): Promise<boolean> =>
      journal !== this.#journal || this.#reserve(journal, Math.min(ahead, segmentSize - this.#end))
    space
      .until(attempt)
      .catch(onFailure)
      .finally(() => {
        this.#replenishing = false
      })
  }

  /** The journal of a segment that is written now. */
  current(segment: number): Journal | undefined {
    return segment === this.#segment ? this.#journal : undefined
  }

  async close(): Promise<void> {
    await this.#journal?.close()
  }

  async #appendToNew(group: Uint8Array, placement: GroupPlacement): Promise<WalPlace> {
    const segment = this.#segment + 1
    const preamble = encodePreamble({ ...placement, segment, origin: this.#deps.origin })
    const journal = await this.#create(segment)
    await this.#journal?.close()
    this.#journal = journal
    this.#segment = segment
    this.#reservedEnd = 0
    this.#end = 0
    await this.#require(journal, preamble.length + group.length)
    this.#end = preamble.length + group.length
    await this.#put(journal, concatBytes(preamble, group))
    return { segment, offset: preamble.length }
  }

  async #create(segment: number): Promise<Journal> {
    const { store, id, space } = this.#deps
    const made: Journal[] = []
    const create = async (): Promise<void> => {
      made.push(await store.createJournal(segmentName(id, segment)))
    }
    await space.until(() => attemptWrite(store, create))
    const [journal] = made
    if (journal === undefined) throw new Error('no journal was made')
    return journal
  }

  /** A disk may lack space for what was reserved, too: a file system that copies on write keeps no promise. */
  async #put(journal: Journal, bytes: Uint8Array): Promise<void> {
    const { store, space } = this.#deps
    await space.until(() => attemptWrite(store, () => journal.append(bytes)))
  }

  async #require(journal: Journal, octets: number): Promise<void> {
    if (this.#reservedEnd - this.#end >= octets) return
    const { space, segmentSize } = this.#deps
    const ahead = Math.min(this.#step(), segmentSize - this.#end)
    await space.until(
      async () => (octets < ahead && (await this.#reserve(journal, ahead))) || (await this.#reserve(journal, octets)),
    )
  }

  /** A log that stays short leaves few zeros behind: each boot begins one. */
  #step(): number {
    const { reserveStep } = this.#deps
    return this.#segment > 0 ? reserveStep : Math.min(reserveStep, Math.max(FIRST_STEP, 2 * this.#end))
  }

  async #reserve(journal: Journal, octets: number): Promise<boolean> {
    const end = this.#end + octets
    if (!(await journal.reserve(octets))) return false
    if (journal === this.#journal) this.#reservedEnd = Math.max(this.#reservedEnd, end)
    return true
  }
}
