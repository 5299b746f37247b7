/** Encrypted requests that somebody altered, cut off, kept, or that are none: nothing of them is carried out. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeRequest } from '../../../src/core/ohttp/binary-http.ts'
import { frameChunk, frameFinalChunk } from '../../../src/core/ohttp/chunks.ts'
import type { OhttpKeyConfig } from '../../../src/core/ohttp/key-configs.ts'
import { type SealedRequest, sealRequest } from '../../../src/ohttp/index.ts'
import { sealRequestWith } from '../../../src/ohttp/seal-request.ts'
import { type GatewayFixture, startFixture } from '../gateway/gateway-fixture.ts'
import { call, type Reply } from '../gateway/http-client.ts'
import {
  chatRequest,
  dated,
  type InnerReply,
  openReply,
  RESOURCE,
  request,
  seal,
  sendOctets,
  sessionKey,
} from './encrypted-client.ts'

const KEY_PROBLEM = 'https://iana.org/assignments/http-problem-types#ohttp-key'
const DATE_PROBLEM = 'https://iana.org/assignments/http-problem-types#date'
const HEADER_SIZE = 7
const X25519_SIZE = 32

let fixture: GatewayFixture
let key: OhttpKeyConfig
beforeAll(async () => {
  fixture = await startFixture()
  key = await sessionKey(fixture)
})
afterAll(() => fixture.close())

/** Requests that reached the model. */
const forwarded = (): number => fixture.mock.received.filter(({ method }) => method === 'POST').length

interface Refused {
  readonly status: number
  readonly problem: { readonly type: string; readonly code?: string; readonly title: string }
}

function refusedBy({ status, headers, text }: Reply): Refused {
  expect(headers['content-type']).toBe('application/problem+json')
  return { status, problem: JSON.parse(text) }
}

function changed(octets: Uint8Array, at: number, value: number): Uint8Array {
  const copy = octets.slice()
  copy[at] = value
  return copy
}

async function again(sealed: SealedRequest): Promise<InnerReply> {
  // A response of its own: what opens one does not open another.
  return openReply(await sendOctets(fixture, sealed.octets), sealed)
}

