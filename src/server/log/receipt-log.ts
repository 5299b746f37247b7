/**
 * The `file` driver of one log: assigns indexes, makes entries durable, publishes tiles and checkpoints, finds receipts again. It never
 * sees a receipt in clear. The frontier in memory is the authority: the disk is read back for sealed records and published files only. @module
 */
import { join } from 'node:path'
import { encodeBase64Url } from '../../core/encoding/base64.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import {
  ENTRY_TYPES,
  encodeVkey,
  hashLeaf,
  MerkleTree,
  noteKey,
  type SignedCheckpoint,
  signCheckpoint,
} from '../../core/log/index.ts'
import { CountersignError } from '../../errors.ts'
import type { DurableFiles } from './durable-files.ts'
import { EntryPages } from './entry-pages.ts'
import type { FailureLatch } from './failure-latch.ts'
import type { FileSystem, LogFile } from './file-system.ts'
import type { GroupBuffer } from './group-buffer.ts'
import { GroupWriter } from './group-writer.ts'
import { misuse, requireEntry, requireId } from './intake.ts'
import { readLogFile } from './log-files.ts'
import { ReceiptPositions } from './receipt-positions.ts'
import { TileWriter } from './tile-writer.ts'
import type { LogCounts, LogFrontier, LogSigner, ReceiptInput, ReceiptLog, SealedReceipt } from './types.ts'

/** Collaborators of {@link FileReceiptLog}; see `createReceiptLog`. */
export interface FileLogDeps {
  readonly origin: string
  readonly directory: string
  readonly signer: LogSigner
  readonly files: FileSystem
  readonly durable: DurableFiles
  readonly file: LogFile
  readonly latch: FailureLatch
}

/** Made by `createReceiptLog`, which makes its directory and begins it. */
export class FileReceiptLog implements ReceiptLog {
  readonly origin: string
  readonly vkey: string
  readonly id: string
  readonly directory: string
  readonly #deps: FileLogDeps
  readonly #writer: GroupWriter
  readonly #tiles: TileWriter
  /** Both run ahead of the durable size by the group that is being written. */
  readonly #tree: MerkleTree = new MerkleTree()
  readonly #entries: EntryPages = new EntryPages()
  readonly #receipts: ReceiptPositions = new ReceiptPositions()
  readonly #openIntents: Set<string> = new Set()
  #assigned = 0
  #frontier: LogFrontier = { size: 0, counts: { intents: 0, receipts: 0, open: 0 } }
  #signed: SignedCheckpoint | undefined
  #publishing: Promise<unknown> = Promise.resolve()

