/** A gateway that runs tools between model calls: what leaves for the model, what the client gets, and what receipts say of it. */
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type AttestedReceipt, createAttestedFetch, receiptOf } from '../../../src/client/index.ts'
import { decodeArchive, verifyArchive } from '../../../src/core/archive/index.ts'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { readRunMembers } from '../../../src/core/receipt/run.ts'
import type { HeldExchange } from '../../../src/core/receipt/verify.ts'
import { startTestGateway, type TestGateway } from '../../kit/gateway.ts'
import { json, sse } from '../upstream/mock-answers.ts'
import { type MockUpstream, type ReceivedRequest, type Script, startMockUpstream } from '../upstream/mock-upstream.ts'

let gateway: TestGateway
let upstream: MockUpstream
let weather: Server
/** What the model answers, call by call. */
let answers: ((request: ReceivedRequest) => Script)[] = []
let asked: string[] = []
/** Holds a tool's answer back until the test lets it go. */
let hold: Promise<unknown> = Promise.resolve()

const sha = (text: string): string => digestUri(encodeUtf8(text))
const KEY = 'cs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

beforeAll(async () => {
  weather = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.setHeader('content-type', 'text/plain')
    void hold.then(() => response.end(`sunny for ${request.url}`))
  })
  await new Promise<void>((resolve) => weather.listen(0, '127.0.0.1', resolve))
  const address = weather.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const idle = (): Script => json({ object: 'list', data: [] })
  // The gateway looks after the model's health meanwhile.
  upstream = await startMockUpstream((request) => ((request.method === 'POST' && answers.shift()) || idle)(request))
  gateway = await startTestGateway({
    upstream: upstream.origin,
    apiKeys: `
    - { id: one, tenant: one, sha256: "${sha(KEY).slice('sha256:'.length)}", models: all }`,
    measured: `
  toolCalls: 2
  memory: {}
  tools:
    - id: weather
      kind: http
      baseUrl: http://127.0.0.1:${port}
      functions:
        - name: today
          description: Weather of a town
          parameters: { type: object, properties: { town: { type: string } }, required: [town] }
          method: GET
          path: /today
`,
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  weather.close()
})
beforeEach(() => {
  answers = []
  asked = []
  hold = Promise.resolve()
})

const call = (id: string, town: string, name = 'weather__today'): object => ({
  id,
  type: 'function',
  function: { name, arguments: JSON.stringify({ town }) },
})
const said = (message: object, finish = 'stop', id = 'chatcmpl-9'): Script =>
  json({
    id,
    object: 'chat.completion',
    created: 1,
    model: 'mock',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }],
  })
const calling =
  (...calls: object[]): (() => Script) =>
  () =>
    said({ content: null, tool_calls: calls }, 'tool_calls')
const saying =
  (content: string, id?: string): (() => Script) =>
  () =>
    said({ content }, 'stop', id)

const TOOLS = [{ type: 'mcp', server_label: 'weather' }]
const QUESTION = { role: 'user', content: 'How is the weather in Ulm?' }

interface Answered {
  readonly response: Response
  /** Of a stream only when it was read. */
  readonly receipt: Promise<AttestedReceipt>
}

