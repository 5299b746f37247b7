/** The receipt log at work: order, durability, counts, publications. @module */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  createEntry,
  encodeTlogProof,
  hashLeaf,
  MerkleTree,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/core/log/index.ts'
import { assertVerified } from '../../../src/core/verdict.ts'
import { openStoredLog } from '../../../src/server/log/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { createMemoryStore } from '../../kit/memory-store.ts'
import { answer, GENESIS, idOf, openLog, published, receiptOf } from './log-traffic.ts'
import { readWal } from './wal-contents.ts'

describe('appending', () => {
  test('begins with the genesis entry, durable before the log is handed out', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    expect(log.size).toBe(1)
    expect(log.nextReceiptSeq).toBe(0)
    const found = await readWal(createMemoryStore(files.afterCrash(() => false)), log.id)
    expect(found).toMatchObject({ origin: log.origin, size: 1, tail: { kind: 'clean' } })
    expect(await log.readFile('genesis')).toEqual(GENESIS)
  })

  test('assigns index and seq at once, in call order, over all kinds of entries', async () => {
    const log = await openLog(new MemoryFiles())
    for (const n of [1, 2, 3]) void log.recordIntent(idOf(n))
    const first = log.appendReceipt(receiptOf(2))
    const quote = log.appendEntry(createEntry('quote', encodeUtf8('quote')))
    expect(log.nextReceiptSeq).toBe(1)
    const second = log.appendReceipt(receiptOf(1))
    expect([first, quote, second]).toMatchObject([{ index: 1, seq: 0 }, { index: 2 }, { index: 3, seq: 1 }])
    expect(log.size).toBe(1)
    await second.durable
    expect(log.frontier()).toEqual({ size: 4, counts: { intents: 3, receipts: 2, open: 1 } })
  })

  test('syncs once for all that waits, and never twice at a time', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    let inFlight = 0
    let most = 0
    files.onStep = async ({ operation, path }) => {
      if (operation !== 'sync' || !path.includes('/wal/')) return
      most = Math.max(most, ++inFlight)
      await new Promise((resolve) => setImmediate(resolve))
      inFlight--
    }
    const before = files.steps.length
    const all = Array.from({ length: 64 }, (_, n) => answer(log, n))
    await Promise.all(all)
    const syncs = files.steps.slice(before).filter(({ operation }) => operation === 'sync')
    expect(most).toBe(1)
    // One group of 64 intents, one of 64 receipts.
    expect(syncs).toHaveLength(2)
  })

  test('acknowledges nothing before its group is synced', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    let release = () => {}
    const blocked = new Promise<void>((reached) => {
      files.onStep = ({ operation }) => {
        if (operation !== 'sync') return
        reached()
        return new Promise<void>((resolve) => {
          release = resolve
        })
      }
    })
    let acknowledged = false
    const intent = log.recordIntent(idOf(1)).then(() => {
      acknowledged = true
    })
    await blocked
    expect(acknowledged).toBe(false)
    expect(log.counts.intents).toBe(0)
    release()
    await intent
    expect(log.counts.intents).toBe(1)
  })

  test('copies what it is given', async () => {
    const log = await openLog(new MemoryFiles())
    const { entry, jti, sealed, intent } = receiptOf(3)
    const admitted = log.recordIntent(intent)
    const { durable } = log.appendReceipt({ entry, jti, sealed, intent })
    for (const bytes of [entry, jti, sealed, intent]) bytes.fill(0xff)
    await Promise.all([admitted, durable])
    const { jti: name, sealed: record } = receiptOf(3)
    expect(await log.readSealed(name)).toEqual({ sealed: record, index: 1, seq: 0 })
  })

  test.each([
    ['a receipt without an intent', (r: ReturnType<typeof receiptOf>) => ({ ...r, intent: idOf(99) })],
    ['a jti of 15 octets', (r: ReturnType<typeof receiptOf>) => ({ ...r, jti: r.jti.subarray(1) })],
    ['an intent of 17 octets', (r: ReturnType<typeof receiptOf>) => ({ ...r, intent: new Uint8Array(17) })],
    ['an entry of another type', (r: ReturnType<typeof receiptOf>) => ({ ...r, entry: createEntry('nonce', r.jti) })],
    [
      'an entry of 34 octets',
      (r: ReturnType<typeof receiptOf>) => ({ ...r, entry: Uint8Array.of(1, ...new Uint8Array(33)) }),
    ],
    ['a jti twice', (r: ReturnType<typeof receiptOf>) => ({ ...r, jti: receiptOf(2).jti })],
  ])('refuses %s, and goes on', async (_, change) => {
    const log = await openLog(new MemoryFiles())
    await answer(log, 2)
    await log.recordIntent(idOf(1))
    expect(() => log.appendReceipt(change(receiptOf(1)))).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
    await log.appendReceipt(receiptOf(1)).durable
    expect(log.frontier()).toEqual({ size: 3, counts: { intents: 2, receipts: 2, open: 0 } })
  })

  test('refuses an open intent twice, an intent of another length, and entries that go another way', async () => {
    const log = await openLog(new MemoryFiles())
    await log.recordIntent(idOf(1))
    await expect(log.recordIntent(idOf(1))).rejects.toMatchObject({ code: 'ERR_USAGE' })
    await expect(log.recordIntent(new Uint8Array(15))).rejects.toMatchObject({ code: 'ERR_USAGE' })
    for (const entry of [
      createEntry('genesis', GENESIS),
      receiptOf(1).entry,
      Uint8Array.of(2),
      new Uint8Array(33).fill(6),
    ])
      expect(() => log.appendEntry(entry)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
    expect(log.counts).toEqual({ intents: 1, receipts: 0, open: 1 })
  })

  test('a receipt that is not durable yet is not found', async () => {
    const log = await openLog(new MemoryFiles())
    void log.recordIntent(idOf(1))
    const { durable } = log.appendReceipt(receiptOf(1))
    expect(await log.readSealed(receiptOf(1).jti)).toBeUndefined()
    await durable
    expect(await log.readSealed(receiptOf(1).jti)).toMatchObject({ index: 1, seq: 0 })
    expect(await log.readSealed(receiptOf(2).jti)).toBeUndefined()
  })
})

