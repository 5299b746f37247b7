/** Whether a client notices a log that does not go on from where it saw it last, and takes an honest one for honest. */
import { describe, expect, it } from 'vitest'
import { NotVerifiedError } from '../../src/client/index.ts'
import { decodeForkProof, verifyForkProof } from '../../src/core/log/index.ts'
import { CountersignError } from '../../src/errors.ts'
import { createMemoryRecords, createMemoryStore, createReceiptStore } from '../../src/receipt-store/index.ts'
import { ISSUED_AT } from '../kit/issue-answer.ts'
import { createScriptedLog } from './scripted-log.ts'

const at = (second: number): Date => new Date((ISSUED_AT + second) * 1000)
const log = createScriptedLog()
const fork = createScriptedLog('otherwise')

async function refusalOf(asked: Promise<void>): Promise<readonly unknown[]> {
  try {
    await asked
    return ['followed']
  } catch (error) {
    return error instanceof NotVerifiedError ? [error.failure, error.failed?.name] : [error]
  }
}

describe('a log', () => {
  it.each([
    [1, 2],
    [7, 8],
    [100, 600],
    [255, 257],
    [256, 512],
    [600, 600],
  ])('is followed from %i to %i leaves by its public tiles', async (from, to) => {
    const store = createMemoryStore()
    await store.follow(log.show(from))
    await store.follow(log.show(to))
    expect(await store.checkpoint(log.origin)).toBe(log.note(to))
    expect(log.asked.every((path) => path.startsWith('tile/'))).toBe(true)
  })

  it('[L8] is refused when it shows fewer leaves to a question that came later', async () => {
    const store = createMemoryStore()
    await store.follow(log.show(9, { seenAt: at(1) }))
    expect(await refusalOf(store.follow(log.show(8, { askedAt: at(2) })))).toEqual(['LOG_ROLLBACK', 'history'])
    expect(await store.checkpoint(log.origin)).toBe(log.note(9))
    expect(await store.forks()).toHaveLength(1)
  })

  it('may show fewer leaves to a question that came before, as long as they lead to those that were seen', async () => {
    const store = createMemoryStore()
    await store.follow(log.show(9, { seenAt: at(2) }))
    await store.follow(log.show(8, { askedAt: at(1) }))
    await store.follow(log.show(5, { askedAt: 'unknown' }))
    expect(await store.checkpoint(log.origin)).toBe(log.note(9))
    for (const askedAt of [at(1), 'unknown'] as const)
      expect(await refusalOf(store.follow(fork.show(8, { askedAt })))).toEqual(['LOG_CONSISTENCY', 'history'])
  })

  it('[L7] is refused when it shows two trees of one size, with a proof that convinces others', async () => {
    const store = createMemoryStore()
    await store.follow(log.show(5))
    const error = await store.follow(fork.show(5)).catch((reason: unknown) => reason)
    if (!(error instanceof NotVerifiedError) || error.evidence === undefined) throw new Error('no evidence')
    expect(error.failure).toBe('LOG_SPLIT_VIEW')
    expect(decodeForkProof(error.evidence)).toEqual({ first: log.note(5), second: fork.note(5) })
    expect((await verifyForkProof(error.evidence, log.origin)).ok).toBe(true)
  })

  it('[L2] is refused when its tiles do not lead from one tree to the other', async () => {
    const store = createMemoryStore()
    await store.follow(log.show(5))
    expect(await refusalOf(store.follow(fork.show(9)))).toEqual(['LOG_CONSISTENCY', 'history'])
    expect(await refusalOf(store.follow(log.show(9, { read: fork.read })))).toEqual(['LOG_CONSISTENCY', 'history'])
    expect(await store.checkpoint(log.origin)).toBe(log.note(5))
  })

  it('is kept at so many contradictions and no more, however many its host makes up', async () => {
    const store = createMemoryStore()
    await store.follow(log.show(5))
    for (let i = 0; i < 101; i++) {
      const asked = store.follow(createScriptedLog(`branch ${i}`, 5).show(5))
      expect(await refusalOf(asked)).toEqual(['LOG_SPLIT_VIEW', 'history'])
    }
    expect(await store.forks()).toHaveLength(100)
  })

  it.each<[string, (path: string) => Promise<Uint8Array | undefined>]>([
    ['not there', async () => undefined],
    ['cut', async (path) => (await log.read(path))?.subarray(1)],
  ])('[L2] is refused when its tiles are %s', async (_, read) => {
    const store = createMemoryStore()
    await store.follow(log.show(5))
    expect(await refusalOf(store.follow(log.show(9, { read })))).toEqual(['LOG_CONSISTENCY', 'history'])
  })

  it('gives the full tile where a partial one has gone', async () => {
    const long = createScriptedLog('honest', 600)
    const read = async (path: string): Promise<Uint8Array | undefined> =>
      path.includes('.p/') && path.startsWith('tile/0/000') ? undefined : long.read(path)
    const store = createMemoryStore()
    await store.follow(long.show(5))
    await store.follow(long.show(9, { read }))
    expect(await store.checkpoint(long.origin)).toBe(long.note(9))
    expect(long.asked).toContain('tile/0/000')
  })

  it('is neither refused nor remembered when the network breaks', async () => {
    const broken = new CountersignError('ERR_NETWORK', 'broken off')
    const store = createMemoryStore()
    await store.follow(log.show(5))
    const asked = store.follow(log.show(9, { read: () => Promise.reject(broken) }))
    await expect(asked).rejects.toBe(broken)
    expect(await store.checkpoint(log.origin)).toBe(log.note(5))
  })
})

describe('storage that fails', () => {
  it('is said, and hides no contradiction within what can still be read', async () => {
    const warnings: string[] = []
    const records = createMemoryRecords()
    await createReceiptStore(records).follow(log.show(5))
    const store = createReceiptStore({ ...records, write: () => Promise.reject(new Error('disk full')) })
    const warn = (message: string): number => warnings.push(message)
    await store.follow(log.show(9, { warn }))
    expect(warnings).toEqual([expect.stringContaining('disk full')])
    expect(await refusalOf(store.follow(fork.show(5, { warn })))).toEqual(['LOG_SPLIT_VIEW', 'history'])
  })

  it('lets a log be seen for the first time, aloud, where nothing can be read', async () => {
    const warnings: string[] = []
    const records = { ...createMemoryRecords(), read: () => Promise.reject(new Error('no disk')) }
    await createReceiptStore(records).follow(log.show(5, { warn: (message) => warnings.push(message) }))
    expect(warnings).toEqual([expect.stringContaining('no disk')])
  })
})

describe('a log whose host keeps its tiles back', () => {
  it('holds up neither answers nor other logs', async () => {
    const store = createMemoryStore()
    await store.follow(log.show(5))
    const slow = store.follow(log.show(9, { read: () => new Promise(() => undefined) }))
    const neverEnds = Promise.race([slow, Promise.resolve('still waiting')])
    expect(await store.list()).toEqual([])
    await store.follow({ ...log.show(5), origin: 'other.example.com/x' })
    expect(await neverEnds).toBe('still waiting')
  })
})
