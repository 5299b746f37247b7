/** Conversations over HTTP: each turn goes on from the one before, its receipt verifies, and nothing of it is in a line. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { decodeReceipt, type Receipt } from '../../../src/core/receipt/receipt.ts'
import { hashApiKey } from '../../../src/server/config/index.ts'
import { createMemoryStore } from '../../kit/memory-store.ts'
import { CHAT_COMPLETION, CHAT_STREAM, json, RESPONSE, RESPONSE_STREAM, sse } from '../upstream/mock-answers.ts'
import { type GatewayFixture, PLAIN_MODEL, ridOf, SPLICED_MODEL, startFixture } from './gateway-fixture.ts'
import { call, type Reply } from './http-client.ts'

const KEYS = { alice: 'cs_alice_secret', alice2: 'cs_alice_other', bob: 'cs_bob_secret' } as const
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const ALICE = bearer(KEYS.alice)
const WORDS = 'the plan is to leave at dawn'
const user = (content: string) => ({ role: 'user', content })
const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'

let fixture: GatewayFixture
let answers = 0
beforeAll(async () => {
  fixture = await startFixture({
    deps: { store: createMemoryStore() },
    measured: (measured) => ({ ...measured, memory: { retentionDays: 30, maxBytes: 4096 } }),
    operational: {
      apiKeys: [
        { id: 'a', tenant: 'alice', sha256: hashApiKey(KEYS.alice), models: 'all' },
        { id: 'a2', tenant: 'alice', sha256: hashApiKey(KEYS.alice2), models: 'all' },
        { id: 'b', tenant: 'bob', sha256: hashApiKey(KEYS.bob), models: 'all' },
      ],
    },
    answer: ({ path, body }) => {
      const { stream } = JSON.parse(Buffer.from(body).toString())
      const id = `secret/${++answers}`
      if (path === RESPONSES)
        return stream === true ? sse(RESPONSE_STREAM.replaceAll('resp_1', id), [7]) : json({ ...RESPONSE, id })
      return stream === true ? sse(CHAT_STREAM.replaceAll('chatcmpl-1', id), [5]) : json({ ...CHAT_COMPLETION, id })
    },
  })
})
afterAll(() => fixture.close())

/** The id that the model server gave to its newest answer. */
const newest = (): string => `secret/${answers}`
const forget = (id: string, headers: Readonly<Record<string, string>> = ALICE): Promise<Reply> =>
  call(`${fixture.url}/v1/responses/${id}`, { method: 'DELETE', headers })
const post = (path: string, body: object, headers: Readonly<Record<string, string>> = ALICE): Promise<Reply> =>
  fixture.post(path, JSON.stringify({ model: SPLICED_MODEL, ...body }), { headers })
const sent = (): unknown => JSON.parse(Buffer.from(fixture.mock.received.at(-1)?.body ?? []).toString())
const digestOf = ({ issuerJws }: Receipt): string => digestUri(encodeUtf8(issuerJws))

/** With all that the header leaves out. */
const fullReceipt = async (reply: Reply): Promise<Receipt> =>
  decodeReceipt((await fixture.get(`/v1/receipts/${ridOf(reply)}`, ALICE)).text)

/** The one descriptor of that state, or `none`. */
const stateOf = ({ disclosed }: Receipt, role: 'memory-before' | 'memory-after'): unknown => {
  const described = Object(disclosed.dependencies)[role]
  return Array.isArray(described) && described.length === 1 ? described[0] : described
}

describe.each([{}, { stream: true }])('a conversation that is remembered (%o)', (more) => {
  it('goes on in chat, and its receipts are chained by state and by digest', async () => {
    const first = await fullReceipt(await post(CHAT, { messages: [user(WORDS)], store: true, ...more }))
    const id = newest()
    const second = await fullReceipt(await post(CHAT, { messages: [user('And?')], previous_response_id: id, ...more }))
    const said = more.stream === true ? 'Grüß dich 👋' : 'Hello'
    expect(sent()).toMatchObject({
      model: 'm',
      messages: [user(WORDS), { role: 'assistant', content: said }, user('And?')],
    })
    expect(sent()).not.toHaveProperty('store')
    expect(sent()).not.toHaveProperty('previous_response_id')
    const before = stateOf(second, 'memory-before')
    expect(stateOf(first, 'memory-before')).toBe('none')
    expect(before).toMatchObject({ name: '2 messages' })
    expect(before).toMatchObject({ digest: Object(stateOf(first, 'memory-after')).digest })
    expect(second.disclosed.exchange).toMatchObject({ run: { step: 0, parents: [digestOf(first)] } })
  })

  it('goes on in responses', async () => {
    await post(RESPONSES, { input: WORDS, ...more })
    expect(sent()).toMatchObject({ input: WORDS, store: false })
    await post(RESPONSES, { input: 'And?', previous_response_id: newest(), ...more })
    expect(sent()).toMatchObject({
      input: [user(WORDS), { type: 'message', content: [{ text: 'Grüß dich' }] }, user('And?')],
      store: false,
    })
  })
})

describe('DELETE /v1/responses/{id}', () => {
  it('makes the gateway forget an answer, for the key that led the conversation alone', async () => {
    await post(CHAT, { model: PLAIN_MODEL, messages: [user(WORDS)], store: true })
    const id = newest()
    const next = { messages: [user('And?')], previous_response_id: id, store: false }
    const { intents } = fixture.gateway.log.counts
    const foreign = [await forget(id, bearer(KEYS.bob)), await forget(id, bearer(KEYS.alice2)), await forget('never')]
    for (const reply of foreign) {
      expect(reply.status).toBe(404)
      expect(reply.text).toBe(foreign[0]?.text)
      expect(reply.headers['inference-receipt']).toBeUndefined()
    }
    expect((await forget(id, {})).status).toBe(401)
    expect((await post(CHAT, next, bearer(KEYS.bob))).status).toBe(400)
    expect((await post(CHAT, next)).status).toBe(200)
    const gone = await forget(id)
    expect([gone.status, JSON.parse(gone.text)]).toEqual([200, { id, object: 'response.deleted', deleted: true }])
    expect((await forget(id)).status).toBe(404)
    const refused = await post(CHAT, next)
    expect(JSON.parse(refused.text).error).toMatchObject({
      type: 'invalid_request_error',
      param: 'previous_response_id',
      code: 'previous_response_not_found',
    })
    // Those that were asked of a model, refused or not: no other.
    expect(fixture.gateway.log.counts.intents).toBe(intents + 3)
  })

  it('takes whatever stands in the path', async () => {
    for (const id of [
      '__proto__',
      '%2e%2e%2f%2e%2e%2flineage',
      'a%00',
      '%ff',
      '%',
      encodeURIComponent('😀'),
      'x'.repeat(5000),
    ])
      expect((await forget(id)).status).toBe(404)
  })
})

it('has no id, word or key of any of this in its lines', async () => {
  await forget(newest())
  const lines = JSON.stringify(fixture.lines)
  expect(fixture.lines.some((line) => line.event === 'request' && line.route === '/v1/responses/:id{.+}')).toBe(true)
  for (const word of ['secret', WORDS, 'Hello', ...Object.values(KEYS)]) expect(lines).not.toContain(word)
})

it('is not there where no memory is configured', async () => {
  const plain = await startFixture()
  const reply = await call(`${plain.url}/v1/responses/a`, { method: 'DELETE' })
  await plain.close()
  expect([reply.status, JSON.parse(reply.text).error.code]).toEqual([404, 'not_found'])
})
