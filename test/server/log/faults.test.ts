/** The log on a failing disk: nothing is acknowledged that is not there, and nothing goes on after the first failure. @module */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  assertInclusion,
  createEntry,
  decodeCheckpoint,
  hashLeaf,
  logOrigin,
  MerkleTree,
} from '../../../src/core/log/index.ts'
import { splitNote } from '../../../src/core/log/note.ts'
import { CountersignError } from '../../../src/errors.ts'
import { type ReceiptLog, recoverLog } from '../../../src/server/log/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { createMemoryStore, memoryPath } from '../../kit/memory-store.ts'
import { answer, HOST, idOf, NOTHING, openLog, receiptOf, SIGNER } from './log-traffic.ts'
import { readWal } from './wal-contents.ts'

const ID = logOrigin(HOST, SIGNER.publicKey).split('/').at(-1) ?? ''

/** What a client or the gateway was told: it must hold whatever happens next. */
interface Promises {
  readonly entries: { readonly index: number; readonly entry: Uint8Array }[]
  readonly intents: Uint8Array[]
  readonly notes: string[]
}

/** A morning of a gateway: requests one by one and at once, quotes, an epoch, checkpoints. */
async function traffic(log: ReceiptLog, told: Promises): Promise<void> {
  const intent = async (n: number): Promise<void> => {
    await log.recordIntent(idOf(n))
    told.intents.push(idOf(n))
  }
  const append = async (
    { index, durable }: { index: number; durable: Promise<void> },
    entry: Uint8Array,
  ): Promise<void> => {
    await durable
    told.entries.push({ index, entry })
  }
  const checkpoint = async (): Promise<void> => {
    told.notes.push((await log.checkpoint()).note)
  }
  const request = async (n: number): Promise<void> => {
    await intent(n)
    await append(log.appendReceipt(receiptOf(n)), receiptOf(n).entry)
  }
  await request(0)
  await checkpoint()
  await Promise.all([request(1), request(2), intent(3), request(4)])
  const quote = createEntry('quote', encodeUtf8('quote'))
  await Promise.all([append(log.appendEntry(quote), quote), checkpoint(), request(5)])
  await log.writeEpoch(1, encodeUtf8('{}'))
  await checkpoint()
}

function nothingTold(): Promises {
  return { entries: [], intents: [], notes: [] }
}

async function countSteps(): Promise<number> {
  const files = new MemoryFiles()
  await traffic(await openLog(files), nothingTold())
  return files.steps.length
}

/** Everything told is on the disk, and the published checkpoints are of the tree that the disk holds. */
async function expectKept(disk: MemoryFiles, told: Promises): Promise<void> {
  if (told.entries.length + told.intents.length === 0) return
  const store = createMemoryStore(disk)
  const found = await readWal(store, ID)
  const entries = found.groups.flatMap((group) => group.entries)
  const intents = found.groups.flatMap((group) => group.intents)
  for (const { index, entry } of told.entries) expect(entries[index]).toEqual(entry)
  for (const id of told.intents) expect(intents).toContainEqual(id)
  expect(found.counts.intents).toBe(found.counts.receipts + found.counts.open)
  expect(await recoverLog(store, ID, NOTHING)).toMatchObject({ size: found.size, counts: found.counts })
  const tree = new MerkleTree()
  for (const entry of entries) tree.append(hashLeaf(entry))
  const published = disk.read(memoryPath(`log/${ID}/checkpoint`))
  const notes = [...told.notes, ...(published ? [published] : [])]
  for (const note of notes) {
    const { size, root } = decodeCheckpoint(splitNote(note).text)
    expect(tree.root(size)).toEqual(root)
    expect(disk.read(memoryPath(`log/${ID}/tile/0/000.p/${size}`)) ?? 'no tile').toEqual(tree.hashes(0, 0, size))
  }
}

const STEPS = await countSteps()

