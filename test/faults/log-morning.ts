/** A morning of one log on a disk in memory, what it promised, and whether the disk keeps it. @module */
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { createEntry, decodeCheckpoint, ENTRY_SIZE, hashLeaf, logOrigin, MerkleTree } from '../../src/core/log/index.ts'
import { splitNote } from '../../src/core/log/note.ts'
import {
  createReceiptLog,
  type LogDeps,
  openStoredLog,
  type ReceiptLog,
  recoverLog,
} from '../../src/server/log/index.ts'
import { HEAD_SIZE } from '../../src/server/log/wal-format.ts'
import { scanWal } from '../../src/server/log/wal-scan.ts'
import type { ObjectStore } from '../../src/storage/index.ts'
import { logKey } from '../core/log/log-key.ts'
import type { MemoryFiles } from '../kit/memory-files.ts'
import { createMemoryStore } from '../kit/memory-store.ts'

export const HOST = 'gw.example.com'
export const SIGNER = logKey(7)
export const LOG_ID = logOrigin(HOST, SIGNER.publicKey).split('/').at(-1) ?? ''
const GENESIS = encodeUtf8('{"session":"sha256:00"}')
/** Small, so that a morning meets every edge. */
const SMALL = { segmentSize: 8_192, reserveStep: 4_096, memtableSize: 8, maxRunSize: 64, maxUnpublished: 64 }

/** What somebody was told: it must hold whatever happens next. */
export interface Promised {
  readonly entries: { readonly index: number; readonly entry: Uint8Array }[]
  intents: number
  readonly notes: string[]
}

export function nothingPromised(): Promised {
  return { entries: [], intents: 0, notes: [] }
}

export function openLog(store: ObjectStore, deps: Partial<LogDeps> = {}): Promise<ReceiptLog> {
  return createReceiptLog({ store, host: HOST, signer: SIGNER, options: SMALL, ...deps }, GENESIS)
}

function idOf(n: number, first = 0): Uint8Array {
  const id = new Uint8Array(16)
  const view = new DataView(id.buffer)
  // Uniform from the front, as digests are.
  view.setUint32(0, Math.imul(n + 1, 0x9e3779b1) >>> 0)
  view.setUint32(12, n)
  id[8] = first
  return id
}

export function receiptOf(n: number): { entry: Uint8Array; jti: Uint8Array; sealed: Uint8Array; intent: Uint8Array } {
  return {
    entry: createEntry('receipt', encodeUtf8(`jws ${n}`)),
    jti: idOf(n, 1),
    sealed: encodeUtf8(`sealed ${n} `.repeat(1 + (n % 5))),
    intent: idOf(n),
  }
}

/** Admits and answers one request; what is resolved is promised. */
export async function request(log: ReceiptLog, n: number, promised: Promised, sealed?: Uint8Array): Promise<void> {
  await log.recordIntent(idOf(n))
  promised.intents++
  const receipt = { ...receiptOf(n), ...(sealed === undefined ? {} : { sealed }) }
  const { index, durable } = log.appendReceipt(receipt)
  await durable
  promised.entries.push({ index, entry: receipt.entry })
}

export async function publish(log: ReceiptLog, promised: Promised): Promise<void> {
  promised.notes.push((await log.checkpoint()).note)
}

/** Requests one by one and at once, quotes, an epoch, checkpoints. */
export async function morning(log: ReceiptLog, promised: Promised): Promise<void> {
  const quote = async (): Promise<void> => {
    const entry = createEntry('quote', encodeUtf8('quote'))
    const { index, durable } = log.appendEntry(entry)
    await durable
    promised.entries.push({ index, entry })
  }
  const requests = (from: number, count: number): Promise<void>[] =>
    Array.from({ length: count }, (_, i) => request(log, from + i, promised))
  await request(log, 0, promised)
  await publish(log, promised)
  await Promise.all(requests(1, 12))
  await Promise.all([quote(), publish(log, promised), ...requests(13, 6)])
  await log.writeEpoch(1, encodeUtf8('{}'))
  await publish(log, promised)
  await Promise.all(requests(19, 8))
  await publish(log, promised)
}

/** Every entry of the write-ahead log, from its octets, group by group. */
export async function readEntries(store: ObjectStore): Promise<readonly Uint8Array[]> {
  const entries: Uint8Array[] = []
  await scanWal(store, LOG_ID, {
    from: 0,
    visit: ({ bytes, entries: count }) => {
      for (let i = 0; i < count; i++)
        entries.push(bytes.slice(HEAD_SIZE + i * ENTRY_SIZE, HEAD_SIZE + (i + 1) * ENTRY_SIZE))
      return undefined
    },
  })
  return entries
}

/** What is broken of what was promised; empty when all is kept. */
export function findBroken(disk: MemoryFiles, promised: Promised): Promise<readonly string[]> {
  return findBrokenOn(createMemoryStore(disk), promised)
}

export async function findBrokenOn(store: ObjectStore, promised: Promised): Promise<readonly string[]> {
  if (promised.entries.length + promised.intents === 0) return []
  const broken: string[] = []
  const { size, counts } = await recoverLog(store, LOG_ID, { size: 0, counts: { intents: 0, receipts: 0, open: 0 } })
  const entries = (await readEntries(store)).slice(0, size)
  for (const { index, entry } of promised.entries)
    if (encodeHex(entries[index] ?? new Uint8Array(0)) !== encodeHex(entry)) broken.push(`entry ${index} is lost`)
  if (counts.intents < promised.intents) broken.push(`${promised.intents - counts.intents} intents are lost`)
  if (counts.intents !== counts.receipts + counts.open) broken.push('intents are not receipts and open ones')
  const tree = new MerkleTree()
  for (const entry of entries) tree.append(hashLeaf(entry))
  const stored = await openStoredLog(store, LOG_ID)
  const notes = [...promised.notes, ...(stored === undefined ? [] : [stored.checkpoint.note])]
  for (const note of notes) {
    const { size: leaves, root } = decodeCheckpoint(splitNote(note).text)
    if (leaves > entries.length || encodeHex(tree.root(leaves)) !== encodeHex(root))
      broken.push(`the checkpoint of ${leaves} leaves is not of this log`)
  }
  const last = promised.notes.at(-1)
  if (last !== undefined && (stored?.checkpoint.size ?? 0) < decodeCheckpoint(splitNote(last).text).size)
    broken.push('a published checkpoint is lost')
  if (stored !== undefined) {
    const { size: leaves } = stored.checkpoint
    for (let index = 0; index < leaves; index++) await stored.inclusionProof(index, leaves)
  }
  return broken
}
