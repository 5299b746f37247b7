/** A log of any size: bounded memory, index over merges, recovery, retention. @module */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createEntry, hashLeaf, MerkleTree } from '../../../src/core/log/index.ts'
import { openStoredLog, type ReceiptLog, recoverLog, removeSealedBefore } from '../../../src/server/log/index.ts'
import { listRuns } from '../../../src/server/log/jti-index/jti-index.ts'
import { listSegments } from '../../../src/server/log/wal-scan.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { createMemoryStore, memoryPath } from '../../kit/memory-store.ts'
import { answer, CLOCK, GENESIS, idOf, NOTHING, openLog, receiptOf } from './log-traffic.ts'

/** As the gateway makes them: uniform. */
function uniformOf(n: number): ReturnType<typeof receiptOf> {
  return { ...receiptOf(n), jti: new Uint8Array(createHash('sha256').update(`${n}`).digest().subarray(0, 16)) }
}

async function fillWith(log: ReceiptLog, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 50) {
    const group = Array.from({ length: Math.min(50, to - n) }, (_, i) => n + i)
    await Promise.all(group.map((i) => log.recordIntent(idOf(i))))
    await Promise.all(group.map((i) => log.appendReceipt(uniformOf(i)).durable))
  }
}

describe('the index', () => {
  test('finds every receipt, in memory, in runs and over merges, and no other', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files, { options: { memtableSize: 64, maxRunSize: 1_100 } })
    await fillWith(log, 0, 3_000)
    const expectAll = async (find: (jti: Uint8Array) => Promise<unknown>): Promise<void> => {
      for (let n = 0; n < 3_000; n += 7)
        expect(await find(uniformOf(n).jti)).toEqual({ sealed: uniformOf(n).sealed, index: n + 1, seq: n })
      for (let n = 3_000; n < 3_100; n++) expect(await find(uniformOf(n).jti)).toBeUndefined()
    }
    await expectAll((jti) => log.readSealed(jti))
    await log.checkpoint()
    await log.close()
    const runs = await listRuns(createMemoryStore(files), log.id)
    expect(runs.length).toBeLessThan(14)
    expect(Math.max(...runs.map(({ count }) => count))).toBeGreaterThan(1_000)
    expect(Math.max(...runs.map(({ count }) => count))).toBeLessThanOrEqual(1_100)
    const stored = await openStoredLog(createMemoryStore(files), log.id)
    await expectAll(async (jti) => stored?.readSealed(jti))
  })
})

describe('proofs from stored tiles', () => {
  test('equal those of a tree in memory, at every kind of size', async () => {
    const log = await openLog(new MemoryFiles())
    const tree = new MerkleTree()
    tree.append(hashLeaf(createEntry('genesis', GENESIS)))
    for (const upTo of [1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 1_025]) {
      const entries = Array.from({ length: upTo - tree.size }, (_, i) => createEntry('nonce', idOf(tree.size + i)))
      if (entries.length > 0) await log.appendEntries(entries).durable
      for (const entry of entries) tree.append(hashLeaf(entry))
      await log.checkpoint()
      expect(await log.rootAt(upTo)).toEqual(tree.root())
      for (const size of [1, 2, 7, 200, 256, 400, 512, upTo].filter((n) => n <= upTo)) {
        expect(await log.rootAt(size)).toEqual(tree.root(size))
        expect(await log.consistencyProof(size, upTo)).toEqual(tree.consistencyProof(size, upTo))
        for (const index of [0, size - 1, Math.floor(size / 2)])
          expect(await log.inclusionProof(index, size)).toEqual(tree.inclusionProof(index, size))
      }
    }
  })
})

describe('memory', () => {
  test('holds no leaves that are stored: full tiles go without a checkpoint', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files, { options: { maxUnpublished: 1_000 } })
    for (let n = 0; n < 3_000; n += 500) {
      await log.appendEntries(Array.from({ length: 500 }, (_, i) => createEntry('nonce', idOf(n + i)))).durable
    }
    await log.writeEpoch(0, GENESIS)
    const tiles = files.paths().filter((path) => path.includes('/tile/entries/'))
    expect(tiles.length).toBeGreaterThanOrEqual(5)
    expect(tiles.filter((path) => path.includes('.p/'))).toEqual([])
    await log.checkpoint()
    expect(await log.rootAt(3_001)).toHaveLength(32)
  })
})

describe('recovery', () => {
  test('carries what lies beyond the newest quote, counts exactly, and finishes the index', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files, { options: { segmentSize: 20_000, memtableSize: 64 } })
    await fillWith(log, 0, 500)
    const quoted = await log.checkpoint()
    const quote = createEntry('quote', idOf(7))
    await log.appendEntry(quote).durable
    await fillWith(log, 500, 530)
    await log.recordIntent(idOf(900))
    // The process is gone; nothing is closed.
    const store = createMemoryStore(files.afterCrash(() => false))
    const found = await recoverLog(store, log.id, quoted)
    expect(found).toMatchObject({
      origin: log.origin,
      size: 532,
      counts: { intents: 531, receipts: 530, open: 1 },
      quotes: [quote],
      tail: { kind: 'clean' },
    })
    expect(found.receipts).toEqual(
      Array.from({ length: 30 }, (_, i) => ({
        digest: uniformOf(500 + i).entry.slice(1),
        index: 502 + i,
        seq: 500 + i,
      })),
    )
    const stored = await openStoredLog(store, log.id)
    for (const n of [0, 250, 499, 500, 529])
      expect(await stored?.readSealed(uniformOf(n).jti)).toMatchObject({ sealed: uniformOf(n).sealed, seq: n })
    expect((await recoverLog(store, log.id, NOTHING)).receipts).toHaveLength(530)
    expect((await recoverLog(store, log.id, found)).receipts).toEqual([])
  })
})

describe('the end of retention', () => {
  test('removes whole segments that are old and quoted, and no other', async () => {
    const files = new MemoryFiles()
    let seconds = 1_000
    const clock = { ...CLOCK, seconds: () => seconds }
    const log = await openLog(files, { clock, options: { segmentSize: 3_000 } })
    for (let n = 0; n < 60; n++, seconds += 10) await answer(log, n)
    const { size } = await log.checkpoint()
    const store = createMemoryStore(files)
    const before = (await listSegments(store, log.id)).length
    expect(before).toBeGreaterThan(4)
    expect(await removeSealedBefore(store, log.id, { before: 1_300, isSettled: false })).toBe(0)
    files.put(memoryPath(`log/${log.id}/evidence/${size}`), GENESIS)
    const removed = await removeSealedBefore(store, log.id, { before: 1_300, isSettled: false })
    expect(removed).toBeGreaterThan(1)
    expect(await listSegments(store, log.id)).toHaveLength(before - removed)
    expect(await log.readSealed(receiptOf(0).jti)).toBeUndefined()
    expect(await log.readSealed(receiptOf(31).jti)).toMatchObject({ seq: 31 })
    await removeSealedBefore(store, log.id, { before: 1_000_000, isSettled: false })
    expect(await listSegments(store, log.id)).toHaveLength(1)
    await answer(log, 60)
    expect(await log.inclusionProof(3, size)).toHaveLength(6)
    await log.close()
    expect(await recoverLog(store, log.id, log.frontier())).toMatchObject({ size: 62, tail: { kind: 'clean' } })
  })
})
