/**
 * The log of this boot: assigns indexes, makes entries durable, publishes tiles and checkpoints, finds receipts again. It never sees a
 * receipt in clear. The frontier in memory is the authority: the store is read back for old tiles, sealed records and documents only, and
 * nothing in memory grows with the log. @module
 */
import { encodeBase64Url } from '../../core/encoding/base64.ts'
import { ENTRY_TYPES, encodeVkey, noteKey, type SignedCheckpoint } from '../../core/log/index.ts'
import { CountersignError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { attemptWrite } from './attempt-write.ts'
import { CheckpointWriter } from './checkpoint-writer.ts'
import type { FailureLatch } from './failure-latch.ts'
import type { GroupBuffer } from './group-buffer.ts'
import { GroupWriter } from './group-writer.ts'
import { GrowingLog } from './growing-log.ts'
import { idKey, misuse, requireEntry, requireId } from './intake.ts'
import { JtiIndex } from './jti-index/jti-index.ts'
import { publishedName } from './names.ts'
import { readPublished } from './published-files.ts'
import { indexTable } from './record-table.ts'
import { SealedRecords } from './sealed-records.ts'
import { NoSpaceError, SpaceWatch } from './space-watch.ts'
import { TilePublisher } from './tile-publisher.ts'
import type {
  LogClock,
  LogCounts,
  LogFrontier,
  LogOptions,
  LogSigner,
  LogTimers,
  ReceiptInput,
  ReceiptLog,
  SealedReceipt,
} from './types.ts'
import { VerifiedTiles } from './verified-tiles.ts'
import { signaturePrefix } from './wal-format.ts'
import { type WalPlace, WalWriter } from './wal-writer.ts'

/** Collaborators of {@link StoredReceiptLog}; see `createReceiptLog`. */
export interface ReceiptLogParts {
  readonly store: ObjectStore
  readonly origin: string
  readonly signer: LogSigner
  readonly latch: FailureLatch
  readonly fence: () => Promise<void>
  readonly clock: LogClock
  readonly timers: LogTimers
  readonly options: Required<LogOptions>
}

/** Made by `createReceiptLog`, which begins it. */
export class StoredReceiptLog implements ReceiptLog {
  readonly origin: string
  readonly vkey: string
  readonly id: string
  readonly #parts: ReceiptLogParts
  readonly #space: SpaceWatch
  readonly #wal: WalWriter
  readonly #writer: GroupWriter
  readonly #growing: GrowingLog
  readonly #publisher: TilePublisher
  readonly #checkpoints: CheckpointWriter
  readonly #tiles: VerifiedTiles
  readonly #index: JtiIndex
  readonly #sealed: SealedRecords
  readonly #openIntents: Set<string> = new Set()
  #assigned = 0
  #nextSeq = 0
  #taken = 0
  #publishing: Promise<unknown> = Promise.resolve()

  constructor(parts: ReceiptLogParts) {
    const { store, origin, signer, latch, fence, clock, timers, options } = parts
    this.#parts = parts
    this.origin = origin
    this.vkey = encodeVkey(noteKey(origin, signer.publicKey))
    this.id = encodeBase64Url(signer.publicKey)
    const id = this.id
    const onFailure = (cause: unknown): void => void latch.trip(cause)
    const space = new SpaceWatch(timers)
    this.#space = space
    this.#growing = new GrowingLog(latch)
    this.#publisher = new TilePublisher({ store, id, space })
    this.#checkpoints = new CheckpointWriter({ store, id, origin, signer, space, fence })
    this.#tiles = new VerifiedTiles(store, id)
    this.#index = new JtiIndex({ store, id, space, ...options, onFailure }, { seq: 0, runs: [] })
    this.#wal = new WalWriter({ store, id, origin, space, ...options, onFailure })
    this.#sealed = new SealedRecords({
      store,
      id,
      find: (jti) => this.#index.find(jti),
      journal: (segment) => this.#wal.current(segment),
    })
    this.#writer = new GroupWriter({
      wal: this.#wal,
      signer: { prefix: signaturePrefix(origin), sign: (bytes) => signer.sign(bytes) },
      latch,
      clock,
      fence,
      onSyncing: (group) => this.#growing.hash(group),
      onDurable: (group, place) => this.#advance(group, place),
    })
  }

  async begin(genesis: Uint8Array): Promise<void> {
    await this.#append([genesis]).durable
  }

  get nextReceiptSeq(): number {
    return this.#nextSeq
  }

  get size(): number {
    return this.#growing.frontier.size
  }

  get counts(): LogCounts {
    return this.#growing.frontier.counts
  }

  get failure(): CountersignError | undefined {
    return this.#parts.latch.failure
  }

  get isFull(): boolean {
    return this.#space.isFull
  }

  frontier(): LogFrontier {
    return this.#growing.frontier
  }

  async recordIntent(id: Uint8Array): Promise<void> {
    this.#parts.latch.admit()
    this.#requireSpace()
    requireId('an intent', id)
    const key = idKey(id)
    if (this.#openIntents.has(key)) throw misuse('this intent is open already')
    this.#openIntents.add(key)
    await this.#writer.add((group) => group.addIntent(id))
  }

  appendReceipt({ entry, jti, sealed, intent }: ReceiptInput): {
    readonly index: number
    readonly seq: number
    readonly durable: Promise<void>
  } {
    this.#parts.latch.admit()
    requireEntry(entry, ENTRY_TYPES.receipt, ENTRY_TYPES.receipt)
    requireId('a jti', jti)
    requireId('an intent', intent)
    // Two equal jtis are two equal random numbers: only a mistake makes them, and it shows among the newest.
    if (this.#index.hasNew(jti)) throw misuse('this receipt is in the log already')
    if (!this.#openIntents.delete(idKey(intent))) throw misuse('a receipt closes an open intent')
    const index = this.#assigned++
    const seq = this.#nextSeq++
    const durable = this.#writer.add((group) => group.addReceipt(entry, { jti, intent, sealed }))
    return { index, seq, durable }
  }

  appendEntry(entry: Uint8Array): { readonly index: number; readonly durable: Promise<void> } {
    const { firstIndex, durable } = this.appendEntries([entry])
    return { index: firstIndex, durable }
  }

  appendEntries(entries: readonly Uint8Array[]): { readonly firstIndex: number; readonly durable: Promise<void> } {
    this.#parts.latch.admit()
    if (entries.length === 0) throw misuse('there is nothing to append')
    for (const entry of entries) requireEntry(entry, ENTRY_TYPES.quote, ENTRY_TYPES.recovered)
    // Anyone may send nonces: what waits for space must not grow by them.
    if (entries.some(([type]) => type === ENTRY_TYPES.nonce)) this.#requireSpace()
    return this.#append(entries)
  }

  writeEpoch(epoch: number, record: Uint8Array): Promise<void> {
    if (!Number.isSafeInteger(epoch) || epoch < 0) return Promise.reject(misuse('an epoch is a whole number'))
    return this.#publish(() => this.#writeDocument(`epoch/${epoch}`, record))
  }

  writeSession(hex: string, octets: Uint8Array): Promise<void> {
    if (!/^[0-9a-f]{64}$/.test(hex)) return Promise.reject(misuse('a session is named by 64 hexadecimal digits'))
    return this.#publish(() => this.#writeDocument(`session/${hex}`, octets))
  }

  checkpoint(): Promise<SignedCheckpoint & LogFrontier> {
    return this.#publish(async () => {
      const frontier = this.#growing.frontier
      const { last } = this.#checkpoints
      // The counts may have grown without the tree: those go with the same note.
      if (last?.size === frontier.size) return { ...last, ...frontier }
      return this.#writeCheckpoint()
    })
  }

  inclusionProof(index: number, size: number): Promise<readonly Uint8Array[]> {
    return this.#tiles.inclusionProof(index, size)
  }

  consistencyProof(older: number, newer: number): Promise<readonly Uint8Array[]> {
    return this.#tiles.consistencyProof(older, newer)
  }

  rootAt(size: number): Promise<Uint8Array> {
    return this.#tiles.rootAt(size)
  }

  readSealed(jti: Uint8Array): Promise<SealedReceipt | undefined> {
    return this.#sealed.read(jti)
  }

  placeOf(jti: Uint8Array): Promise<Pick<SealedReceipt, 'index' | 'seq'> | undefined> {
    return this.#sealed.placeOf(jti)
  }

  erase(jti: Uint8Array): Promise<boolean> {
    return this.#sealed.erase(jti)
  }

  readFile(path: string): Promise<Uint8Array | undefined> {
    const { store } = this.#parts
    return readPublished({ store, id: this.id, tiles: this.#tiles, checkpoint: () => this.#checkpoints.bytes }, path)
  }

  async close(): Promise<void> {
    this.#parts.latch.close()
    this.#space.close()
    await this.#publishing
    await this.#writer.idle()
    await this.#index.flush()
    await this.#wal.close()
  }

  #append(entries: readonly Uint8Array[]): { readonly firstIndex: number; readonly durable: Promise<void> } {
    const firstIndex = this.#assigned
    this.#assigned += entries.length
    const durable = this.#writer.add((group) => {
      for (const entry of entries) group.addEntry(entry)
    })
    return { firstIndex, durable }
  }

  #requireSpace(): void {
    if (this.isFull)
      throw new CountersignError('ERR_LOG_APPEND', 'there is no space for the log: try again later', {
        cause: new NoSpaceError(),
      })
  }

  #advance(group: GroupBuffer, { segment, offset }: WalPlace): void {
    const { size, counts } = this.#growing.frontier
    const sealed = { segment, offset: offset + group.layout.sealed }
    indexTable(this.#index, { table: group.table, firstIndex: size, firstSeq: counts.receipts, sealed })
    this.#growing.advance(group)
    if (this.size - this.#taken > this.#parts.options.maxUnpublished) this.#publishFullTiles()
  }

  /** Nobody asked for a checkpoint in a long time: what is in memory must not grow. */
  #publishFullTiles(): void {
    this.#taken = this.size
    this.#publish(async () => {
      this.#publisher.take((await this.#growing.snapshot()).tiles)
      await this.#publisher.storeFull()
    }).catch(() => {})
  }

  async #writeCheckpoint(): Promise<SignedCheckpoint & LogFrontier> {
    const { frontier, head, tiles } = await this.#growing.snapshot()
    this.#taken = head.size
    this.#publisher.take(tiles)
    await this.#publisher.storeAll()
    const signed = await this.#checkpoints.write(head)
    this.#tiles.publish(head)
    return { ...signed, ...frontier }
  }

  async #writeDocument(path: string, bytes: Uint8Array): Promise<void> {
    const { store } = this.#parts
    const objects = [{ name: publishedName(this.id, path), bytes }]
    await this.#space.until(() => attemptWrite(store, () => store.write(objects)))
  }

  /** One publication at a time; a failed one ends the log as a failed group does. */
  async #publish<T>(task: () => Promise<T>): Promise<T> {
    const { latch } = this.#parts
    latch.admit()
    const run = this.#publishing.then(async () => {
      latch.check()
      try {
        return await task()
      } catch (cause) {
        throw latch.trip(cause)
      }
    })
    this.#publishing = run.catch(() => {})
    return run
  }
}
