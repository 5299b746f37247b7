/** Clients that go away: the upstream hears of it at once, and the receipt says what was offered. */
import { afterEach, describe, expect, it } from 'vitest'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { holdOctets } from '../../../src/core/receipt/verify.ts'
import { beginLineage, createFileStore } from '../../../src/storage/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { ownMs, ownMsUntil } from '../../kit/own-time.ts'
import { CHAT_STREAM, gated, RESPONSE_EVENTS, sse, sseHead } from '../upstream/mock-answers.ts'
import { createGate, type Script } from '../upstream/mock-upstream.ts'
import { ask, type GatewayFixture, HOST, PLAIN_MODEL, startFixture, withOutcome } from './gateway-fixture.ts'
import { abortWhen, type OpenReply, open, readReply } from './http-client.ts'

/** Of this process's own: 100 ms by the wall clock of a quiet machine are about 75 of them. */
const UPSTREAM_ABORT_MS = 50
const [FIRST = '', ...REST] = CHAT_STREAM.split(/(?<=\n\n)/)

let fixture: GatewayFixture
afterEach(() => fixture.close())

async function start(answer: () => Script, files?: MemoryFiles): Promise<void> {
  if (files === undefined) {
    fixture = await startFixture({ answer })
    return
  }
  const store = createFileStore('/data', files)
  await beginLineage(store, { name: 'main', host: HOST })
  fixture = await startFixture({ answer, lineage: 'there', deps: { store } })
}

function send(more: object): Promise<OpenReply> {
  return open(`${fixture.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: ask(PLAIN_MODEL, more),
  })
}

/** The chat among the requests that the mock got: the probe of its health comes first. */
const chatReceived = () => fixture.mock.request(1)

async function expectAborted(rid: unknown, octets: Uint8Array): Promise<void> {
  const { disclosed, claims } = decodeReceipt((await fixture.get(`/v1/receipts/${rid}`)).text)
  expect(claims.outcome).toBe('client_aborted')
  expect(disclosed.response).toMatchObject(holdOctets(octets))
  expect(disclosed.exchange?.['http']).toMatchObject({ '@status': 499 })
  expect(disclosed.forwarded?.size).toBeGreaterThan(0)
}

describe('a client that goes away', () => {
  it.each([{}, { stream: true }])('[R-05] before the upstream has answered (%o)', async (more) => {
    await start(() => ['hang'])
    const url = `${fixture.url}/v1/chat/completions`
    const seen = chatReceived()
    const abortedMs = seen.then(ownMs)
    const goneMs = seen.then(({ gone }) => gone).then(ownMs)
    await abortWhen(url, { body: ask(PLAIN_MODEL, more), headers: { 'content-type': 'application/json' } }, seen)
    expect((await goneMs) - (await abortedMs)).toBeLessThan(UPSTREAM_ABORT_MS)
    await fixture.line(withOutcome('client_aborted'))
    expect(fixture.gateway.log.counts).toMatchObject({ receipts: 1, open: 0 })
  })

  it('behind the head of a stream', async () => {
    await start(() => [...sseHead(), 'hang'])
    const reply = await send({ stream: true })
    const { gone } = await chatReceived()
    reply.abort()
    expect(await ownMsUntil(gone)).toBeLessThan(UPSTREAM_ABORT_MS)
    await fixture.line(withOutcome('client_aborted'))
    await expectAborted(reply.incoming.headers['inference-receipt-id'], new Uint8Array(0))
  })

  it('[R-05] in mid-stream: the digest covers what was offered', async () => {
    await start(() => [...gated([[FIRST, Promise.resolve()]]).slice(0, -1), 'hang'])
    const reply = await send({ stream: true })
    const chunk = await new Promise<Buffer>((resolve) => reply.incoming.once('data', resolve))
    const { gone } = await chatReceived()
    reply.abort()
    expect(await ownMsUntil(gone)).toBeLessThan(UPSTREAM_ABORT_MS)
    await fixture.line(withOutcome('client_aborted'))
    expect(chunk.toString()).toBe(FIRST)
    await expectAborted(reply.incoming.headers['inference-receipt-id'], new TextEncoder().encode(FIRST))
  })

  it('[R-05] in mid-stream of a response', async () => {
    const [first = '', ...events] = RESPONSE_EVENTS
    await start(() => [...gated([[first + events.join(''), Promise.resolve()]]).slice(0, -1), 'hang'])
    const reply = await open(`${fixture.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: PLAIN_MODEL, input: 'Grüß Gott', stream: true }),
    })
    const chunk = await new Promise<Buffer>((resolve) => reply.incoming.once('data', resolve))
    const { gone } = await chatReceived()
    reply.abort()
    expect(await ownMsUntil(gone)).toBeLessThan(UPSTREAM_ABORT_MS)
    await fixture.line(withOutcome('client_aborted'))
    await expectAborted(reply.incoming.headers['inference-receipt-id'], new Uint8Array(chunk))
  })

  it('between commit and the last octets: the receipt stays what it was', async () => {
    const files = new MemoryFiles()
    await start(() => sse(FIRST + REST.join('')), files)
    const synced = createGate()
    const committing = createGate()
    const reply = await send({ stream: true })
    files.onStep = async ({ operation, path }) => {
      if (operation !== 'sync' || !path.includes('/wal/')) return
      committing.open()
      await synced.opened
    }
    reply.incoming.resume()
    await committing.opened
    reply.abort()
    synced.open()
    await fixture.line(withOutcome('complete'))
    const rid = reply.incoming.headers['inference-receipt-id']
    const { claims } = decodeReceipt((await fixture.get(`/v1/receipts/${rid}`)).text)
    expect(claims.outcome).toBe('complete')
  })

  it('while it still sends its request: it was not admitted, and no upstream was asked', async () => {
    await start(() => ['hang'])
    const url = `${fixture.url}/v1/chat/completions`
    const headers = { 'content-type': 'application/json', 'content-length': '1000' }
    await abortWhen(url, { headers, body: '{' }, fixture.get('/livez'))
    await fixture.get('/livez')
    expect(fixture.gateway.log.counts).toMatchObject({ intents: 0, receipts: 0, open: 0 })
    expect(fixture.mock.received).toHaveLength(1)
  })

  it('does not disturb its neighbours', async () => {
    const gate = createGate()
    await start(() =>
      gated([
        [FIRST, Promise.resolve()],
        [REST.join(''), gate.opened],
      ]),
    )
    const replies = await Promise.all(Array.from({ length: 8 }, () => send({ stream: true })))
    for (const reply of replies.slice(0, 4)) reply.abort()
    await fixture.line(withOutcome('client_aborted'))
    gate.open()
    const texts = await Promise.all(replies.slice(4).map(async (reply) => (await readReply(reply)).text))
    for (const text of texts) expect(text.startsWith(CHAT_STREAM)).toBe(true)
  })
})
