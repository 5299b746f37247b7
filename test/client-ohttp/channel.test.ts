/** The channel of OHTTP against a gateway in memory, and against what somebody in between may do to it. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { OpenChannel } from '../../src/client/channel.ts'
import { createClientDeps } from '../../src/client/deps.ts'
import { createOhttpChannel, type OhttpChannelOptions } from '../../src/client-ohttp/index.ts'
import { sameBytes } from '../../src/core/encoding/bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import type { Attestation } from '../../src/core/evidence/attestation.ts'
import {
  decodeOhttpKeyConfigs,
  encodeOhttpKeyConfigs,
  KEM_X_WING,
  KEM_X25519,
} from '../../src/core/ohttp/key-configs.ts'
import type { Verified } from '../../src/core/verdict.ts'
import { createOhttpKeys, type OhttpKeys } from '../../src/ohttp/index.ts'
import { rejectionOf } from '../kit/rejection-of.ts'
import { attestedWith } from './attested.ts'
import { type Answer, type MemoryGateway, memoryGateway } from './memory-gateway.ts'

const BASE = 'https://gw.example.com/somewhere/v1'
const RESOURCE = 'https://gw.example.com/somewhere/.well-known/ohttp-gateway'
const NOW = new Date('2026-11-21T12:00:00Z')
const DATE_PROBLEM = '{"type":"https://iana.org/assignments/http-problem-types#date"}'
const KEY_PROBLEM = '{"type":"https://iana.org/assignments/http-problem-types#ohttp-key"}'
const PROMPT = '{"prompt":"a secret of mine"}'

let keys: OhttpKeys
let attestation: Verified<Attestation>

beforeAll(async () => {
  keys = await createOhttpKeys()
  attestation = await attestedWith(keys.configs)
})

function openTo({ fetch }: Pick<MemoryGateway, 'fetch'>, options: OhttpChannelOptions = {}): Promise<OpenChannel> {
  const deps = createClientDeps({ fetch, clock: { now: () => NOW, monotonicMs: () => 0 } })
  const attest = (): Promise<never> => Promise.reject(new Error('OHTTP challenges no connection'))
  return Promise.resolve(createOhttpChannel(options).open({ base: BASE, attestation, deps, attest }))
}

async function ask(answer: (count: number) => Answer | Response, init: RequestInit = {}) {
  const gateway = memoryGateway(keys, answer)
  const channel = await openTo(gateway)
  const asked = channel.fetch(`${BASE}/chat/completions?x=1`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-secret', 'content-type': 'application/json' },
    body: PROMPT,
    ...init,
  })
  return { gateway, asked }
}

const events = (...texts: string[]): readonly Uint8Array[] => texts.map(encodeUtf8)
const STREAM: Answer = {
  headers: [
    ['content-type', 'text/event-stream'],
    ['inference-receipt-id', 'AAAAAAAAAAAAAAAAAAAAAA'],
  ],
  content: events('data: one\n\n', 'data: two\n\n', 'data: [DONE]\n\n'),
}

describe('a request over OHTTP', () => {
  it('[C7] shows nothing of itself outside of the encryption', async () => {
    const { gateway, asked } = await ask(() => STREAM)
    await (await asked).response.text()
    const [seen] = gateway.seen
    expect(seen?.url).toBe(RESOURCE)
    expect(seen?.init).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'message/ohttp-chunked-req', incremental: '?1' },
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: 'manual',
    })
    const outside = `${Buffer.from(seen?.octets ?? []).toString('latin1')} ${JSON.stringify(seen?.init.headers)}`
    for (const secret of ['secret', 'authorization', 'completions', 'gw.example.com'])
      expect(outside).not.toContain(secret)
  })

  it('arrives whole, dated by the clock of the client', async () => {
    const { gateway, asked } = await ask(() => STREAM)
    await asked
    expect(gateway.seen[0]?.request).toEqual({
      method: 'POST',
      scheme: 'https',
      authority: 'gw.example.com',
      path: '/somewhere/v1/chat/completions?x=1',
      headers: [
        ['accept', '*/*'],
        ['authorization', 'Bearer sk-secret'],
        ['content-type', 'application/json'],
        ['date', 'Sat, 21 Nov 2026 12:00:00 GMT'],
      ],
      content: encodeUtf8(PROMPT),
      trailers: [],
    })
  })

  it('may be a GET, and may be large', async () => {
    const gateway = memoryGateway(keys, () => ({
      headers: [['content-type', 'application/json']],
      content: events('{}'),
    }))
    const channel = await openTo(gateway)
    const { response } = await channel.fetch(`${BASE}/models`, { headers: { authorization: 'Bearer k' } })
    expect(await response.json()).toEqual({})
    expect(gateway.seen[0]?.request).toMatchObject({
      method: 'GET',
      path: '/somewhere/v1/models',
      content: new Uint8Array(0),
    })
    const large = 'x'.repeat(100_000)
    await channel.fetch(`${BASE}/completions`, { method: 'POST', body: large })
    expect(decodeUtf8(gateway.seen[1]?.request.content ?? new Uint8Array(0))).toBe(large)
  })

  it('goes to a relay where one is named', async () => {
    const gateway = memoryGateway(keys, () => STREAM)
    const channel = await openTo(gateway, { relay: 'https://relay.example.net/to/gw' })
    await channel.fetch(`${BASE}/models`, {})
    expect(gateway.seen.map(({ url }) => url)).toEqual(['https://relay.example.net/to/gw'])
  })

  it('[C7] is encrypted anew each time', async () => {
    const gateway = memoryGateway(keys, () => STREAM)
    const channel = await openTo(gateway)
    for (const _ of [1, 2]) await channel.fetch(`${BASE}/models`, {})
    const [first, second] = gateway.seen
    expect(sameBytes(first?.enc ?? new Uint8Array(0), second?.enc ?? new Uint8Array(0))).toBe(false)
  })

  it('is for the verified gateway alone', async () => {
    const gateway = memoryGateway(keys, () => STREAM)
    const channel = await openTo(gateway)
    const elsewhere = channel.fetch('https://gw.example.com/other/v1/models', {})
    await expect(elsewhere).rejects.toMatchObject({ failure: 'CHANNEL_CHANGED', failed: { name: 'channel' } })
    expect(gateway.seen).toEqual([])
  })
})