describe('counts', () => {
  test('obey intents = receipts + open at every instant, whatever the order', async () => {
    const action = fc.constantFrom('intent', 'receipt', 'nonce', 'checkpoint', 'turn')
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const files = new MemoryFiles()
        const log = await openLog(files)
        const kinds: string[] = ['genesis']
        const look = ({ size, counts }: ReturnType<typeof log.frontier> = log.frontier()): void => {
          expect(counts.intents).toBe(counts.receipts + counts.open)
          expect(counts.receipts).toBe(kinds.slice(0, size).filter((kind) => kind === 'receipt').length)
        }
        files.onStep = () => look()
        const waiting: Promise<unknown>[] = []
        const open: number[] = []
        for (const [n, kind] of actions.entries()) {
          if (kind === 'intent') {
            waiting.push(log.recordIntent(idOf(n)).then(() => look()))
            open.push(n)
          } else if (kind === 'receipt') {
            const next = open.shift()
            if (next === undefined) continue
            kinds.push(kind)
            waiting.push(log.appendReceipt(receiptOf(next)).durable.then(() => look()))
          } else if (kind === 'nonce') {
            kinds.push(kind)
            waiting.push(log.appendEntry(createEntry('nonce', idOf(n))).durable.then(() => look()))
          } else if (kind === 'checkpoint') {
            waiting.push(log.checkpoint().then(look))
          } else {
            await new Promise((resolve) => setImmediate(resolve))
          }
          look()
        }
        await Promise.all(waiting)
        look()
        expect(log.size).toBe(kinds.length)
      }),
      { numRuns: 60 },
    )
  })
})

