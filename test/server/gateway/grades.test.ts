/** Answers that are held until history holds their receipt: in a time that the test moves. */
import { afterEach, describe, expect, it } from 'vitest'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { CHAT_COMPLETION, CHAT_STREAM, json, sse } from '../upstream/mock-answers.ts'
import { createGate, type Gate, type Script } from '../upstream/mock-upstream.ts'
import {
  ask,
  decodedReceiptOf,
  type FixtureOptions,
  type GatewayFixture,
  PLAIN_MODEL,
  ridOf,
  startFixture,
  verifySigned,
  withOutcome,
} from './gateway-fixture.ts'
import { abortWhen, type OpenReply, open, type Reply, readReply } from './http-client.ts'
import { ManualTime } from './manual-time.ts'

const QUOTED = { prefer: 'receipt=quoted, wait=15' } as const
const streamed = ask(PLAIN_MODEL, { stream: true })
const plain = ask(PLAIN_MODEL)

let fixture: GatewayFixture
let time: ManualTime
/** Opens when the device answers again. */
let device: Gate

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn()
}

/** Lets time pass, a little at each turn of the event loop, until a promise has settled. */
async function passTimeUntil<T>(settled: Promise<T>): Promise<T> {
  for (let done = false; !done; ) {
    time.advance(100)
    done = await Promise.race([settled.then(() => true), turn().then(() => false)])
  }
  return settled
}

/** A gateway whose device has stalled behind its first quote. */
async function start(answer: () => Script, options: FixtureOptions = {}): Promise<void> {
  time = new ManualTime()
  let calls = 0
  device = createGate()
  fixture = await startFixture({
    answer,
    unready: true,
    deps: { clock: time, timers: time },
    quoter: (inner) => ({
      ...inner,
      async quote(reportData) {
        if (calls++ > 0) await device.opened
        return inner.quote(reportData)
      },
    }),
    ...options,
  })
  time.advance(0)
  await fixture.gateway.ready()
}

