/** The attested fetch when gateway or host do what they should not, and when applications call it in unusual ways. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClientDeps } from '../../src/client/deps.ts'
import { GatewayAttestation } from '../../src/client/gateway-attestation.ts'
import { pollDocument, readBody } from '../../src/client/http.ts'
import { createAttestedFetch, receiptOf } from '../../src/client/index.ts'
import type { Policy } from '../../src/core/policy.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { json } from '../server/upstream/mock-answers.ts'
import { type MockUpstream, startMockUpstream } from '../server/upstream/mock-upstream.ts'

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}
const body = JSON.stringify({ model: 'mock', messages: [{ role: 'user', content: 'May I?' }] })

type Meddler = (response: Response, url: string) => Response | Promise<Response>

describe('attested fetch', () => {
  let gateway: TestGateway
  let upstream: MockUpstream

  beforeAll(async () => {
    upstream = await startMockUpstream(() => json(ANSWER))
    gateway = await startTestGateway({ upstream: upstream.origin })
  })

  afterAll(async () => {
    await gateway.close()
    await upstream.close()
  })

  function createFetch(policy: Partial<Policy> = {}, meddle: Meddler = (response) => response): typeof fetch {
    const { policy: base, lock } = gateway.trust
    return createAttestedFetch({
      policy: { ...base, ...policy },
      ...(lock === undefined ? {} : { lock }),
      deps: { fetch: async (input, init) => meddle(await fetch(input, init), String(input)) },
    })
  }

  const ask = (attested: typeof fetch): Promise<Response> =>
    attested(`${gateway.base}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })

  it('compares the octets that it holds, even if the policy asks for no disclosure and the host withholds it', async () => {
    const meddle: Meddler = async (response, url) => {
      if (!url.endsWith('/chat/completions')) return response
      const headers = new Headers(response.headers)
      const [jws = '', request = ''] = (headers.get('inference-receipt') ?? '').split('~')
      headers.set('inference-receipt', `${jws}~${request}~`)
      return new Response((await response.text()).replace('yes', 'no'), { status: response.status, headers })
    }
    const attested = createFetch({ disclosures: ['request'], transforms: 'unchecked' }, meddle)
    await expect(ask(attested)).rejects.toMatchObject({ failure: 'CLAIM_MISSING' })
  })

  it('passes an answer on at the grade that policy asks for, or not at all', async () => {
    expect((await receiptOf(await ask(createFetch({ grade: 'quoted' })))).grade).toBe('quoted')
    await expect(ask(createFetch({ grade: 'witnessed' }))).rejects.toMatchObject({ failure: 'GRADE_TOO_LOW' })
  })

  it('asks the gateway to hold an answer for the grade and time given, beside what the application prefers', async () => {
    const { policy, lock } = gateway.trust
    const sent: (string | null)[] = []
    const asking = (options: { grade?: 'quoted'; wait?: number }): typeof fetch =>
      createAttestedFetch({
        policy,
        ...(lock === undefined ? {} : { lock }),
        ...options,
        deps: {
          fetch: (input, init) => {
            if (init?.method === 'POST') sent.push(new Headers(init.headers).get('prefer'))
            return fetch(input, init)
          },
        },
      })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
    await asking({ grade: 'quoted', wait: 2 })(`${gateway.base}/chat/completions`, init)
    await asking({ wait: 1 })(`${gateway.base}/chat/completions`, {
      ...init,
      headers: { ...init.headers, prefer: 'respond-async' },
    })
    await ask(createFetch())
    expect(sent).toEqual(['receipt=quoted, wait=2', 'respond-async, wait=1'])
    expect(() => asking({ wait: -1 })).toThrow('wait')
  })

  it('never names a grade that it did not verify', async () => {
    const receipt = await receiptOf(await ask(createFetch()))
    const asked = Reflect.apply(receipt.upgrade, receipt, ['witnessed'])
    await expect(asked).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })

  it('takes a Request without a body, and follows no redirect of a listing', async () => {
    const listing = await createFetch()(new Request(`${gateway.base}/models`))
    expect(listing.status).toBe(200)
    const redirecting = createFetch({}, (response, url) =>
      url.endsWith('/models') ? Response.redirect('https://elsewhere.example/v1/models', 307) : response,
    )
    await expect(redirecting(`${gateway.base}/models`)).rejects.toMatchObject({ failure: 'CHANNEL_CHANGED' })
  })

  it('takes no password in an address, and does not repeat it', async () => {
    const asked = createFetch()(`${gateway.base.replace('://', '://user:secret@')}/chat/completions`, {
      method: 'POST',
      body,
    })
    const refusal = await asked.catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'ERR_USAGE' })
    expect(String(refusal)).not.toContain('secret')
  })

  it('asks for a receipt below a path that only looks like a listing', async () => {
    await expect(createFetch()(`${gateway.base}/receipts/v1/models`)).rejects.toMatchObject({
      failure: 'RECEIPT_MISSING',
    })
  })

  it('has one challenge under way, however many callers wait', async () => {
    const nonces = new Set<string>()
    const deps = createClientDeps({
      fetch: (input, init) => {
        nonces.add(new URL(String(input)).searchParams.get('nonce') ?? '')
        return fetch(input, init)
      },
    })
    const counting = new GatewayAttestation(gateway.base, { trust: gateway.trust, deps, channel: 'none' })
    await Promise.all([1, 2, 3].map(() => counting.current()))
    expect(nonces.size).toBe(1)
    await Promise.all([1, 2, 3].map(() => counting.renew()))
    expect(nonces.size).toBe(2)
  })
})

describe("a gateway's own resources", () => {
  const url = 'https://gw.example.com/v1/receipts/x'

  it.each(['-5', '0.000001', '0', 'soon'])('are not asked for without pause when told %s', async (after) => {
    let now = 0
    let asked = 0
    const deps = createClientDeps({
      fetch: async () => {
        asked++
        return new Response('', { status: 202, headers: { 'retry-after': after } })
      },
      clock: { now: () => new Date(0), monotonicMs: () => now },
      sleep: async (ms) => {
        now += ms
      },
    })
    await expect(pollDocument(url, { headers: {}, timeoutMs: 10_000 }, deps)).rejects.toMatchObject({
      code: 'ERR_NETWORK',
    })
    expect(asked).toBeLessThanOrEqual(101)
  })

  it('break off with an error of ours', async () => {
    const deps = createClientDeps({
      fetch: async () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              controller.error(new TypeError('terminated'))
            },
          }),
        ),
    })
    await expect(pollDocument(url, { headers: {}, timeoutMs: 1000 }, deps)).rejects.toMatchObject({
      code: 'ERR_NETWORK',
    })
  })

  it('are let go of when they grow too long', async () => {
    let released = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1024)),
      cancel() {
        released = true
      },
    })
    await expect(readBody(new Response(endless), 4096)).rejects.toMatchObject({ code: 'ERR_NETWORK' })
    expect(released).toBe(true)
  })
})