describe('the key that is encrypted to', () => {
  const kemOf = (config: Uint8Array): number | undefined =>
    decodeOhttpKeyConfigs(encodeOhttpKeyConfigs([config]))[0]?.kem

  it.each([
    ['any', KEM_X_WING],
    ['hybrid', KEM_X_WING],
    ['x25519', KEM_X25519],
  ] as const)('is of the session: asked for %s, KEM %i', async (kem, expected) => {
    const gateway = memoryGateway(keys, () => STREAM)
    const channel = await openTo(gateway, { kem })
    const { response, held } = await channel.fetch(`${BASE}/models`, {})
    await response.text()
    expect(held.attestation).toBe(attestation)
    expect(held.observed.binding === 'ohttp' && kemOf(held.observed.keyConfig)).toBe(expected)
    expect(gateway.seen[0]?.octets.slice(1, 3)).toEqual(Uint8Array.of(expected >> 8, expected & 0xff))
  })

  it.each([
    ['any', 'none'],
    ['hybrid', KEM_X25519],
    ['x25519', KEM_X_WING],
  ] as const)('[C5] is never another one: asked for %s, offered %s', async (kem, offered) => {
    const configs = decodeOhttpKeyConfigs(keys.configs).filter((config) => config.kem === offered)
    const weaker = await attestedWith(
      offered === 'none' ? 'none' : encodeOhttpKeyConfigs(configs.map(({ octets }) => octets)),
    )
    const gateway = memoryGateway(keys, () => STREAM)
    const deps = createClientDeps({ fetch: gateway.fetch })
    const attest = (): Promise<never> => Promise.reject(new Error('OHTTP challenges no connection'))
    const open = (): unknown => createOhttpChannel({ kem }).open({ base: BASE, attestation: weaker, deps, attest })
    expect(open).toThrow(
      expect.objectContaining({
        failure: 'CHANNEL_BINDING_LEVEL',
        failed: expect.objectContaining({ name: 'channel' }),
      }),
    )
    expect(gateway.seen).toEqual([])
  })
})