describe('after the failure of any one step', () => {
  test.each(Array.from({ length: STEPS }, (_, i) => i + 1))('step %i', async (failing) => {
    const files = new MemoryFiles()
    const told = nothingTold()
    const failures: CountersignError[] = []
    let injected = ''
    files.onStep = ({ operation, path }, count) => {
      if (count !== failing) return
      injected = `${operation} ${path}`
      throw new Error(`injected: ${operation} ${path}`)
    }
    const onFailure = (error: CountersignError): void => {
      failures.push(error)
    }
    const opened = await openLog(files, { onFailure }).then(
      (log) => ({ log }),
      (error: unknown) => ({ error }),
    )
    if ('error' in opened) {
      expect(opened.error).toMatchObject({ code: 'ERR_LOG_APPEND', cause: expect.any(Error) })
      return
    }
    const { log } = opened
    const outcome = await traffic(log, told).then(
      () => 'passed',
      (error: unknown) => error,
    )
    if (outcome === 'passed') {
      // What is left over of a write that succeeded is in nobody's way.
      expect(injected).toMatch(/^unlink .*~pending/)
      await expectKept(
        files.afterCrash(() => false),
        told,
      )
      return
    }
    expect(outcome).toMatchObject({ code: 'ERR_LOG_APPEND' })
    expect(failures).toHaveLength(1)
    expect(log.failure).toBe(failures[0])
    const { length } = files.steps

    await expect(log.recordIntent(idOf(100))).rejects.toMatchObject({ code: 'ERR_LOG_APPEND' })
    await expect(log.checkpoint()).rejects.toMatchObject({ code: 'ERR_LOG_APPEND' })
    await expect(log.writeEpoch(2, encodeUtf8('{}'))).rejects.toMatchObject({ code: 'ERR_LOG_APPEND' })
    for (const append of [() => log.appendReceipt(receiptOf(3)), () => log.appendEntry(createEntry('nonce', idOf(1)))])
      expect(append).toThrow(expect.objectContaining({ code: 'ERR_LOG_APPEND' }))
    // The journal is not touched again: a second fsync could report success for pages that the first one lost.
    expect(files.steps.slice(length).filter(({ path }) => path.includes('/wal/'))).toEqual([])

    for (const survives of [() => false, () => true]) await expectKept(files.afterCrash(survives), told)
    // What was published is proven still, and what was durable is found.
    for (const note of told.notes) {
      const { size, root } = decodeCheckpoint(splitNote(note).text)
      expect(await log.rootAt(size)).toEqual(root)
      for (const { index, entry } of told.entries.filter((known) => known.index < size)) {
        const proof = await log.inclusionProof(index, size)
        assertInclusion({ leafHash: hashLeaf(entry), index, size, proof }, root)
      }
    }
    if (told.entries.some(({ entry }) => entry[0] === 1)) {
      expect(log.counts.receipts).toBeGreaterThan(0)
      expect(await log.readSealed(receiptOf(0).jti)).toMatchObject({ sealed: receiptOf(0).sealed, seq: 0 })
    }
  })
})

describe('after the end of the process at any one step', () => {
  test('all that was told is found, whichever unsynced octets survive', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: STEPS }), fc.infiniteStream(fc.boolean()), async (last, luck) => {
        const files = new MemoryFiles()
        const told = nothingTold()
        const ended = new Promise<void>((resolve) => {
          files.onStep = (_, count) => {
            if (count < last) return
            resolve()
            return new Promise<void>(() => {})
          }
        })
        const run = openLog(files).then((log) => traffic(log, told))
        await Promise.race([run, ended])
        const memory = structuredClone(told)
        await expectKept(
          files.afterCrash(() => luck.next().value === true),
          memory,
        )
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})

describe('one writer', () => {
  test('a second one on the same log is refused, and the first goes on', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    await expect(openLog(files)).rejects.toMatchObject({ code: 'ERR_LOG_APPEND' })
    await answer(log, 1)
    expect(log.size).toBe(2)
  })

  test('a closed log is not opened again, and refuses what comes', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    // Its intent is on its way when the log closes, its receipt comes too late.
    const late = expect(answer(log, 1)).rejects.toMatchObject({ code: 'ERR_LOG_APPEND' })
    await log.close()
    await late
    expect(log.counts.intents).toBe(1)
    expect(() => log.appendEntry(createEntry('nonce', idOf(1)))).toThrow('closed')
    await expect(openLog(files)).rejects.toMatchObject({ code: 'ERR_LOG_APPEND' })
  })

  test('a signer that fails ends the log as the disk does', async () => {
    let broken = false
    const sign = (bytes: Uint8Array): Uint8Array => {
      if (broken) throw new Error('the key is gone')
      return SIGNER.sign(bytes)
    }
    const log = await openLog(new MemoryFiles(), { signer: { publicKey: SIGNER.publicKey, sign } })
    broken = true
    await expect(log.recordIntent(idOf(1))).rejects.toMatchObject({ code: 'ERR_LOG_APPEND' })
    expect(log.failure).toBeInstanceOf(CountersignError)
  })

  test('a host that cannot stand in an origin is a fault of the configuration', async () => {
    await expect(openLog(new MemoryFiles(), { host: 'https://x' })).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})
