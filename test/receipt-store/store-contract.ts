/** What every receipt store does, wherever its octets lie. */
import { expect, it } from 'vitest'
import type { KeptAnswer, ReceiptStore, ReceiptStoreOptions, Records } from '../../src/receipt-store/index.ts'
import { createReceiptStore } from '../../src/receipt-store/index.ts'
import { ISSUED_AT } from '../kit/issue-answer.ts'
import { createScriptedLog } from './scripted-log.ts'

const octets = (text: string): Uint8Array => new TextEncoder().encode(text)

/** An answer of its own; nothing of it is verified by a store. */
export function answerOf(jti: string, fields: Partial<KeptAnswer> = {}): KeptAnswer {
  return {
    jti,
    origin: 'gw.example.com/log/x',
    session: `sha256:${'a'.repeat(64)}`,
    askedAt: new Date(ISSUED_AT * 1000),
    receivedAt: new Date(ISSUED_AT * 1000 + 5),
    grade: 'signed',
    token: `${jti}~`,
    request: { mediaType: 'application/json', octets: octets(`{"ask":"${jti}"}`) },
    response: { mediaType: 'text/event-stream', octets: Uint8Array.from({ length: 256 }, (_, at) => at) },
    archive: undefined,
    ...fields,
  }
}

/** @param open a new view of the place that the test has; views of one test see the same octets */
export function describeStore(open: () => Promise<Records>): void {
  const storeOf = async (options?: ReceiptStoreOptions): Promise<ReceiptStore> =>
    createReceiptStore(await open(), options)
  const at = (second: number): Date => new Date((ISSUED_AT + second) * 1000)

  it('gives back an answer as it was given, to another program too', async () => {
    const answer = answerOf('one', { archive: octets('archive') })
    await (await storeOf()).keep(answer)
    expect(await (await storeOf()).get('one')).toEqual(answer)
  })

  it('keeps an answer whose octets were too many, and one of none', async () => {
    const store = await storeOf()
    await store.keep(answerOf('long', { response: undefined }))
    await store.keep(answerOf('empty', { response: { mediaType: '', octets: new Uint8Array(0) } }))
    expect((await store.get('long'))?.response).toBeUndefined()
    expect((await store.get('empty'))?.response?.octets).toHaveLength(0)
  })

  it('holds no octets that its caller goes on to change', async () => {
    const store = await storeOf()
    const request = { mediaType: 'text/plain', octets: octets('as sent') }
    await store.keep(answerOf('one', { request }))
    request.octets.fill(0)
    expect((await store.get('one'))?.request.octets).toEqual(octets('as sent'))
  })

  it('knows nothing of what was never kept', async () => {
    const store = await storeOf()
    expect(await store.get('one')).toBeUndefined()
    expect(await store.list()).toEqual([])
    expect(await store.delete('one')).toBe(false)
    expect(await store.checkpoint('gw.example.com/log/x')).toBeUndefined()
    expect(await store.forks()).toEqual([])
  })

  it('updates an answer that is kept on upgrade, and brings back none that was deleted', async () => {
    const store = await storeOf()
    await store.keep(answerOf('one'))
    const upgraded = { token: 'one~more~', grade: 'quoted', archive: octets('archive') } as const
    await store.upgrade('one', upgraded)
    expect(await store.get('one')).toEqual({ ...answerOf('one'), ...upgraded })
    expect(await store.delete('one')).toBe(true)
    await store.upgrade('one', upgraded)
    expect(await store.list()).toEqual([])
  })

  it('lists oldest first, and lets the oldest go where there are too many', async () => {
    const store = await storeOf({ maxEntries: 2 })
    await store.keep(answerOf('second', { receivedAt: at(2) }))
    await store.keep(answerOf('first', { receivedAt: at(1) }))
    expect(await store.list()).toEqual(['first', 'second'])
    await store.keep(answerOf('third', { receivedAt: at(3) }))
    expect(await store.list()).toEqual(['second', 'third'])
    expect(await store.get('first')).toBeUndefined()
  })

  it('does not take an upgrade for a new answer', async () => {
    const store = await storeOf({ maxEntries: 2 })
    await store.keep(answerOf('first', { receivedAt: at(1) }))
    await store.keep(answerOf('second', { receivedAt: at(2) }))
    await store.upgrade('first', { token: 'first~', grade: 'quoted', archive: octets('archive') })
    expect(await store.list()).toEqual(['first', 'second'])
  })

  it.each([
    ['cut', (given: Uint8Array) => given.subarray(0, given.length - 1)],
    ['altered', (given: Uint8Array) => given.map((octet, i) => (i === given.length - 1 ? octet ^ 1 : octet))],
    ['empty', () => new Uint8Array(0)],
    ['of another format', () => octets('{}\n')],
  ])('takes an entry that is %s for none, keeps the others, and replaces it', async (_, garble) => {
    const records = await open()
    const store = createReceiptStore(records)
    await store.keep(answerOf('one'))
    await store.keep(answerOf('two', { receivedAt: at(9) }))
    const [first] = await records.list('answer')
    const name = first?.name ?? ''
    const whole = (await records.read(name)) ?? new Uint8Array(0)
    await records.write(name, { octets: garble(whole), atMs: first?.atMs ?? 0 })
    expect(await store.get('one')).toBeUndefined()
    expect(await store.list()).toEqual(['two'])
    await store.keep(answerOf('one'))
    expect(await store.get('one')).toEqual(answerOf('one'))
  })

  it('loses no answer of several writers at once', async () => {
    const stores = [await storeOf(), await storeOf()]
    const names = Array.from({ length: 12 }, (_, i) => `answer-${i}`)
    await Promise.all(names.map((name, i) => stores[i % 2]?.keep(answerOf(name, { receivedAt: at(i) }))))
    expect(await stores[0]?.list()).toEqual(names)
  })

  it('has one of two answers of one name whole, when two write at once', async () => {
    const long = answerOf('one', { request: { mediaType: 'a', octets: new Uint8Array(100_000).fill(1) } })
    const short = answerOf('one', { request: { mediaType: 'b', octets: new Uint8Array(10).fill(2) } })
    await Promise.all([(await storeOf()).keep(long), (await storeOf()).keep(short)])
    expect([long, short]).toContainEqual(await (await storeOf()).get('one'))
  })

  it('remembers the last checkpoint of each log, for another program too', async () => {
    const log = createScriptedLog()
    await (await storeOf()).follow(log.show(3))
    await (await storeOf()).follow(log.show(9))
    expect(await (await storeOf()).checkpoint(log.origin)).toBe(log.note(9))
    expect(await (await storeOf()).checkpoint('gw.example.com/log/other')).toBeUndefined()
  })

  it('[L7] keeps both checkpoints of a split view', async () => {
    const log = createScriptedLog()
    const fork = createScriptedLog('otherwise')
    const store = await storeOf()
    await store.follow(log.show(5))
    await expect(store.follow(fork.show(5))).rejects.toMatchObject({ failure: 'LOG_SPLIT_VIEW' })
    const [kept = ''] = await (await storeOf()).forks()
    expect(kept).toContain(log.note(5))
    expect(kept).toContain(fork.note(5))
    expect(await store.checkpoint(log.origin)).toBe(log.note(5))
  })

  it('follows a log anew when what it kept of it is garbled', async () => {
    const log = createScriptedLog()
    const records = await open()
    const store = createReceiptStore(records)
    await store.follow(log.show(5))
    const [stamp] = await records.list('log')
    await records.write(stamp?.name ?? '', { octets: octets('garbled'), atMs: 0 })
    expect(await store.checkpoint(log.origin)).toBeUndefined()
    await store.follow(log.show(3))
    expect(await store.checkpoint(log.origin)).toBe(log.note(3))
  })
}