describe('an answer over OHTTP', () => {
  it('has the status, the fields and the content that were encrypted', async () => {
    const { asked } = await ask(() => ({ ...STREAM, status: 429 }))
    const { response } = await asked
    expect(response.status).toBe(429)
    expect(Object.fromEntries(response.headers)).toEqual(Object.fromEntries(STREAM.headers ?? []))
    expect(await response.text()).toBe('data: one\n\ndata: two\n\ndata: [DONE]\n\n')
  })

  it('[C8] is refused where it redirects, and let go of', async () => {
    const answer = {
      status: 307,
      headers: [['location', 'https://elsewhere.example/v1/chat/completions']],
      content: events('x', 'y'),
    } as const
    const { gateway, asked } = await ask(() => answer)
    await expect(asked).rejects.toMatchObject({ failure: 'CHANNEL_CHANGED' })
    expect([gateway.seen.length, gateway.cancelled()]).toEqual([1, 1])
  })

  it('may have no content, and then has none', async () => {
    const { asked } = await ask(() => ({ status: 204 }))
    expect((await asked).response.body).toBeNull()
    const { asked: wrong } = await ask(() => ({ status: 204, content: events('x') }))
    await expect(wrong).rejects.toMatchObject({ failure: 'E2EE_FORMAT' })
  })

  it('is there as it comes, and no faster than it is read', async () => {
    const made: string[] = []
    async function* content(): AsyncGenerator<Uint8Array> {
      for (const text of ['one', 'two', 'three']) {
        made.push(text)
        yield encodeUtf8(text)
      }
    }
    const { asked } = await ask(() => ({ content: content() }))
    const reader = (await asked).response.body?.getReader()
    expect(made).toEqual([])
    expect(decodeUtf8((await reader?.read())?.value ?? new Uint8Array(0))).toBe('one')
    expect(made).toEqual(['one'])
    expect(decodeUtf8((await reader?.read())?.value ?? new Uint8Array(0))).toBe('two')
    expect(made).toEqual(['one', 'two'])
  })

  it('lets go of the connection when it is cancelled', async () => {
    const { gateway, asked } = await ask(() => STREAM)
    const { response } = await asked
    await response.body?.cancel()
    expect(gateway.cancelled()).toBe(1)
  })

  it('ends with the reason of whoever aborts the request', async () => {
    const abort = new AbortController()
    const { gateway, asked } = await ask(() => STREAM, { signal: abort.signal })
    const reader = (await asked).response.body?.getReader()
    await reader?.read()
    const reason = new DOMException('enough', 'AbortError')
    abort.abort(reason)
    await expect(reader?.read()).rejects.toBe(reason)
    expect(gateway.cancelled()).toBe(1)
  })

  it('is not asked for when the request was aborted before', async () => {
    const { gateway, asked } = await ask(() => STREAM, { signal: AbortSignal.abort() })
    expect(await rejectionOf(asked)).toMatchObject({ name: 'AbortError' })
    expect(gateway.seen).toEqual([])
  })
})