  constructor(deps: FileLogDeps) {
    const { origin, directory, signer, files, durable, file, latch } = deps
    this.#deps = deps
    this.origin = origin
    this.vkey = encodeVkey(noteKey(origin, signer.publicKey))
    this.id = encodeBase64Url(signer.publicKey)
    this.directory = directory
    this.#tiles = new TileWriter({ directory, files, durable, tree: this.#tree, entries: this.#entries })
    this.#writer = new GroupWriter({
      file,
      origin,
      signer,
      latch,
      onSyncing: (group) => this.#hashLeaves(group),
      onDurable: (group, offset) => this.#advance(group, offset),
    })
  }

  async begin(genesis: Uint8Array): Promise<void> {
    await this.#writer.begin()
    await this.#append(genesis).durable
  }

  get nextReceiptSeq(): number {
    return this.#receipts.size
  }

  get size(): number {
    return this.#frontier.size
  }

  get counts(): LogCounts {
    return this.#frontier.counts
  }

  get failure(): CountersignError | undefined {
    return this.#deps.latch.failure
  }

  frontier(): LogFrontier {
    return this.#frontier
  }

  async recordIntent(id: Uint8Array): Promise<void> {
    this.#deps.latch.admit()
    const key = requireId('an intent', id)
    if (this.#openIntents.has(key)) throw misuse('this intent is open already')
    this.#openIntents.add(key)
    await this.#writer.add((group) => group.addIntent(id))
  }

  appendReceipt({ entry, jti, sealed, intent }: ReceiptInput): {
    readonly index: number
    readonly seq: number
    readonly durable: Promise<void>
  } {
    this.#deps.latch.admit()
    requireEntry(entry, ENTRY_TYPES.receipt, ENTRY_TYPES.receipt)
    const jtiKey = requireId('a jti', jti)
    const intentKey = requireId('an intent', intent)
    if (this.#receipts.has(jtiKey)) throw misuse('this receipt is in the log already')
    if (!this.#openIntents.delete(intentKey)) throw misuse('a receipt closes an open intent')
    const index = this.#assigned++
    const seq = this.#receipts.reserve(jtiKey, index)
    const durable = this.#writer.add((group) => group.addReceipt(entry, { jti, intent, sealed }))
    return { index, seq, durable }
  }

  appendEntry(entry: Uint8Array): { readonly index: number; readonly durable: Promise<void> } {
    this.#deps.latch.admit()
    requireEntry(entry, ENTRY_TYPES.quote, ENTRY_TYPES.recovered)
    return this.#append(entry)
  }

  writeEpoch(epoch: number, record: Uint8Array): Promise<void> {
    if (!Number.isSafeInteger(epoch) || epoch < 0) return Promise.reject(misuse('an epoch is a whole number'))
    return this.#publish(() => this.#replace(`epoch/${epoch}`, record))
  }

  checkpoint(): Promise<SignedCheckpoint & LogFrontier> {
    return this.#publish(async () => {
      const frontier = this.#frontier
      if (this.#signed?.size !== frontier.size) this.#signed = await this.#signCheckpoint(frontier.size)
      return { ...this.#signed, ...frontier }
    })
  }

  async inclusionProof(index: number, size: number): Promise<readonly Uint8Array[]> {
    this.#requireDurable(size)
    return this.#tree.inclusionProof(index, size)
  }

  async consistencyProof(older: number, newer: number): Promise<readonly Uint8Array[]> {
    this.#requireDurable(newer)
    return this.#tree.consistencyProof(older, newer)
  }

  async rootAt(size: number): Promise<Uint8Array> {
    this.#requireDurable(size)
    return this.#tree.root(size)
  }

  async readSealed(jti: Uint8Array): Promise<SealedReceipt | undefined> {
    const position = this.#receipts.find(jti)
    if (position === undefined) return undefined
    const { offset, length, index, seq } = position
    const sealed = await this.#deps.file.read(offset, length)
    if (sealed.length !== length) throw new CountersignError('ERR_LOG_APPEND', `the record of leaf ${index} is gone`)
    return { sealed, index, seq, entry: this.#entries.entry(index) }
  }

  readFile(path: string): Promise<Uint8Array | undefined> {
    return readLogFile(this.directory, path, this.#deps.files)
  }

  async close(): Promise<void> {
    const { latch, file, files } = this.#deps
    latch.close()
    await this.#publishing
    await this.#writer.idle()
    await file.close()
    await files.remove(join(this.directory, 'lock'))
  }

  #append(entry: Uint8Array): { readonly index: number; readonly durable: Promise<void> } {
    const index = this.#assigned++
    return { index, durable: this.#writer.add((group) => group.addEntry(entry)) }
  }

  #hashLeaves(group: GroupBuffer): void {
    for (const entry of group.entries()) {
      this.#tree.append(hashLeaf(entry))
      this.#entries.append(entry)
    }
  }

  #advance(group: GroupBuffer, start: number): void {
    for (const { offset, length } of group.sealedSpans()) this.#receipts.place(start + offset, length)
    const { size, counts } = this.#frontier
    this.#frontier = {
      size: size + group.entryCount,
      counts: {
        intents: counts.intents + group.intentCount,
        receipts: counts.receipts + group.recordCount,
        open: counts.open + group.intentCount - group.recordCount,
      },
    }
  }

  /** One publication at a time; a failed one ends the log as a failed group does. */
  async #publish<T>(task: () => Promise<T>): Promise<T> {
    this.#deps.latch.admit()
    const run = this.#publishing.then(async () => {
      this.#deps.latch.check()
      try {
        return await task()
      } catch (cause) {
        throw this.#deps.latch.trip(cause)
      }
    })
    this.#publishing = run.catch(() => {})
    return run
  }

  async #signCheckpoint(size: number): Promise<SignedCheckpoint> {
    const { origin, signer } = this.#deps
    await this.#tiles.write(size)
    const signed = signCheckpoint({ origin, size, root: this.#tree.root(size) }, signer)
    await this.#replace('checkpoint', encodeUtf8(signed.note))
    return signed
  }

  async #replace(name: string, bytes: Uint8Array): Promise<void> {
    await this.#deps.durable.replace(join(this.directory, name), bytes)
    await this.#deps.durable.settle()
  }

  #requireDurable(size: number): void {
    if (size > this.#frontier.size) throw misuse(`no tree of size ${size}: ${this.#frontier.size} leaves are durable`)
  }
}