describe('in clear', () => {
  it('[C7] names a key that is not held', async () => {
    const before = forwarded()
    const { octets } = await seal(fixture, dated(chatRequest()))
    const { status, problem } = refusedBy(await sendOctets(fixture, changed(octets, 0, 99)))
    expect([status, problem.type, problem.code]).toEqual([400, KEY_PROBLEM, 'E2EE_KEY'])
    expect(forwarded()).toBe(before)
  })

  it('[C7] names a suite that was not offered', async () => {
    const { octets } = await seal(fixture, dated(chatRequest()))
    const { status, problem } = refusedBy(await sendOctets(fixture, changed(octets, 6, 0xff)))
    expect([status, problem.type, problem.code]).toEqual([400, KEY_PROBLEM, 'E2EE_SUITE'])
  })

  it('[C7] refuses a key of another boot', async () => {
    const other = await startFixture()
    try {
      const { octets } = await seal(other, dated(chatRequest()))
      const { status, problem } = refusedBy(await sendOctets(fixture, octets))
      expect([status, problem.type, problem.code]).toEqual([400, KEY_PROBLEM, 'E2EE_DECRYPT'])
    } finally {
      await other.close()
    }
  })

  it('[C7] refuses chunks in another order, doubled, or left out', async () => {
    const before = forwarded()
    const content = encodeRequest(dated(chatRequest()))
    const third = Math.ceil(content.length / 3)
    const parts = [content.subarray(0, third), content.subarray(third, 2 * third), content.subarray(2 * third)]
    const sizes = parts.map(({ length }) => length + 16)
    const { octets } = await sealRequestWith(key, parts, { form: 'chunked' })
    const start = HEADER_SIZE + X25519_SIZE
    const sealedParts: Uint8Array[] = []
    let at = start
    for (const [i, size] of sizes.entries()) {
      at += i === 2 ? 1 : size < 64 ? 1 : 2
      sealedParts.push(octets.slice(at, at + size))
      at += size
    }
    const [first, second, last] = sealedParts
    if (first === undefined || second === undefined || last === undefined) throw new Error('there are three')
    const send = (order: readonly Uint8Array[], final: Uint8Array): Promise<Reply> =>
      sendOctets(fixture, Buffer.concat([octets.subarray(0, start), ...order.map(frameChunk), frameFinalChunk(final)]))
    // Taken apart and put together again it is what it was.
    expect((await send([first, second], last)).status).toBe(200)
    for (const order of [[second, first], [first, first, second], [second], [first]])
      expect(refusedBy(await send(order, last)).problem.code).toBe('E2EE_DECRYPT')
    expect(forwarded()).toBe(before + 1)
  })

  it('[C7] refuses a request that was cut off, anywhere', async () => {
    const before = forwarded()
    const { octets } = await seal(fixture, dated(chatRequest()))
    for (const size of [0, 3, HEADER_SIZE, 20, HEADER_SIZE + X25519_SIZE, octets.length - 40, octets.length - 1]) {
      const { status, problem } = refusedBy(await sendOctets(fixture, octets.subarray(0, size)))
      expect(status).toBe(400)
      expect(['E2EE_TRUNCATED', 'E2EE_DECRYPT']).toContain(problem.code)
    }
    expect(forwarded()).toBe(before)
  })

  it('[C7] refuses one whose last chunk is not marked as the last', async () => {
    const content = encodeRequest(dated(chatRequest()))
    const { octets } = await sealRequestWith(key, [content, new Uint8Array(0)], { form: 'chunked' })
    // A zero and a tag: the final chunk, left out. What stands before it is a request in full.
    const { problem } = refusedBy(await sendOctets(fixture, octets.subarray(0, octets.length - 17)))
    expect(problem.code).toBe('E2EE_TRUNCATED')
  })

  it('refuses the form that it was not encrypted for', async () => {
    const { octets } = await seal(fixture, dated(chatRequest()), 'whole')
    expect(refusedBy(await sendOctets(fixture, octets, 'chunked')).status).toBeGreaterThanOrEqual(400)
    const chunked = await seal(fixture, dated(chatRequest()), 'chunked')
    expect(refusedBy(await sendOctets(fixture, chunked.octets, 'whole')).problem.code).toBe('E2EE_DECRYPT')
  })

  it('refuses what decrypts and is no request, without a word of it', async () => {
    const { octets } = await sealRequest(key, new TextEncoder().encode('canary-4711'), 'chunked')
    const reply = await sendOctets(fixture, octets)
    expect(reply.status).toBe(422)
    expect(refusedBy(reply).problem.code).toBe('E2EE_FORMAT')
    expect(reply.text).not.toContain('canary')
  })

  it.each(['application/json', 'message/ohttp-chunked-res', 'text/plain', ''])(
    '[W18] refuses type %j',
    async (type) => {
      const { octets } = await seal(fixture, dated(chatRequest()))
      const headers = type === '' ? {} : { 'content-type': type }
      const reply = await call(`${fixture.url}${RESOURCE}`, { method: 'POST', headers, body: octets })
      expect(refusedBy(reply).status).toBe(415)
    },
  )

  it('refuses content-coding, and what is too large, announced or not', async () => {
    const coded = { 'content-type': 'message/ohttp-req', 'content-encoding': 'gzip' }
    const gzip = await call(`${fixture.url}${RESOURCE}`, { method: 'POST', headers: coded, body: new Uint8Array(9) })
    expect(refusedBy(gzip).status).toBe(415)
    const large = new Uint8Array(1_300_000)
    expect(refusedBy(await sendOctets(fixture, large, 'whole')).status).toBe(413)
    const { octets } = await seal(fixture, dated({ ...chatRequest(), content: large }), 'whole')
    const headers = { 'content-type': 'message/ohttp-req', 'transfer-encoding': 'chunked' }
    const streamed = await call(`${fixture.url}${RESOURCE}`, { method: 'POST', headers, body: octets })
    expect(refusedBy(streamed).status).toBe(413)
  })
})