describe('checkpoints', () => {
  test('verify, prove every entry, and continue each other', async () => {
    const log = await openLog(new MemoryFiles())
    const heads = [assertVerified(await verifyCheckpoint({ ...log, checkpoint: (await log.checkpoint()).note }))]
    for (let n = 0; n < 20; n++) {
      await answer(log, n)
      const { note, size } = await log.checkpoint()
      heads.push(assertVerified(await verifyCheckpoint({ ...log, checkpoint: note })))
      const proof = encodeTlogProof({ index: n + 1, hashes: await log.inclusionProof(n + 1, size), checkpoint: note })
      const verdict = await verifyInclusion({ ...log, proof, entry: receiptOf(n).entry })
      expect(verdict).toMatchObject({ ok: true, value: { index: n + 1, size: n + 2 } })
    }
    for (const older of heads)
      for (const newer of heads.slice(heads.indexOf(older)))
        expect((await verifyConsistency(older, newer, await log.consistencyProof(older.size, newer.size))).ok).toBe(
          true,
        )
  })

  test('are the same octets while the log does not grow, with the counts of the moment', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    await answer(log, 1)
    const first = await log.checkpoint()
    const steps = files.steps.length
    await log.recordIntent(idOf(2))
    const second = await log.checkpoint()
    expect(second.note).toBe(first.note)
    expect(second.counts).toEqual({ intents: 2, receipts: 1, open: 1 })
    expect(files.steps.slice(steps).map(({ operation }) => operation)).toEqual(['write', 'sync'])
  })

  test('are written after all tiles of their size are durable', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    for (let n = 0; n < 300; n++) {
      void log.recordIntent(idOf(n))
      void log.appendReceipt(receiptOf(n))
    }
    await log.appendEntry(createEntry('nonce', idOf(0))).durable
    let looked = false
    files.onStep = ({ operation, path }) => {
      if (operation !== 'link' || !path.endsWith('/checkpoint')) return
      looked = true
      const crashed = files.afterCrash(() => false)
      for (const name of [
        'tile/0/000',
        'tile/0/001.p/46',
        'tile/1/000.p/1',
        'tile/entries/000',
        'tile/entries/001.p/46',
      ])
        expect(crashed.read(published(log, name))?.length, name).toBeGreaterThan(0)
    }
    const { note } = await log.checkpoint()
    expect(looked).toBe(true)
    expect(files.afterCrash(() => false).read(published(log, 'checkpoint'))).toEqual(encodeUtf8(note))
    expect(await log.readFile('checkpoint')).toEqual(encodeUtf8(note))
  })

  test('asked for at once come in order and never go back', async () => {
    const log = await openLog(new MemoryFiles())
    const sizes = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        await answer(log, n)
        return (await log.checkpoint()).size
      }),
    )
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b))
  })

  test('are what proofs reach to, and not what is durable only', async () => {
    const log = await openLog(new MemoryFiles())
    await log.checkpoint()
    await log.appendEntry(createEntry('nonce', idOf(0))).durable
    for (const use of [() => log.rootAt(2), () => log.inclusionProof(1, 2), () => log.consistencyProof(1, 2)])
      await expect(use()).rejects.toMatchObject({ code: 'ERR_USAGE' })
    await log.checkpoint()
    expect(await log.consistencyProof(1, 2)).toHaveLength(1)
  })
})

