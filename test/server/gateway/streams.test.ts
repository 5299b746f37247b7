/** Long streams, slow clients and the end of the gateway, in a time that the test moves. */
import { afterEach, describe, expect, it } from 'vitest'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { CHAT_COMPLETION, CHAT_STREAM, gated, json, sseHead } from '../upstream/mock-answers.ts'
import { createGate, type Script, untilSteady } from '../upstream/mock-upstream.ts'
import {
  ask,
  type GatewayFixture,
  PLAIN_MODEL,
  receiptOf,
  startFixture,
  verifySigned,
  withOutcome,
} from './gateway-fixture.ts'
import { type OpenReply, open, readReply } from './http-client.ts'
import { ManualTime } from './manual-time.ts'

const [FIRST = '', ...REST] = CHAT_STREAM.split(/(?<=\n\n)/)
const request = ask(PLAIN_MODEL, { stream: true })

let fixture: GatewayFixture
let time: ManualTime

async function start(answer: () => Script): Promise<void> {
  time = new ManualTime()
  fixture = await startFixture({
    answer,
    unready: true,
    limits: { answerBytes: 1 << 27 },
    deps: { clock: time, timers: time },
  })
  time.advance(0)
  await fixture.gateway.ready()
}

function send(): Promise<OpenReply> {
  return open(`${fixture.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: request,
  })
}

const nextChunk = ({ incoming }: OpenReply): Promise<string> =>
  new Promise((resolve) => incoming.once('data', (chunk: Buffer) => resolve(chunk.toString())))

/** Lets time pass, a little at each turn of the event loop, until a promise has settled. */
async function passTimeUntil(settled: Promise<unknown>): Promise<void> {
  for (let done = false; !done; ) {
    time.advance(100)
    done = await Promise.race([settled.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))])
  }
}

describe('a long stream', () => {
  afterEach(() => passTimeUntil(fixture.close()))

  it('is kept alive between its blocks, and the comments are outside the digest', async () => {
    const gate = createGate()
    await start(() =>
      gated([
        [FIRST, Promise.resolve()],
        [REST.join(''), gate.opened],
      ]),
    )
    const reply = await send()
    expect(await nextChunk(reply)).toBe(FIRST)
    time.advance(9_000)
    time.advance(2_000)
    expect(await nextChunk(reply)).toBe(': keep-alive\n\n')
    gate.open()
    const rest = await readReply(reply)
    const octets = new TextEncoder().encode(`${FIRST}: keep-alive\n\n${rest.text}`)
    await verifySigned(fixture, { request, reply: { ...rest, octets } })
  })

  it('needs no timer of its own before its first event', async () => {
    await start(() => ['hang'])
    const armed = time.armed
    const reply = open(`${fixture.url}/v1/chat/completions`, { method: 'POST', body: request }).catch(() => undefined)
    await fixture.mock.request(1)
    expect(time.armed).toBe(armed)
    void reply
  })

  it('holds its upstream back for a client that does not read, and is cut after a minute', async () => {
    const event = `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta: { content: 'x'.repeat(60_000) } }] })}\n\n`
    const chunk = new TextEncoder().encode(`${event.length.toString(16)}\r\n${event}\r\n`)
    await start(() => [...sseHead(), { flood: 1_000, chunk }, 'hang'])
    const reply = await send()
    reply.incoming.pause()
    const produced = await untilSteady(() => fixture.mock.produced)
    expect(produced).toBeLessThan(1_000 * chunk.length)
    time.advance(30_000)
    time.advance(31_000)
    const line = await fixture.line(withOutcome('client_aborted'))
    expect(line).toMatchObject({ stream: true })
    await (await fixture.mock.request(1)).gone
    const rid = reply.incoming.headers['inference-receipt-id']
    const { claims } = decodeReceipt((await fixture.get(`/v1/receipts/${rid}`)).text)
    expect(claims.outcome).toBe('client_aborted')
    reply.abort()
  })
})

describe('shutting down', () => {
  it('finishes what is open, refuses what comes, and quotes what waits', async () => {
    const gate = createGate()
    await start(() =>
      gated([
        [FIRST, Promise.resolve()],
        [REST.join(''), gate.opened],
      ]),
    )
    const reply = await send()
    await nextChunk(reply)
    const closed = fixture.close()
    expect((await fixture.gateway.readiness()).ready).toBe(false)
    await expect(open(`${fixture.url}/livez`)).rejects.toThrow('ECONNREFUSED')
    gate.open()
    expect((await readReply(reply)).text).toContain('[DONE]')
    await closed
    const evidence = fixture.gateway.evidence()
    expect(evidence?.attestation.statement.counts).toEqual({ intents: 1, receipts: 1, open: 0 })
  })

  it('waits until a slow client has taken its answer', async () => {
    const content = 'x'.repeat(8_000_000)
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
    await start(() => json({ ...CHAT_COMPLETION, choices }))
    const reply = await open(`${fixture.url}/v1/chat/completions`, { method: 'POST', body: ask(PLAIN_MODEL) })
    reply.incoming.pause()
    await fixture.line(withOutcome('complete'))
    const closed = fixture.close()
    const whole = await readReply(reply)
    expect(JSON.parse(whole.text).choices[0].message.content).toBe(content)
    await closed
  })

  it('leaves no request without receipt, not even of a client that never reads', async () => {
    const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x'.repeat(60_000) } }] })}\n\n`
    const chunk = new TextEncoder().encode(`${event.length.toString(16)}\r\n${event}\r\n`)
    await start(() => [...sseHead(), { flood: 1_000, chunk }, 'hang'])
    const reply = await send()
    reply.incoming.on('error', () => {}).pause()
    await untilSteady(() => fixture.mock.produced)
    const { gateway } = fixture
    const closed = fixture.close()
    await passTimeUntil(closed)
    await fixture.line(withOutcome('client_aborted'))
    expect(gateway.log.counts).toEqual({ intents: 1, receipts: 1, open: 0 })
  })

  it('cuts what is still open at the deadline, with an error event and a receipt', async () => {
    await start(() => [...gated([[FIRST, Promise.resolve()]]).slice(0, -1), 'hang'])
    const reply = await send()
    await nextChunk(reply)
    const closed = fixture.close()
    expect((await fixture.gateway.readiness()).phase).toBe('draining')
    time.advance(29_000)
    time.advance(1_000)
    const rest = await readReply(reply)
    expect(rest.text).toContain('"code":"shutting_down"')
    expect(rest.text).not.toContain('[DONE]')
    expect(
      decodeReceipt(receiptOf({ ...rest, octets: new TextEncoder().encode(FIRST + rest.text) })).claims.outcome,
    ).toBe('incomplete')
    await closed
  })
})
