/** Encrypted streams that take long, in a time that the test moves. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type GatewayFixture, startFixture, withOutcome } from '../gateway/gateway-fixture.ts'
import { ManualTime } from '../gateway/manual-time.ts'
import { CHAT_STREAM, gated } from '../upstream/mock-answers.ts'
import { createGate, type Gate } from '../upstream/mock-upstream.ts'
import { chatRequest, dated, exchange, GrowingReply, openOctets, request, seal } from './encrypted-client.ts'

const [FIRST = '', ...REST] = CHAT_STREAM.split(/(?<=\n\n)/)

let fixture: GatewayFixture
let time: ManualTime
let gate: Gate
beforeEach(async () => {
  time = new ManualTime()
  gate = createGate()
  fixture = await startFixture({
    answer: () =>
      gated([
        [FIRST, Promise.resolve()],
        [REST.join(''), gate.opened],
      ]),
    unready: true,
    deps: { clock: time, timers: time },
  })
  time.advance(0)
  await fixture.gateway.ready()
})
afterEach(() => passTimeUntil(fixture.close()))

/** Lets time pass, a little at each turn of the event loop, until a promise has settled. */
async function passTimeUntil(settled: Promise<unknown>): Promise<void> {
  for (let done = false; !done; ) {
    time.advance(100)
    done = await Promise.race([settled.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))])
  }
}

async function openChat(): Promise<GrowingReply> {
  const sealed = await seal(fixture, dated(chatRequest({ stream: true }), time.now()))
  const reply = new GrowingReply(await openOctets(fixture, sealed.octets), sealed)
  await reply.until(FIRST)
  return reply
}

async function readToEnd(reply: GrowingReply): Promise<void> {
  while (await reply.more());
  await reply.finish()
}

describe('a long encrypted stream', () => {
  it('is kept alive through every hop', async () => {
    const reply = await openChat()
    time.advance(9_000)
    time.advance(2_000)
    await reply.until(': keep-alive\n\n')
    expect(reply.text).toBe(`${FIRST}: keep-alive\n\n`)
    gate.open()
    await readToEnd(reply)
    expect(reply.text).toContain('\n: receipt ')
  })

  it('is waited for by a gateway that closes, to its last chunk', async () => {
    const reply = await openChat()
    const closed = fixture.gateway.close()
    gate.open()
    await readToEnd(reply)
    expect(reply.text).toContain('[DONE]')
    await passTimeUntil(closed)
  })

  it('ends with an error and its receipt, and with its last chunk, at the deadline', async () => {
    const reply = await openChat()
    const closed = fixture.gateway.close()
    expect((await fixture.gateway.readiness()).phase).toBe('draining')
    time.advance(29_000)
    time.advance(1_000)
    // No time passes meanwhile: what is left of it is for the last words, which a busy machine carries slowly.
    await readToEnd(reply)
    await passTimeUntil(closed)
    expect(reply.text).not.toContain('[DONE]')
    expect(reply.text).toContain('"error"')
    expect(reply.text).toContain('\n: receipt ')
    await fixture.line(withOutcome('incomplete'))
  })
})

describe('the date of a request', () => {
  it('is held against the clock of the gateway, not of the host', async () => {
    time.advance(600_000)
    const stale = await exchange(fixture, request('GET', '/livez'))
    expect(stale.status).toBe(400)
    expect(Math.abs(new Date(stale.headers.get('date') ?? '').getTime() - time.now().getTime())).toBeLessThan(1_000)
  })
})