describe('published files', () => {
  test('equal the tree, at every size, in full and in part', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    const tree = new MerkleTree()
    tree.append(hashLeaf(createEntry('genesis', GENESIS)))
    const entries = [createEntry('genesis', GENESIS)]
    for (const upTo of [1, 2, 200, 255, 256, 257, 511, 512, 700]) {
      let last: Promise<void> | undefined
      for (let n = tree.size; n < upTo; n++) {
        const entry = createEntry('nonce', idOf(n))
        entries.push(entry)
        tree.append(hashLeaf(entry))
        last = log.appendEntry(entry).durable
      }
      await last
      await log.checkpoint()
      for (let start = 0; start < upTo; start += 256) {
        const width = Math.min(256, upTo - start)
        const name = `00${start / 256}${width < 256 ? `.p/${width}` : ''}`
        expect(await log.readFile(`tile/0/${name}`)).toEqual(tree.hashes(0, start, width))
        const bundle = entries.slice(start, start + width).flatMap((entry) => [0, 33, ...entry])
        expect(await log.readFile(`tile/entries/${name}`)).toEqual(Uint8Array.from(bundle))
      }
      if (upTo >= 256) {
        const width = Math.floor(upTo / 256)
        expect(await log.readFile(`tile/1/000.p/${width}`)).toEqual(tree.hashes(8, 0, width))
      }
    }
    // A full tile is written once; its partial ones are gone, and are cut from it for who still asks.
    const written = files.steps.filter(({ operation, path }) => operation === 'rename' && path.endsWith('tile/0/000'))
    expect(written).toHaveLength(1)
    expect(files.paths().filter((path) => path.includes('tile/0/000.p'))).toEqual([])
    expect(await log.readFile('tile/0/000.p/200')).toEqual(tree.hashes(0, 0, 200))
    expect(await log.readFile('tile/entries/000.p/2')).toHaveLength(70)
    expect(files.paths().filter((path) => path.endsWith('.tmp'))).toEqual([])
  })

  test('include the record of an epoch', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    await log.writeEpoch(1, encodeUtf8('{"epoch":1}'))
    expect(await log.readFile('epoch/1')).toEqual(encodeUtf8('{"epoch":1}'))
    expect(files.afterCrash(() => false).read(published(log, 'epoch/1'))).toEqual(encodeUtf8('{"epoch":1}'))
    await expect(log.writeEpoch(-1, GENESIS)).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })

  test.each([
    '',
    '.',
    '..',
    '../genesis',
    '/etc/passwd',
    'wal/0.wal',
    'lock',
    'checkpoint/',
    'checkpoint.tmp',
    './checkpoint',
    'tile/../genesis',
    'tile/0/../../genesis',
    'tile/0/000/../000',
    'tile\\0\\000',
    'tile/0/000\0',
    'epoch/01',
    'epoch/../genesis',
    'epoch/-1',
    'Genesis',
    '%2e%2e/genesis',
  ])('%j is not one of them', async (path) => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    await log.checkpoint()
    let asked = 0
    const open = files.open.bind(files)
    files.open = (name) => {
      asked++
      return open(name)
    }
    expect(await log.readFile(path)).toBeUndefined()
    expect(asked).toBe(0)
  })

  test('of an earlier boot are read and proven from the store, and absent ones are not there', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    await answer(log, 1)
    const checkpoint = await log.checkpoint()
    await log.close()
    const stored = await openStoredLog(createMemoryStore(files), log.id)
    expect(stored).toMatchObject({ id: log.id, vkey: log.vkey, checkpoint: { size: 2, note: checkpoint.note } })
    expect(await stored?.frontier()).toEqual(log.frontier())
    expect(await stored?.readFile('checkpoint')).toEqual(encodeUtf8(checkpoint.note))
    expect(await stored?.readFile('genesis')).toEqual(GENESIS)
    expect(await stored?.readFile('tile/0/000.p/2')).toHaveLength(64)
    for (const path of ['tile/0/000', 'tile/0/000.p/3', 'tile/5/000', 'tile/5/000.p/3', 'tile/0/001', 'epoch/7'])
      expect(await stored?.readFile(path), path).toBeUndefined()
    expect(await stored?.inclusionProof(1, 2)).toEqual(await log.inclusionProof(1, 2))
    expect(await stored?.readSealed(receiptOf(1).jti)).toEqual({ sealed: receiptOf(1).sealed, index: 1, seq: 0 })
    expect(await stored?.readSealed(receiptOf(2).jti)).toBeUndefined()
  })

  test('of a log that never published, and of no log, there are none', async () => {
    const files = new MemoryFiles()
    const { id } = await openLog(files)
    const store = createMemoryStore(files)
    expect(await openStoredLog(store, id)).toBeUndefined()
    expect(await openStoredLog(store, id.replace(/^./, '_'))).toBeUndefined()
    expect(await openStoredLog(store, '../x')).toBeUndefined()
  })
})
