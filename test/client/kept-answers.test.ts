/** A fetch with a store, against a running gateway: what is kept, what becomes of it, and that storage never costs an answer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Collected } from '../../src/client/collected.ts'
import {
  type AttestedFetchOptions,
  createAttestedFetch,
  createConversation,
  receiptOf,
} from '../../src/client/index.ts'
import { decodeArchive, verifyArchive } from '../../src/core/archive/index.ts'
import { receiptDigest, verifyConversation } from '../../src/core/receipt/conversation.ts'
import { EventStreamDigest } from '../../src/core/receipt/event-stream.ts'
import { holdOctets } from '../../src/core/receipt/verify.ts'
import { createMemoryStore, exportArchive, type ReceiptStore } from '../../src/receipt-store/index.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { CHAT_STREAM, json, sse } from '../server/upstream/mock-answers.ts'
import { type MockUpstream, startMockUpstream } from '../server/upstream/mock-upstream.ts'

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}

describe('a fetch with a store', () => {
  let gateway: TestGateway
  let upstream: MockUpstream
  const warnings: string[] = []

  beforeAll(async () => {
    upstream = await startMockUpstream((request) =>
      new TextDecoder().decode(request.body).includes('"stream":true') ? sse(CHAT_STREAM, [7]) : json(ANSWER),
    )
    gateway = await startTestGateway({ upstream: upstream.origin })
  })

  afterAll(async () => {
    await gateway.close()
    await upstream.close()
  })

  const bodyOf = (stream: boolean): string =>
    JSON.stringify({ model: 'mock', stream, messages: [{ role: 'user', content: 'May I?' }] })
  const headers = { 'content-type': 'application/json' }

  function createFetch(options: Partial<AttestedFetchOptions>): typeof fetch {
    const { policy, lock } = gateway.trust
    return createAttestedFetch({
      policy,
      ...(lock && { lock }),
      ...options,
      deps: { warn: (message) => warnings.push(message), ...options.deps },
    })
  }

  const ask = (attested: typeof fetch, stream = false): Promise<Response> =>
    attested(`${gateway.base}/chat/completions`, { method: 'POST', headers, body: bodyOf(stream) })

  it.each([false, true])('keeps the octets of both directions as they were, streamed: %s', async (stream) => {
    const store = createMemoryStore()
    const response = await ask(createFetch({ store }), stream)
    const text = await response.text()
    const { claims, token } = await receiptOf(response)
    const kept = await store.get(claims.jti)
    expect(new TextDecoder().decode(kept?.request.octets)).toBe(bodyOf(stream))
    expect(new TextDecoder().decode(kept?.response?.octets)).toBe(text)
    expect(kept).toMatchObject({ token, grade: 'signed', session: claims.session, origin: claims.log.origin })
    expect(kept?.archive).toBeUndefined()
  })

  it('keeps no octets of a stream beyond its limit, whatever the portions', () => {
    const [within, beyond] = [new Collected(4), new Collected(3)]
    for (const collected of [within, beyond])
      for (const portion of [[1], [2, 3], [], [4]]) collected.add(Uint8Array.from(portion))
    expect(within.whole()).toEqual(Uint8Array.of(1, 2, 3, 4))
    expect(beyond.whole()).toBeUndefined()
  })

  it.each([false, true])(
    'exports what verifies offline once the receipt was upgraded, streamed: %s',
    async (stream) => {
      const store = createMemoryStore()
      const response = await ask(createFetch({ store }), stream)
      await response.text()
      const receipt = await receiptOf(response)
      await expect(exportArchive(store, receipt.claims.jti)).rejects.toMatchObject({ code: 'ERR_USAGE' })
      await receipt.upgrade('quoted')
      const archive = decodeArchive(await exportArchive(store, receipt.claims.jti))
      if (archive.request === undefined || archive.response === undefined) throw new Error('octets are missing')
      const digest = new EventStreamDigest()
      digest.update(archive.response.octets)
      const held = {
        nonce: 'unchecked',
        request: holdOctets(archive.request.octets),
        response: stream ? digest.finish() : holdOctets(archive.response.octets),
        outcome: 'complete',
        seen: new Set<string>(),
        channel: 'not-observed',
        prev: 'unchecked',
        replay: { request: archive.request.octets, inserts: archive.inserts ?? new Map() },
      } as const
      const { asOf } = await verifyArchive(archive, held, gateway.trust, { now: new Date() })
      expect(asOf.ok && asOf.checks.find(({ name }) => name === 'receipt.response-digest')?.status).toBe('pass')
    },
  )

  it('keeps the archive at once where policy waits for it', async () => {
    const store = createMemoryStore()
    const { policy } = gateway.trust
    const response = await ask(createFetch({ store, policy: { ...policy, grade: 'quoted' } }))
    const receipt = await receiptOf(response)
    const kept = await store.get(receipt.claims.jti)
    expect(kept?.grade).toBe('quoted')
    expect(kept?.archive).toEqual(receipt.archive)
    expect(decodeArchive(kept?.archive ?? new Uint8Array(0)).receipt).toBe(receipt.token)
  })

  it('[L2] follows the log of the gateway by its public tiles, from one verification to the next', async () => {
    const store = createMemoryStore()
    let asked = 0
    const deps = {
      fetch: (input: string | URL | Request, init?: RequestInit) => {
        if (String(input).includes('/tile/')) asked++
        return fetch(input, init)
      },
    }
    await ask(createFetch({ store, deps }))
    const receipt = await receiptOf(await ask(createFetch({ store, deps })))
    expect(asked).toBeGreaterThan(0)
    expect(await store.checkpoint(receipt.claims.log.origin)).toContain(receipt.claims.log.origin)
  })

  it('[L8] sends nothing to a gateway whose log shows less than before', async () => {
    const store = createMemoryStore()
    const { claims } = await receiptOf(await ask(createFetch({ store })))
    const last = (await store.checkpoint(claims.log.origin)) ?? ''
    let posted = 0
    const rolledBack: ReceiptStore = {
      ...bound(store),
      // As if this client had seen more of the log than the gateway shows now.
      follow: async (sighting) => {
        await store.follow(sighting)
        await store.follow({ ...sighting, checkpoint: last, askedAt: new Date(sighting.seenAt.getTime() + 1) })
      },
    }
    const deps = {
      fetch: (input: string | URL | Request, init?: RequestInit) => {
        if (init?.method === 'POST') posted++
        return fetch(input, init)
      },
    }
    await expect(ask(createFetch({ store: rolledBack, deps }))).rejects.toMatchObject({
      failure: 'LOG_ROLLBACK',
      failed: { name: 'history' },
    })
    expect(posted).toBe(0)
  })

  it('does not wait for itself where the verification grows old while an upgrade follows the log', async () => {
    const store = createMemoryStore()
    let grownOldMs = 0
    let follows = 0
    const following: ReceiptStore = {
      ...bound(store),
      follow: (sighting) => {
        follows += 1
        return store.follow({
          ...sighting,
          read: (path) => {
            // Behind the archive, before its tiles.
            if (sighting.askedAt === 'unknown') grownOldMs = 3_600_000
            return sighting.read(path)
          },
        })
      },
    }
    const clock = { now: () => new Date(), monotonicMs: () => performance.now() + grownOldMs }
    const attested = createFetch({ store: following, deps: { clock } })
    const receipt = await receiptOf(await ask(attested))
    await ask(attested)
    expect((await receipt.upgrade('quoted')).grade).toBe('quoted')
    expect(follows).toBeGreaterThan(1)
    expect(grownOldMs).toBeGreaterThan(0)
  })

  it.each(['later', 'at once'])('delivers an answer that it cannot keep, and says so: failing %s', async (when) => {
    warnings.length = 0
    const failing: ReceiptStore = {
      ...bound(createMemoryStore()),
      keep: () => {
        if (when === 'at once') throw new Error('no room')
        return Promise.reject(new Error('no room'))
      },
    }
    const response = await ask(createFetch({ store: failing }))
    expect(await response.json()).toMatchObject({ id: 'chatcmpl-1' })
    expect(warnings).toEqual([expect.stringContaining('no room')])
  })

  it('holds a conversation whose receipts form a chain', async () => {
    const { fetch: talk, receipts } = createConversation(createFetch({}))
    for (const stream of [false, true, false]) await (await ask(talk, stream)).text()
    const tokens = receipts.map(({ token }) => token)
    expect(tokens).toHaveLength(3)
    expect((await verifyConversation(tokens)).ok).toBe(true)
    expect(receipts[1]?.disclosed.exchange?.['prev']).toBe(receiptDigest(tokens[0] ?? ''))
  })
})

/** The methods of a store as a plain object, to replace one of them. */
function bound(store: ReceiptStore): ReceiptStore {
  return {
    keep: (answer) => store.keep(answer),
    upgrade: (jti, upgraded) => store.upgrade(jti, upgraded),
    get: (jti) => store.get(jti),
    list: () => store.list(),
    delete: (jti) => store.delete(jti),
    checkpoint: (origin) => store.checkpoint(origin),
    forks: () => store.forks(),
    follow: (sighting) => store.follow(sighting),
  }
}
