/** Attested answers of a running gateway over OHTTP: what is hidden, what verifies, what a relay may do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAttestedFetch, receiptOf } from '../../src/client/index.ts'
import { createOhttpChannel, type OhttpKem } from '../../src/client-ohttp/index.ts'
import type { Policy } from '../../src/core/policy.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.close())

interface Sent {
  readonly path: string
  readonly method: string
  readonly headers: Headers
}

/** An attested fetch over OHTTP, and what leaves it. */
function attested(kem: OhttpKem, change: (answer: Response, path: string) => Response = (answer) => answer) {
  const sent: Sent[] = []
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    sent.push({ path: pathname, method: init.method ?? 'GET', headers: new Headers(init.headers) })
    return change(await globalThis.fetch(input, init), pathname)
  }
  const { policy: base, lock } = gateway.trust
  const policy: Policy = { ...base, live: { ...base.live, channel: ['ohttp'] } }
  return {
    sent,
    fetch: createAttestedFetch({
      policy,
      ...(lock && { lock }),
      deps: { fetch },
      channel: createOhttpChannel({ kem }),
    }),
  }
}

const ask = (fetch: typeof globalThis.fetch, stream: boolean): Promise<Response> =>
  fetch(`${gateway.base}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-mine' },
    body: JSON.stringify({
      model: 'countersign-demo-2m',
      messages: [{ role: 'user', content: 'Tell me about rain.' }],
      max_tokens: 12,
      stream,
    }),
  })

const channelOf = async (response: Response): Promise<unknown> => {
  const { checks } = await receiptOf(response)
  return checks.find(({ name }) => name === 'channel')
}

describe('attested fetch over OHTTP', () => {
  it.each([
    ['hybrid', false],
    ['hybrid', true],
    ['x25519', true],
  ] as const)('verifies an answer by %s, streamed: %s, and its channel', async (kem, stream) => {
    const { fetch, sent } = attested(kem)
    const response = await ask(fetch, stream)
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toContain(stream ? 'data: [DONE]' : '"choices"')
    expect(await channelOf(response)).toMatchObject({ status: 'pass', detail: expect.stringContaining('ohttp') })
    // Before the session is known, a challenge without credentials; then nothing but ciphertext to one address.
    const outside = sent.map(({ method, path }) => `${method} ${path}`)
    expect(new Set(outside)).toEqual(new Set(['GET /v1/attestation', 'POST /.well-known/ohttp-gateway']))
    for (const { headers } of sent) expect(headers.has('authorization')).toBe(false)
  })

  it('lists models the same way', async () => {
    const { fetch, sent } = attested('any')
    expect(await (await fetch(`${gateway.base}/models`)).json()).toMatchObject({ object: 'list' })
    expect(sent.at(-1)?.path).toBe('/.well-known/ohttp-gateway')
  })

  it('[C7] fails where a relay cuts the stream off', async () => {
    const { fetch } = attested('any', (answer, path) => {
      if (!path.startsWith('/.well-known') || answer.body === null) return answer
      let left = 600
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform(octets, controller) {
          if (left > 0) controller.enqueue(octets.slice(0, left))
          left -= octets.length
          if (left <= 0) controller.terminate()
        },
      })
      return new Response(answer.body.pipeThrough(cut), answer)
    })
    const response = await ask(fetch, true)
    const receipt = receiptOf(response).catch((error: unknown) => error)
    await expect(response.text()).rejects.toMatchObject({ failure: 'E2EE_TRUNCATED', failed: { name: 'channel' } })
    expect(await receipt).toMatchObject({ failure: 'E2EE_TRUNCATED' })
  })
})