function send(body: string, headers: Readonly<Record<string, string>> = QUOTED): Promise<OpenReply> {
  return open(`${fixture.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
}

/** The receipt is signed and durable: from here on the answer is held. */
async function untilCommitted(): Promise<void> {
  await until(() => fixture.gateway.log.counts.receipts === 1)
  for (let i = 0; i < 10; i++) await turn()
  // The device is asked.
  time.advance(100)
}

/** Whether a promise has settled after a few turns of the event loop. */
async function settles(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  void promise.then(() => {
    done = true
  })
  for (let i = 0; i < 20; i++) await turn()
  return done
}

async function archiveOf(reply: Reply): Promise<ReturnType<typeof decodeArchive>> {
  return decodeArchive((await fixture.get(`/v1/receipts/${ridOf(reply)}`, { accept: 'application/cmw+json' })).octets)
}

const completion = (): Script => json(CHAT_COMPLETION)
const stream = (): Script => sse(CHAT_STREAM)

afterEach(() => {
  device.open()
  return passTimeUntil(fixture.close())
})

describe('an answer that shall be quoted', () => {
  it('leaves when it is, and its proof is there', async () => {
    await start(completion)
    const pending = send(plain)
    await untilCommitted()
    expect(await settles(pending)).toBe(false)
    device.open()
    const reply = await readReply(await pending)
    expect(reply.headers['preference-applied']).toBe('receipt=quoted')
    expect((await archiveOf(reply)).proof).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex [1-9][0-9]*\n/)
    expect((await fixture.get(`/v1/receipts/${ridOf(reply)}/proof`)).status).toBe(200)
    await verifySigned(fixture, { request: plain, reply })
  })

  it('leaves as it is when the wait is over', async () => {
    await start(completion)
    const pending = send(plain)
    await untilCommitted()
    time.advance(14_800)
    expect(await settles(pending)).toBe(false)
    time.advance(200)
    const reply = await readReply(await pending)
    expect(reply.status).toBe(200)
    expect(reply.headers['preference-applied']).toBe('receipt=signed')
    expect(decodedReceiptOf(reply).claims.outcome).toBe('complete')
    expect((await fixture.get(`/v1/receipts/${ridOf(reply)}/proof`)).status).toBe(202)
  })

  it('waits no longer than the gateway allows', async () => {
    await start(completion, { operational: { maxWaitSeconds: 2 } })
    const pending = send(plain, { prefer: 'receipt=quoted, wait=900' })
    await untilCommitted()
    time.advance(2_000)
    expect((await readReply(await pending)).headers['preference-applied']).toBe('receipt=signed')
  })

  it.each([
    ['the client does not wait', { prefer: 'receipt=quoted, wait=0' }, 'receipt=signed'],
    ['signed is enough', { prefer: 'receipt=signed, wait=9' }, 'receipt=signed'],
    ['nobody knows the grade', { prefer: 'receipt=notarised, wait=9' }, undefined],
    ['only a wait is asked for', { prefer: 'wait=9' }, undefined],
    ['nothing is preferred', {}, undefined],
  ])('is not held where %s', async (_what, headers, applied) => {
    await start(completion)
    const reply = await readReply(await send(plain, headers))
    expect(reply.status).toBe(200)
    expect(reply.headers['preference-applied']).toBe(applied)
  })

  it('is not held where it went wrong', async () => {
    await start(completion)
    const reply = await readReply(await send(ask('unknown')))
    expect(reply.status).toBe(404)
    expect(reply.headers['preference-applied']).toBe('receipt=signed')
  })

  it('keeps its receipt when the client goes away meanwhile', async () => {
    await start(completion)
    const url = `${fixture.url}/v1/chat/completions`
    await abortWhen(url, { headers: { 'content-type': 'application/json', ...QUOTED }, body: plain }, untilCommitted())
    // Nobody waits any more: time stands still, and the hold is over all the same.
    expect(await fixture.line(withOutcome('complete'))).toMatchObject({ status: 200 })
    expect(fixture.gateway.log.counts).toEqual({ intents: 1, receipts: 1, open: 0 })
  })
})

describe('a stream that shall be quoted', () => {
  it('flows at once but for its end, is kept alive meanwhile, and says its grade in a comment', async () => {
    await start(stream)
    const reply = await send(streamed)
    expect(reply.incoming.headers['preference-applied']).toBeUndefined()
    let text = ''
    reply.incoming.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    await untilCommitted()
    expect(text).toContain('"finish_reason":"stop"')
    expect(text).not.toContain('[DONE]')
    const before = text.length
    time.advance(11_000)
    await until(() => text.length > before)
    expect(text.slice(before)).toBe(': keep-alive\n\n')
    device.open()
    await new Promise((resolve) => reply.incoming.on('end', resolve))
    const blocks = text.split('\n\n').slice(0, -1)
    expect(blocks.at(-3)).toBe('data: [DONE]')
    expect(blocks.at(-2)).toBe(': preference-applied receipt=quoted')
    expect(blocks.at(-1)).toMatch(/^: receipt /)
    const { statusCode = 0, headers } = reply.incoming
    const whole: Reply = { status: statusCode, headers, octets: new TextEncoder().encode(text), text }
    await verifySigned(fixture, { request: streamed, reply: whole })
    expect((await archiveOf(whole)).proof).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex [1-9][0-9]*\n/)
  })

  it('ends as it is when the wait is over', async () => {
    await start(stream)
    const pending = send(streamed).then(readReply)
    await untilCommitted()
    expect(await settles(pending)).toBe(false)
    time.advance(15_000)
    const { text } = await pending
    expect(text).toContain('data: [DONE]\n\n: preference-applied receipt=signed\n\n: receipt ')
  })

  it('is final for a client that goes away while it is held', async () => {
    await start(stream)
    const reply = await send(streamed)
    reply.incoming.on('error', () => {}).resume()
    await untilCommitted()
    const line = fixture.line(withOutcome('complete'))
    reply.abort()
    expect(await line).toMatchObject({ status: 200, stream: true })
    const receipt = await fixture.get(`/v1/receipts/${reply.incoming.headers['inference-receipt-id']}`)
    expect(decodeReceipt(receipt.text).claims.outcome).toBe('complete')
  })
})

describe('shutting down', () => {
  it('lets go of what is held', async () => {
    await start(completion)
    const pending = send(plain)
    await untilCommitted()
    const closed = fixture.gateway.close()
    const reply = await readReply(await pending)
    expect(reply.headers['preference-applied']).toBe('receipt=signed')
    device.open()
    await passTimeUntil(closed)
  })
})

describe('a grade that no answer can have here', () => {
  it('is refused with 412 and a receipt before anything is forwarded, and not to be tried again', async () => {
    await start(completion)
    const reply = await readReply(await send(plain, { prefer: 'receipt=witnessed, wait=9' }))
    expect(reply.status).toBe(412)
    expect(reply.headers['x-should-retry']).toBe('false')
    expect(JSON.parse(reply.text).error.code).toBe('attestation_unavailable')
    expect(decodedReceiptOf(reply).claims.outcome).toBe('refused')
    expect(fixture.mock.received.filter(({ method }) => method === 'POST')).toHaveLength(0)
  })
})