describe('somebody between the client and the gateway', () => {
  const list = async (parts: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> => {
    const all: Uint8Array[] = []
    for await (const part of parts) all.push(part)
    return all
  }
  const meddling = (change: (parts: Uint8Array[]) => readonly Uint8Array[]): Answer => ({
    ...STREAM,
    async *meddle(parts) {
      yield* change(await list(parts))
    },
  })
  const pick = (...order: number[]): ((parts: Uint8Array[]) => readonly Uint8Array[]) => {
    return (parts) => order.flatMap((at) => parts[at] ?? [])
  }

  it.each([
    ['leaves out the end', pick(0, 1, 2, 3, 4), 'E2EE_TRUNCATED'],
    ['leaves out the end and an event', pick(0, 1, 2, 3), 'E2EE_TRUNCATED'],
    [
      'cuts within an event',
      (parts: Uint8Array[]) => [...parts.slice(0, 3), (parts[3] ?? new Uint8Array(0)).slice(0, 5)],
      'E2EE_TRUNCATED',
    ],
    ['leaves out an event', pick(0, 1, 3, 4, 5), 'E2EE_DECRYPT'],
    ['swaps events', pick(0, 1, 3, 2, 4, 5), 'E2EE_DECRYPT'],
    ['repeats an event', pick(0, 1, 2, 2, 3, 4, 5), 'E2EE_DECRYPT'],
  ])('[C7] who %s makes the stream fail', async (_, change, failure) => {
    const { asked } = await ask(() => meddling(change))
    const { response } = await asked
    const error = await rejectionOf(response.text())
    expect(error).toMatchObject({ code: 'ERR_NOT_VERIFIED', failure, failed: { name: 'channel', code: failure } })
  })

  it('[C7] who breaks the connection makes the stream fail', async () => {
    const { asked } = await ask(() => ({
      ...STREAM,
      async *meddle(parts) {
        yield* (await list(parts)).slice(0, 3)
        throw new TypeError('terminated')
      },
    }))
    const { response } = await asked
    await expect(response.text()).rejects.toMatchObject({ failure: 'E2EE_TRUNCATED' })
  })

  it('[C7] who answers with the answer to another request is refused', async () => {
    const { gateway: other, asked } = await ask(() => STREAM)
    await asked
    expect(other.seen).toHaveLength(1)
    const kept: Uint8Array[] = []
    const keeping: Answer = {
      ...STREAM,
      async *meddle(parts) {
        kept.push(...(await list(parts)))
        yield* kept
      },
    }
    await (await (await ask(() => keeping)).asked).response.text()
    const { asked: swapped } = await ask(() => meddling(() => kept))
    await expect(swapped).rejects.toMatchObject({ failure: 'E2EE_DECRYPT' })
  })

  const clear = (status: number, type: string, body = 'a forged answer'): Response =>
    new Response(body, { status, headers: { 'content-type': type, date: 'Sat, 21 Nov 2026 13:00:00 GMT' } })

  it.each([
    ['an answer', () => clear(200, 'text/event-stream'), { failure: 'CHANNEL_CHANGED' }],
    ['an answer of the type of the whole form', () => clear(200, 'message/ohttp-res'), { failure: 'CHANNEL_CHANGED' }],
    ['another success', () => clear(201, 'message/ohttp-chunked-res'), { failure: 'CHANNEL_CHANGED' }],
    ['a problem with the key', () => clear(400, 'application/problem+json', KEY_PROBLEM), { failure: 'E2EE_KEY' }],
    [
      'a problem with the date',
      () => clear(400, 'application/problem+json; x=y', DATE_PROBLEM),
      { failure: 'E2EE_STALE' },
    ],
    ['a problem that is none', () => clear(400, 'application/problem+json', '['), { code: 'ERR_NETWORK' }],
    ['a failure of its own', () => clear(502, 'text/html'), { code: 'ERR_NETWORK' }],
    [
      'a redirect',
      () => new Response(null, { status: 307, headers: { location: 'https://x' } }),
      { failure: 'CHANNEL_CHANGED' },
    ],
  ])('[C7] who says in clear: %s, is not believed, and nothing is sent again', async (_, answer, expected) => {
    const { gateway, asked } = await ask(answer)
    await expect(asked).rejects.toMatchObject(expected)
    expect(gateway.seen).toHaveLength(1)
  })
})

describe('a clock that is wrong', () => {
  const refusal = {
    status: 400,
    headers: [
      ['content-type', 'application/problem+json'],
      ['date', 'Sat, 21 Nov 2026 13:00:00 GMT'],
    ] as const,
    content: events(DATE_PROBLEM),
  }
  const dates = ({ seen }: MemoryGateway): readonly (string | undefined)[] =>
    seen.map(({ request }) => request.headers.find(([name]) => name === 'date')?.[1])

  it('is corrected once by the date of the gateway, encrypted anew', async () => {
    const { gateway, asked } = await ask((count) => (count === 1 ? refusal : STREAM))
    expect((await asked).response.status).toBe(200)
    expect(dates(gateway)).toEqual(['Sat, 21 Nov 2026 12:00:00 GMT', 'Sat, 21 Nov 2026 13:00:00 GMT'])
    const [first, second] = gateway.seen
    expect(sameBytes(first?.enc ?? new Uint8Array(0), second?.enc ?? new Uint8Array(0))).toBe(false)
  })

  it('[C7] is not corrected twice', async () => {
    const { gateway, asked } = await ask(() => refusal)
    await expect(asked).rejects.toMatchObject({ failure: 'E2EE_STALE', failed: { name: 'channel' } })
    expect(gateway.seen).toHaveLength(2)
  })

  it('[C7] is not corrected where the gateway names no date', async () => {
    const { gateway, asked } = await ask(() => ({ ...refusal, headers: refusal.headers.slice(0, 1) }))
    await expect(asked).rejects.toMatchObject({ failure: 'E2EE_STALE' })
    expect(gateway.seen).toHaveLength(1)
  })

  it('[C7] is not the matter where the gateway saw the request before: somebody sent a copy ahead', async () => {
    const content = events('{"error":{"code":"E2EE_REPLAY","message":"it came before"}}')
    const { gateway, asked } = await ask(() => ({ status: 409, content }))
    await expect(asked).rejects.toMatchObject({ failure: 'E2EE_REPLAY', failed: { name: 'channel' } })
    expect(gateway.seen).toHaveLength(1)
  })

  it.each([
    ['another conflict', { status: 409, content: events('{"error":{"code":"conflict"}}') }],
    ['an answer with a receipt', { ...refusal, headers: [...refusal.headers, ['inference-receipt-id', 'x']] }],
    ['another problem', { ...refusal, content: events('{"type":"about:blank"}') }],
    ['another type', { ...refusal, headers: [['content-type', 'application/json'], ...refusal.headers.slice(1)] }],
    ['another status', { ...refusal, status: 503 }],
    ['a long text', { ...refusal, content: events('x'.repeat(20_000), DATE_PROBLEM) }],
  ] satisfies [string, Answer & { readonly content: readonly Uint8Array[] }][])(
    'is no matter where %s comes, which goes to the application',
    async (_, answer) => {
      const { gateway, asked } = await ask(() => answer)
      const { response } = await asked
      expect(response.status).toBe(answer.status)
      expect(await response.text()).toBe(answer.content.map(decodeUtf8).join(''))
      expect(gateway.seen).toHaveLength(1)
    },
  )
})
