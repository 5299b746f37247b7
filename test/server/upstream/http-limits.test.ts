import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AnswerBody } from '../../../src/server/upstream/answer-body.ts'
import { ownMsUntil } from '../../kit/own-time.ts'
import { chatRequest, httpUpstream, readAll, readUntilFailure, reasonOf } from './http-fixture.ts'
import * as answers from './mock-answers.ts'
import { type MockUpstream, type Script, startMockUpstream, startSilentServer, untilSteady } from './mock-upstream.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

async function mock(script: Script): Promise<MockUpstream> {
  const upstream = await startMockUpstream(() => script)
  open.push(upstream)
  return upstream
}

function connect(...args: Parameters<typeof httpUpstream>): ReturnType<typeof httpUpstream> {
  const upstream = httpUpstream(...args)
  open.push(upstream)
  return upstream
}

async function silentTls(): Promise<string> {
  const server = await startSilentServer()
  open.push(server)
  return `https://127.0.0.1:${server.port}`
}

/** Far below every limit that would end the exchange anyway. */
const AT_ONCE_MS = 50

describe('abort', () => {
  it('before anything: no connection is made', async () => {
    const server = await mock(answers.hang)
    const upstream = connect(server.origin)
    expect(await reasonOf(() => upstream.send(chatRequest('{}', AbortSignal.abort())))).toBe('aborted')
    await untilSteady(() => server.connections, 20)
    expect(server.connections).toBe(0)
  })

  it('while connecting: the caller is told at once', async () => {
    const controller = new AbortController()
    const sending = reasonOf(async () => connect(await silentTls()).send(chatRequest('{}', controller.signal)))
    await setImmediate()
    controller.abort()
    expect(await ownMsUntil(sending)).toBeLessThan(AT_ONCE_MS)
    expect(await sending).toBe('aborted')
  })

  it('before the first octet: the server sees its client leave', async () => {
    const server = await mock(answers.hang)
    const controller = new AbortController()
    const sending = reasonOf(() => connect(server.origin).send(chatRequest('{}', controller.signal)))
    const { gone } = await server.request(0)
    controller.abort()
    expect(await ownMsUntil(gone)).toBeLessThan(AT_ONCE_MS)
    expect(await sending).toBe('aborted')
  })

  it('amid a body: the server sees its client leave, and the reader gets no more', async () => {
    const server = await mock(answers.hangMidStream())
    const controller = new AbortController()
    const { body } = await connect(server.origin).send(chatRequest('{}', controller.signal))
    const reader = body[Symbol.asyncIterator]()
    await reader.next()
    const next = reasonOf(() => reader.next())
    const { gone } = await server.request(0)
    controller.abort()
    expect(await ownMsUntil(gone)).toBeLessThan(AT_ONCE_MS)
    expect(await next).toBe('aborted')
  })

  it('amid a body that nobody reads just now', async () => {
    const server = await mock(answers.hangMidStream())
    const controller = new AbortController()
    const { body } = await connect(server.origin).send(chatRequest('{}', controller.signal))
    controller.abort()
    await (await server.request(0)).gone
    expect(await readUntilFailure(body)).toEqual({ octets: Buffer.alloc(0), reason: 'aborted' })
  })

  it('by a reader that leaves: the server sees it', async () => {
    const server = await mock(answers.hangMidStream())
    const { body } = await connect(server.origin).send(chatRequest())
    const { gone } = await server.request(0)
    for await (const _ of body) break
    expect(await ownMsUntil(gone)).toBeLessThan(AT_ONCE_MS)
  })

  it('after the end changes nothing', async () => {
    const server = await mock(answers.sse(answers.CHAT_STREAM))
    const controller = new AbortController()
    const upstream = connect(server.origin)
    const { body } = await upstream.send(chatRequest('{}', controller.signal))
    expect(Buffer.from(await readAll(body)).toString()).toBe(answers.CHAT_STREAM)
    controller.abort()
    await setImmediate()
    expect(Buffer.from(await readAll((await upstream.send(chatRequest())).body)).toString()).toBe(answers.CHAT_STREAM)
    expect(server.connections).toBe(1)
  })

  it('by closing the upstream: what is under way ends', async () => {
    const server = await mock(answers.hangMidStream())
    const upstream = httpUpstream(server.origin)
    const { body } = await upstream.send(chatRequest())
    const reading = readUntilFailure(body)
    await upstream.close()
    expect((await reading).reason).toBe('protocol')
    expect(await reasonOf(() => upstream.send(chatRequest()))).toBe('unreachable')
  })
})

