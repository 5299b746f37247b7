/** A store without space, a failing sync, another writer. @module */
import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { createEntry } from '../../../src/core/log/index.ts'
import { StateError } from '../../../src/errors.ts'
import { recoverLog } from '../../../src/server/log/index.ts'
import { diskError, MemoryFiles } from '../../kit/memory-files.ts'
import { createMemoryStore } from '../../kit/memory-store.ts'
import { answer, CLOCK, HandTimers, idOf, NOTHING, openLog, published, receiptOf, turns } from './log-traffic.ts'

/** A disk that takes nothing from now on. */
function fill(files: MemoryFiles): () => void {
  files.onStep = ({ operation, path }) => {
    if (operation === 'write' || operation === 'create') throw diskError('ENOSPC', path)
  }
  return () => {
    files.onStep = () => {}
  }
}

const LARGE = new Uint8Array(1_500_000)

describe('a store without space', () => {
  test('refuses new requests at once, keeps what was admitted, and goes on by itself', async () => {
    const files = new MemoryFiles()
    const timers = new HandTimers()
    const failures: unknown[] = []
    const log = await openLog(files, { timers, onFailure: (error) => failures.push(error) })
    await log.recordIntent(idOf(1))
    await log.checkpoint()
    const free = fill(files)
    let told = false
    const { durable } = log.appendReceipt({ ...receiptOf(1), sealed: LARGE })
    const waiting = durable.then(() => {
      told = true
    })
    await turns()
    expect(log.isFull).toBe(true)
    await expect(log.recordIntent(idOf(2))).rejects.toMatchObject({
      code: 'ERR_LOG_APPEND',
      cause: { message: 'the store is full' },
    })
    expect(() => log.appendEntry(createEntry('nonce', idOf(2)))).toThrow(
      expect.objectContaining({ code: 'ERR_LOG_APPEND' }),
    )
    await timers.fire()
    expect({ told, full: log.isFull }).toEqual({ told: false, full: true })
    // What is published is served meanwhile.
    expect(await log.inclusionProof(0, 1)).toEqual([])

    free()
    await timers.fire()
    await waiting
    expect(log.isFull).toBe(false)
    await answer(log, 2)
    expect(log.counts).toEqual({ intents: 2, receipts: 2, open: 0 })
    expect(failures).toEqual([])
    expect(Math.max(...timers.waits)).toBeLessThanOrEqual(250)
    await log.close()
    const store = createMemoryStore(files)
    expect(await recoverLog(store, log.id, NOTHING)).toMatchObject({ size: 3, tail: { kind: 'clean' } })
  })

  test('lets a checkpoint wait, and leaves nothing torn', async () => {
    const files = new MemoryFiles()
    const timers = new HandTimers()
    const log = await openLog(files, { timers })
    const before = (await log.checkpoint()).note
    await answer(log, 1)
    const free = fill(files)
    const checkpoint = log.checkpoint()
    await turns()
    expect(log.isFull).toBe(true)
    expect(files.read(published(log, 'checkpoint'))).toEqual(encodeUtf8(before))
    free()
    await timers.fire()
    const { note, size } = await checkpoint
    expect(size).toBe(2)
    expect(files.read(published(log, 'checkpoint'))).toEqual(encodeUtf8(note))
    expect(log.isFull).toBe(false)
  })

  test('does not hold up the end of the log for ever', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files, { timers: new HandTimers() })
    await log.recordIntent(idOf(1))
    fill(files)
    const { durable } = log.appendReceipt({ ...receiptOf(1), sealed: LARGE })
    await turns()
    const refused = expect(durable).rejects.toMatchObject({ code: 'ERR_LOG_APPEND' })
    await log.close()
    await refused
  })

  test('goes on in another segment once there is room for it', async () => {
    const files = new MemoryFiles()
    const timers = new HandTimers()
    const log = await openLog(files, { timers, options: { segmentSize: 400 } })
    const free = fill(files)
    const intent = log.recordIntent(idOf(1))
    await turns()
    expect(log.isFull).toBe(true)
    free()
    await timers.fire()
    await intent
    expect(log.counts.intents).toBe(1)
  })
})

describe('a failing sync', () => {
  test.each([1, 2, 3, 5, 8])('ends the log at the %i. one, with nothing told that is not there', async (failing) => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    let syncs = 0
    files.onStep = ({ operation, path }) => {
      if (operation === 'sync' && path.includes('/wal/') && ++syncs === failing) throw diskError('EIO', path)
    }
    let told = 0
    for (let n = 0; n < 20; n++) {
      try {
        await answer(log, n)
        told++
      } catch {
        break
      }
    }
    expect(log.failure).toMatchObject({ code: 'ERR_LOG_APPEND', cause: { code: 'EIO' } })
    await expect(log.recordIntent(idOf(99))).rejects.toBe(log.failure)
    expect(syncs).toBe(failing)
    const found = await recoverLog(createMemoryStore(files.afterCrash(() => false)), log.id, NOTHING)
    expect(found.counts.receipts).toBe(told)
  })
})

describe('another writer', () => {
  const fenced = async (): Promise<void> => {
    throw new StateError('LOG_FENCED', 'a higher token')
  }

  test('[L13] ends the log before its checkpoint is replaced', async () => {
    const files = new MemoryFiles()
    let fence = async (): Promise<void> => {}
    const log = await openLog(files, { fence: () => fence() })
    const { note } = await log.checkpoint()
    await answer(log, 1)
    fence = fenced
    await expect(log.checkpoint()).rejects.toMatchObject({ cause: { failure: 'LOG_FENCED' } })
    expect(files.read(published(log, 'checkpoint'))).toEqual(encodeUtf8(note))
    expect(log.failure).toMatchObject({ cause: { failure: 'LOG_FENCED' } })
  })

  test('ends the log within a second of writing', async () => {
    let now = 0
    const asked: number[] = []
    let fence = async (): Promise<void> => void asked.push(now)
    const clock = { ...CLOCK, monotonicMs: () => now }
    const log = await openLog(new MemoryFiles(), { clock, fence: () => fence() })
    for (now = 0; now <= 3_000; now += 100) await log.appendEntry(createEntry('quote', idOf(now))).durable
    expect(asked).toEqual([1_000, 2_000, 3_000])
    fence = fenced
    now = 4_100
    await expect(log.recordIntent(idOf(2))).rejects.toMatchObject({ cause: { failure: 'LOG_FENCED' } })
  })

  test('is noticed by the checkpoint that it left', async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    await log.checkpoint()
    await answer(log, 1)
    files.put(published(log, 'checkpoint'), encodeUtf8('another one'))
    await expect(log.checkpoint()).rejects.toMatchObject({ cause: { failure: 'LOG_FENCED' } })
  })
})
