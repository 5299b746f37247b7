/** Clients of encrypted requests that go away: the model server hears of it at once, and the receipt says so. */
import { afterEach, describe, expect, it } from 'vitest'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { ownMs, ownMsUntil } from '../../kit/own-time.ts'
import { type GatewayFixture, startFixture, withOutcome } from '../gateway/gateway-fixture.ts'
import { abortWhen } from '../gateway/http-client.ts'
import { CHAT_STREAM, gated } from '../upstream/mock-answers.ts'
import type { ReceivedRequest, Script } from '../upstream/mock-upstream.ts'
import { chatRequest, dated, openStream, RESOURCE, seal } from './encrypted-client.ts'

/** Of this process's own: 100 ms by the wall clock of a quiet machine are about 75 of them. */
const UPSTREAM_ABORT_MS = 50
const [FIRST = ''] = CHAT_STREAM.split(/(?<=\n\n)/)

let fixture: GatewayFixture
afterEach(() => fixture.close())

const start = async (answer: () => Script): Promise<void> => {
  fixture = await startFixture({ answer })
}
/** The probe of the upstream's health comes first. */
const chatReceived = (): Promise<ReceivedRequest> => fixture.mock.request(1)

describe('a client that goes away', () => {
  it.each([{}, { stream: true }])('[R-05] before the model has answered (%o)', async (more) => {
    await start(() => ['hang'])
    const { octets } = await seal(fixture, dated(chatRequest(more)))
    const seen = chatReceived()
    const abortedMs = seen.then(ownMs)
    const goneMs = seen.then(({ gone }) => gone).then(ownMs)
    const headers = { 'content-type': 'message/ohttp-chunked-req' }
    await abortWhen(`${fixture.url}${RESOURCE}`, { body: octets, headers }, seen)
    expect((await goneMs) - (await abortedMs)).toBeLessThan(UPSTREAM_ABORT_MS)
    await fixture.line(withOutcome('client_aborted'))
    expect(await fixture.line((line) => line.event === 'request' && line.route === RESOURCE)).toMatchObject({
      status: 499,
    })
    expect(fixture.gateway.log.counts).toMatchObject({ receipts: 1, open: 0 })
  })

  it('[R-05] in mid-stream', async () => {
    await start(() => [...gated([[FIRST, Promise.resolve()]]).slice(0, -1), 'hang'])
    const reply = await openStream(fixture, chatRequest({ stream: true }))
    await reply.until(FIRST)
    const rid = reply.headers.get('inference-receipt-id')
    const { gone } = await chatReceived()
    reply.abort()
    expect(await ownMsUntil(gone)).toBeLessThan(UPSTREAM_ABORT_MS)
    await fixture.line(withOutcome('client_aborted'))
    const { claims, disclosed } = decodeReceipt((await fixture.get(`/v1/receipts/${rid}`)).text)
    expect(claims.outcome).toBe('client_aborted')
    expect(disclosed.exchange).toMatchObject({ channel: 'ohttp', http: { '@status': 499 } })
  })
})