describe('encrypted', () => {
  it('[C7] refuses a ciphertext that came before', async () => {
    const before = forwarded()
    const sealed = await seal(fixture, dated(chatRequest()))
    expect((await again(sealed)).status).toBe(200)
    expect(forwarded()).toBe(before + 1)
    const copies = await Promise.all(Array.from({ length: 4 }, () => sendOctets(fixture, sealed.octets)))
    // Each answer has a nonce of its own, and so keys of its own.
    expect(new Set(copies.map(({ octets }) => Buffer.from(octets).toString('hex'))).size).toBe(4)
    expect(forwarded()).toBe(before + 1)
  })

  it('[C7] says so: 409, and not to be tried again', async () => {
    const sealed = await seal(fixture, dated(chatRequest()))
    await sendOctets(fixture, sealed.octets)
    const reply = await again(sealed)
    expect([reply.status, JSON.parse(reply.text).error.code]).toEqual([409, 'E2EE_REPLAY'])
    expect(reply.headers.get('x-should-retry')).toBe('false')
  })

  it('[C7] lets one of many at the same time in', async () => {
    const before = forwarded()
    const { octets } = await seal(fixture, dated(chatRequest()))
    await Promise.all(Array.from({ length: 20 }, () => sendOctets(fixture, octets)))
    expect(forwarded()).toBe(before + 1)
  })

  it('is not kept from a genuine request by whoever sends its key with rubbish behind', async () => {
    const sealed = await seal(fixture, dated(chatRequest()))
    const rubbish = changed(sealed.octets, sealed.octets.length - 1, 0)
    await sendOctets(fixture, changed(rubbish, sealed.octets.length - 2, 1))
    expect((await again(sealed)).status).toBe(200)
  })

  it.each([
    ['too old', new Date(Date.now() - 330_000).toUTCString()],
    ['ahead', new Date(Date.now() + 330_000).toUTCString()],
    ['in another form', new Date().toISOString()],
    ['missing', undefined],
  ])('refuses a date that is %s, and tells its own', async (_, date) => {
    const before = forwarded()
    const inner = chatRequest({}, date === undefined ? [] : [['date', date]])
    const reply = await again(await seal(fixture, inner))
    expect([reply.outer.status, reply.status]).toEqual([200, 400])
    expect(JSON.parse(reply.text)).toMatchObject({ type: DATE_PROBLEM, code: 'E2EE_STALE' })
    const told = new Date(reply.headers.get('date') ?? '')
    expect(Math.abs(told.getTime() - Date.now())).toBeLessThan(30_000)
    expect(forwarded()).toBe(before)
    const corrected = await again(await seal(fixture, dated(chatRequest(), told)))
    expect(corrected.status).toBe(200)
  })

  it('refuses two dates, of which one may be right', async () => {
    const now = new Date().toUTCString()
    const inner = chatRequest({}, [
      ['date', now],
      ['date', now],
    ])
    expect((await again(await seal(fixture, inner))).status).toBe(400)
  })

  it.each(['connect', 'Connect', 'post'])(
    'takes no method for another one that is spelled alike: %s',
    async (method) => {
      const before = forwarded()
      const reply = await again(await seal(fixture, dated({ ...chatRequest(), method })))
      expect([reply.outer.status, reply.status]).toEqual([200, 400])
      expect(forwarded()).toBe(before)
    },
  )

  it('refuses what HTTP/1.1 cannot say, and answers what its parser refuses', async () => {
    const path = await again(await seal(fixture, dated({ ...request('GET', '/livez'), method: 'BREW' })))
    expect([path.outer.status, path.status]).toEqual([200, 400])
    const hostless = await again(await seal(fixture, dated({ ...request('GET', '/livez'), authority: '' })))
    expect(hostless.status).toBe(400)
  })
})