describe('time limits', () => {
  // They pass as the test says; sockets go on by themselves.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** What a failure's reason is, and that it did not come a millisecond before its time. */
  async function reasonAfter(ms: number, failing: Promise<string>): Promise<string> {
    let early = 'none'
    void failing.then((reason) => {
      early = reason
    })
    vi.advanceTimersByTime(ms - 1)
    await setImmediate()
    expect(early).toBe('none')
    vi.advanceTimersByTime(1)
    return failing
  }

  it('connect', async () => {
    const origin = await silentTls()
    const sending = reasonOf(() => connect(origin, { timeouts: { connectMs: 40 } }).send(chatRequest()))
    expect(await reasonAfter(40, sending)).toBe('timeout')
  })

  it('first octet: silence', async () => {
    const server = await mock(answers.hang)
    const upstream = connect(server.origin, { timeouts: { firstByteMs: 40 } })
    const sending = reasonOf(() => upstream.send(chatRequest()))
    const { gone } = await server.request(0)
    expect(await reasonAfter(40, sending)).toBe('timeout')
    await gone
  })

  it('first octet: a head without content', async () => {
    const server = await mock([...answers.sseHead(), 'hang'])
    const { body } = await connect(server.origin, { timeouts: { firstByteMs: 40 } }).send(chatRequest())
    expect(
      await reasonAfter(
        40,
        readUntilFailure(body).then(({ reason }) => reason),
      ),
    ).toBe('timeout')
  })

  it('between chunks', async () => {
    const server = await mock(answers.hangMidStream())
    const { body } = await connect(server.origin, { timeouts: { idleMs: 40 } }).send(chatRequest())
    const reader = body[Symbol.asyncIterator]()
    let octets = Buffer.alloc(0)
    while (octets.length < Buffer.byteLength(answers.CUT_STREAM))
      octets = Buffer.concat([octets, (await reader.next()).value])
    expect(octets.toString()).toBe(answers.CUT_STREAM)
    const next = reasonOf(() => reader.next())
    expect(await reasonAfter(40, next)).toBe('timeout')
    await (await server.request(0)).gone
  })

  it('between chunks does not count while the reader is busy', async () => {
    const server = await mock(answers.hangMidStream())
    const { body } = await connect(server.origin, { timeouts: { idleMs: 30 } }).send(chatRequest())
    const reader = body[Symbol.asyncIterator]()
    await reader.next()
    // The reader's own time: far longer than the limit.
    vi.advanceTimersByTime(1_000)
    const next = reasonOf(() => reader.next())
    expect(await reasonAfter(30, next)).toBe('timeout')
  })

  it('in all, also while the reader is busy', async () => {
    const server = await mock(answers.hangMidStream())
    const { body } = await connect(server.origin, { timeouts: { totalMs: 60 } }).send(chatRequest())
    const { gone } = await server.request(0)
    vi.advanceTimersByTime(60)
    await gone
    expect((await readUntilFailure(body)).reason).toBe('timeout')
  })
})

describe('back-pressure', () => {
  it('reaches the server: it can write little more than was read', async () => {
    const chunk = Buffer.alloc(65_536, 'x')
    const rounds = 1_024
    const server = await mock([
      answers.head(200, { 'content-type': 'text/event-stream', 'content-length': chunk.length * rounds }),
      { flood: rounds, chunk },
    ])
    const { body } = await connect(server.origin).send(chatRequest())
    const reader = body[Symbol.asyncIterator]()
    const hash = createHash('sha256')
    let size = 0
    const take = async (): Promise<boolean> => {
      const { done, value } = await reader.next()
      if (done === true) return false
      hash.update(value)
      size += value.length
      return true
    }
    for (let i = 0; i < 5; i++) {
      await take()
      const produced = await untilSteady(() => server.produced)
      // What is on its way lies in buffers of the operating system alone.
      expect(produced - size).toBeLessThan(16 << 20)
    }
    while (await take());
    const expected = createHash('sha256')
    for (let i = 0; i < rounds; i++) expected.update(chunk)
    expect(size).toBe(chunk.length * rounds)
    expect(hash.digest('hex')).toBe(expected.digest('hex'))
  })

  it('also works for a body that ends with its connection', async () => {
    const chunk = Buffer.alloc(65_536, 'x')
    const server = await mock([answers.head(200, { connection: 'close' }), { flood: 100, chunk }, 'end'])
    const { body } = await connect(server.origin).send(chatRequest())
    const reader = body[Symbol.asyncIterator]()
    let size = (await reader.next()).value?.length ?? 0
    await untilSteady(() => server.produced)
    for (let next = await reader.next(); next.done !== true; next = await reader.next()) size += next.value.length
    expect(size).toBe(100 * chunk.length)
  })

  it('holds one queue of 16 KiB and the read on top', async () => {
    const calls: string[] = []
    const body = new AnswerBody({
      pause: () => calls.push('pause'),
      resume: () => calls.push('resume'),
      waiting: () => calls.push('waiting'),
      cancel: () => calls.push('cancel'),
    })
    body.push(new Uint8Array(16_383))
    expect(calls).toEqual([])
    body.push(new Uint8Array(1))
    body.push(new Uint8Array(100))
    expect(calls).toEqual(['pause'])
    expect((await body.next()).value).toHaveLength(16_484)
    expect(calls).toEqual(['pause', 'resume'])
    const next = body.next()
    await expect(body.next()).rejects.toThrow(TypeError)
    body.push(Uint8Array.of(1))
    expect(await next).toEqual({ done: false, value: Uint8Array.of(1) })
    await body.return()
    body.push(Uint8Array.of(2))
    expect(await body.next()).toEqual({ done: true, value: undefined })
    expect(calls).toEqual(['pause', 'resume', 'waiting', 'cancel'])
  })
})