async function ask(fields: object, signal?: AbortSignal): Promise<Answered> {
  const { policy, lock } = gateway.trust
  const fetch = createAttestedFetch({ policy, ...(lock && { lock }) })
  const response = await fetch(`${gateway.base}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ model: 'mock', messages: [QUESTION], tools: TOOLS, ...fields }),
    ...(signal && { signal }),
  })
  return { response, receipt: receiptOf(response) }
}

const posted = (): readonly ReceivedRequest[] => upstream.received.filter(({ method }) => method === 'POST')
const sent = (at: number): { messages: object[]; tools?: object[]; tool_choice?: unknown } =>
  JSON.parse(new TextDecoder().decode(posted().at(at)?.body))

async function runOf({ receipt }: Answered): Promise<ReturnType<typeof readRunMembers>> {
  const { disclosed } = await (await receipt).upgrade('quoted')
  return readRunMembers(disclosed.exchange ?? {})
}

async function archiveOf({ response }: Answered): Promise<Uint8Array> {
  const rid = response.headers.get('inference-receipt-id')
  const found = await fetch(`${gateway.base}/receipts/${rid}`, {
    headers: {
      accept: 'application/cmw+json',
      prefer: 'receipt=quoted, wait=5',
      authorization: `Bearer ${KEY}`,
    },
  })
  return new Uint8Array(await found.arrayBuffer())
}

describe('a run of model and tools', () => {
  it('gives the model what its calls came to, and the client one answer whose receipt lists them', async () => {
    answers = [calling(call('call_1', 'Ulm')), saying('Sunny in Ulm.')]
    const answered = await ask({})
    expect(await answered.response.json()).toMatchObject({ choices: [{ message: { content: 'Sunny in Ulm.' } }] })
    expect(asked).toEqual(['/today?town=Ulm'])
    expect(sent(-2).tools).toMatchObject([{ type: 'function', function: { name: 'weather__today' } }])
    expect(sent(-1).messages).toEqual([
      QUESTION,
      { role: 'assistant', tool_calls: [call('call_1', 'Ulm')] },
      { role: 'tool', tool_call_id: 'call_1', content: 'sunny for /today?town=Ulm' },
    ])
    const { tools, run } = await runOf(answered)
    expect(tools).toMatchObject([
      {
        id: 'call_1',
        by: 'gateway',
        tool: 'weather__today',
        arguments: sha('{"town":"Ulm"}'),
        result: sha('sunny for /today?town=Ulm'),
        outcome: 'ok',
      },
    ])
    expect(run).toMatchObject({ step: 1, parents: [expect.stringMatching(/^sha256:/)] })
    const { checks } = await (await answered.receipt).upgrade('quoted')
    for (const name of ['transforms', 'tools'])
      expect(checks.find((check) => check.name === `receipt.${name}`)).toMatchObject({ status: 'pass' })
  })

  it('shows each model call before the last as a receipt of its own, and verifies the run', async () => {
    answers = [calling(call('call_1', 'Ulm')), calling(call('call_2', 'Bonn')), saying('Sunny.')]
    const answered = await ask({})
    const octets = await archiveOf(answered)
    const archive = decodeArchive(octets)
    expect(archive.steps).toHaveLength(2)
    const steps = archive.steps?.map((token) => decodeReceipt(token)) ?? []
    expect(steps.map(({ disclosed }) => readRunMembers(disclosed.exchange ?? {}).run?.step ?? 0)).toEqual([0, 1])
    expect(steps.map(({ disclosed }) => readRunMembers(disclosed.exchange ?? {}).calls?.map(({ id }) => id))).toEqual([
      ['call_1'],
      ['call_2'],
    ])
    const held: HeldExchange = {
      nonce: 'unchecked',
      seen: new Set(),
      request: 'not-held',
      response: 'not-held',
      outcome: 'complete',
      replay: 'not-held',
      prev: 'unchecked',
      channel: 'not-observed',
    }
    const { policy, lock } = gateway.trust
    const unproven = { ...policy, audit: { ...policy.audit, time: 'unchecked' }, transforms: 'unchecked' } as const
    const { asOf } = await verifyArchive(archive, held, { policy: unproven, lock }, { now: new Date() })
    expect(asOf.checks.find(({ name }) => name === 'run')).toMatchObject({ status: 'pass' })
  })

  it('streams what the model says, no call of the gateway, and goes on from either id that a client may keep', async () => {
    const eventOf =
      (id: string) =>
      (delta: object, finish: string | null = null): string =>
        `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
    const [event, next] = [eventOf('chatcmpl-a'), eventOf('chatcmpl-b')]
    answers = [
      () =>
        sse(
          [
            event({ role: 'assistant', content: '' }),
            event({ content: 'Let me look. ' }),
            event({
              tool_calls: [
                { index: 0, id: 'call_1', type: 'function', function: { name: 'weather__today', arguments: '' } },
              ],
            }),
            event({ tool_calls: [{ index: 0, function: { arguments: '{"town":"Ulm"}' } }] }),
            event({}, 'tool_calls'),
            'data: [DONE]\n\n',
          ].join(''),
        ),
      () =>
        sse(
          [
            next({ role: 'assistant', content: '' }),
            next({ content: 'Sunny.' }),
            next({}, 'stop'),
            'data: [DONE]\n\n',
          ].join(''),
        ),
    ]
    const answered = await ask({ stream: true, store: true })
    const text = await answered.response.text()
    expect(text).not.toContain('tool_calls')
    expect(text.match(/\[DONE\]/g)).toHaveLength(1)
    expect(text).toContain('Let me look. ')
    expect(text).toContain('Sunny.')
    const { tools } = await runOf(answered)
    expect(tools).toMatchObject([{ id: 'call_1', outcome: 'ok' }])
    const { checks } = await (await answered.receipt).upgrade('quoted')
    expect(checks.find((check) => check.name === 'receipt.response-digest')).toMatchObject({ status: 'pass' })
    for (const previous of ['chatcmpl-a', 'chatcmpl-b']) {
      answers = [saying('You are welcome.')]
      const { response } = await ask({
        previous_response_id: previous,
        messages: [{ role: 'user', content: 'Thanks.' }],
      })
      expect(response.status).toBe(200)
    }
  })

  it('lets a model that was made to call choose then, and forbids calls beyond the limit', async () => {
    answers = [calling(call('a', 'Ulm')), calling(call('b', 'Bonn'), call('c', 'Rom')), saying('Enough.')]
    const choice = { type: 'function', function: { name: 'weather__today' } }
    const answered = await ask({ tool_choice: choice })
    expect([sent(-3).tool_choice, sent(-2).tool_choice, sent(-1).tool_choice]).toEqual([choice, 'auto', 'none'])
    expect(asked).toEqual(['/today?town=Ulm', '/today?town=Bonn'])
    const { tools } = await runOf(answered)
    expect(tools?.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['a', 'ok'],
      ['b', 'ok'],
      ['c', 'refused'],
    ])
  })

  it.each([
    ['goes on calling beyond the limit', [calling(call('a', 'Ulm'), call('b', 'Bonn')), calling(call('c', 'Rom'))], {}],
    [
      'asks gateway and client at once',
      [calling(call('a', 'Ulm'), call('b', 'x', 'mine'))],
      { tools: [...TOOLS, { type: 'function', function: { name: 'mine', parameters: {} } }] },
    ],
    ['gives two calls one name', [calling(call('a', 'Ulm'), call('a', 'Bonn'))], {}],
    [
      'asks for a call of another kind beside one of the gateway',
      [calling(call('a', 'Ulm'), { id: 'b', type: 'custom', custom: { name: 'x', input: '' } }), saying('Sunny.')],
      {},
    ],
    [
      'asks for a call without a name beside one of the gateway',
      [calling(call('a', 'Ulm'), call('', 'Bonn')), saying('Sunny.')],
      {},
    ],
    [
      'gives arguments that are no text',
      [
        calling({ id: 'a', type: 'function', function: { name: 'weather__today', arguments: { town: 'Ulm' } } }),
        saying('Sunny.'),
      ],
      {},
    ],
    ['calls though it was told not to', [calling(call('a', 'Ulm')), saying('Sunny.')], { tool_choice: 'none' }],
  ])('ends with an error and a receipt when the model %s', async (_title, script, fields) => {
    answers = script
    const { policy, lock } = gateway.trust
    const attested = createAttestedFetch({ policy, ...(lock && { lock }) })
    const response = await attested(`${gateway.base}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
      body: JSON.stringify({ model: 'mock', messages: [QUESTION], tools: TOOLS, ...fields }),
    })
    expect(response.status).toBe(502)
    expect((await receiptOf(response)).claims.outcome).toBe('upstream_error')
  })

  it('leaves calls of the client to the client, and chains what it brings back', async () => {
    const mine = { type: 'function', function: { name: 'mine', parameters: { type: 'object' } } }
    const asks = { role: 'assistant', content: null, tool_calls: [call('call_7', 'Ulm', 'mine')] }
    answers = [() => said(asks, 'tool_calls'), saying('Done.')]
    const first = await ask({ tools: [...TOOLS, mine] })
    expect((await runOf(first)).calls).toEqual([{ id: 'call_7', tool: 'mine', arguments: sha('{"town":"Ulm"}') }])
    const second = await ask({ messages: [QUESTION, asks, { role: 'tool', tool_call_id: 'call_7', content: 'rain' }] })
    expect((await runOf(second)).tools).toMatchObject([
      { id: 'call_7', by: 'client', tool: 'mine', arguments: sha('{"town":"Ulm"}'), result: sha('rain') },
    ])
  })

  it('remembers the run with the conversation, and what follows begins where it ended', async () => {
    answers = [calling(call('call_1', 'Ulm')), saying('Sunny.', 'chatcmpl-run')]
    const first = await ask({ store: true })
    answers = [saying('You are welcome.', 'chatcmpl-next')]
    const second = await ask({ previous_response_id: 'chatcmpl-run', messages: [{ role: 'user', content: 'Thanks.' }] })
    expect(sent(-1).messages).toEqual([
      QUESTION,
      { role: 'assistant', tool_calls: [call('call_1', 'Ulm')] },
      { role: 'tool', tool_call_id: 'call_1', content: 'sunny for /today?town=Ulm' },
      { role: 'assistant', content: 'Sunny.' },
      { role: 'user', content: 'Thanks.' },
    ])
    const [a, b] = [await (await first.receipt).upgrade('quoted'), await (await second.receipt).upgrade('quoted')]
    expect(b.disclosed.dependencies?.['memory-before']).toMatchObject([
      {
        digest:
          a.disclosed.dependencies?.['memory-after'] === 'none'
            ? {}
            : a.disclosed.dependencies?.['memory-after']?.[0]?.digest,
      },
    ])
    const { run } = await runOf(second)
    const jws = a.token.slice(0, a.token.indexOf('~'))
    expect(run?.parents).toEqual([sha(jws)])
    for (const name of ['transforms', 'memory'])
      expect(b.checks.find((check) => check.name === `receipt.${name}`)).toMatchObject({ status: 'pass' })
  })

  it('gives a tool up with the client', async () => {
    let release = (): void => {}
    hold = new Promise<void>((resolve) => {
      release = resolve
    })
    answers = [calling(call('call_1', 'Ulm'))]
    const aborter = new AbortController()
    const pending = ask({}, aborter.signal)
    const called = new Promise<{ readonly givenUp: Promise<void> }>((resolve) =>
      weather.once('request', (_request, response) =>
        resolve({ givenUp: new Promise((gone) => response.once('close', () => gone())) }),
      ),
    )
    const { givenUp } = await called
    aborter.abort()
    await expect(pending).rejects.toThrow()
    await givenUp
    release()
  })

  it('answers in /v1/responses too, and refuses to stream there', async () => {
    const output = (items: object[]): Script =>
      json({ id: 'resp_1', object: 'response', status: 'completed', model: 'mock', output: items })
    answers = [
      () => output([{ type: 'function_call', call_id: 'c1', name: 'weather__today', arguments: '{"town":"Ulm"}' }]),
      () => output([{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Sunny.' }] }]),
    ]
    const { policy, lock } = gateway.trust
    const attested = createAttestedFetch({ policy, ...(lock && { lock }) })
    const post = (fields: object): Promise<Response> =>
      attested(`${gateway.base}/responses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
        body: JSON.stringify({ model: 'mock', input: 'How is Ulm?', tools: TOOLS, store: false, ...fields }),
      })
    const response = await post({})
    expect(response.status).toBe(200)
    expect(JSON.parse(new TextDecoder().decode(posted().at(-1)?.body)).input).toEqual([
      { role: 'user', content: 'How is Ulm?' },
      { type: 'function_call', call_id: 'c1', name: 'weather__today', arguments: '{"town":"Ulm"}' },
      { type: 'function_call_output', call_id: 'c1', output: 'sunny for /today?town=Ulm' },
    ])
    const receipt = await (await receiptOf(response)).upgrade('quoted')
    for (const name of ['transforms', 'tools'])
      expect(receipt.checks.find((check) => check.name === `receipt.${name}`)).toMatchObject({ status: 'pass' })
    expect((await post({ stream: true })).status).toBe(400)
  })
})
