/** Effective parameters and context of answers, from a running gateway: what leaves, what receipts say, and that clients hold one against the other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAttestedFetch, receiptOf } from '../../../src/client/index.ts'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeJcs } from '../../../src/core/encoding/jcs.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { renderChat } from '../../../src/engine/index.ts'
import { startTestGateway, type TestGateway } from '../../kit/gateway.ts'
import { json, sse } from '../upstream/mock-answers.ts'
import { type MockUpstream, type Script, startMockUpstream } from '../upstream/mock-upstream.ts'

const choice = { index: 0, message: { role: 'assistant', content: 'Yes.' }, finish_reason: 'stop' }
const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }
const RENDERED = '<|user|>Is it?<|assistant|>'
const VERBOSE = { truncated: true, tokens_evaluated: 4096, prompt: RENDERED }
const messages = [{ role: 'user', content: 'Is it?' }] as const

let gateway: TestGateway
let upstream: MockUpstream
let script: Script

beforeAll(async () => {
  upstream = await startMockUpstream(() => script)
  gateway = await startTestGateway({
    upstream: upstream.origin,
    models: `
    - id: tuned
      upstream: mock
      name: tuned-mock
      defaults: { temperature: 0.2, seed: 7, max_completion_tokens: 64 }
      rename: { max_tokens: max_completion_tokens }
      contextTokens: 8192
`,
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function ask(fields: object, answer: Script = json({ id: 'c', model: 'm', choices: [choice], usage })) {
  script = answer
  const { policy, lock } = gateway.trust
  const fetch = createAttestedFetch({ policy, ...(lock && { lock }) })
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ messages, ...fields })
  const response = await fetch(`${gateway.base}/chat/completions`, { method: 'POST', headers, body })
  await response.clone().text()
  const receipt = await (await receiptOf(response)).upgrade('quoted')
  return {
    response,
    sent: new TextDecoder().decode(upstream.received.at(-1)?.body),
    parameters: receipt.disclosed.dependencies?.['sampling-parameters'],
    context: receipt.disclosed.exchange?.['context'],
    check: receipt.checks.find(({ name }) => name === 'receipt.parameters'),
  }
}

describe('sampling parameters of a model of the configuration', () => {
  it('are filled in and renamed on the way, shown as used, and held against what was asked for', async () => {
    const { sent, parameters, check } = await ask({ model: 'tuned', temperature: 0.9, max_tokens: 5 })
    expect(sent).toBe(
      '{"messages":[{"role":"user","content":"Is it?"}],"model":"tuned-mock","temperature":0.9,"max_completion_tokens":5,"seed":7}',
    )
    const used = { temperature: 0.9, seed: 7, max_completion_tokens: 5 }
    expect(parameters).toEqual([
      {
        name: 'temperature=0.9 seed=7 max_completion_tokens=5',
        digest: { sha256: digestUri(encodeJcs(used)).slice('sha256:'.length) },
        annotations: { scheme: 'jcs', role: 'sampling-parameters', source: 'gateway' },
      },
    ])
    expect(check).toMatchObject({
      status: 'pass',
      detail: 'temperature=0.9 seed=7 max_completion_tokens=5; changed as listed: max_tokens',
    })
  })

  it("are the client's own where the gateway has nothing to add", async () => {
    const { parameters, check } = await ask({ model: 'alias', temperature: 0.5, stop: ['END'] })
    expect(parameters).toMatchObject([{ name: 'temperature=0.5 stop=1', annotations: { source: 'client' } }])
    expect(check).toMatchObject({ status: 'pass', detail: 'temperature=0.5 stop=1' })
  })

  it('are refused where one is given under both of its names', async () => {
    const { policy, lock } = gateway.trust
    const fetch = createAttestedFetch({ policy, ...(lock && { lock }) })
    const body = JSON.stringify({ model: 'tuned', messages, max_tokens: 5, max_completion_tokens: 6 })
    const response = await fetch(`${gateway.base}/chat/completions`, { method: 'POST', body })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { param: 'max_tokens' } })
    expect((await receiptOf(response)).claims.outcome).toBe('refused')
  })

  it('are those of the embedded model with what it resolved, penalties of zero with them', async () => {
    const asked = { model: 'countersign-demo-2m', max_completion_tokens: 2, temperature: 0, frequency_penalty: 0 }
    const { parameters, check } = await ask(asked)
    expect(parameters).toMatchObject([
      { name: expect.stringMatching(/^temperature=0 .* max_tokens=2 frequency_penalty=0$/) },
    ])
    expect(check).toMatchObject({ status: 'pass' })
  })

  it('are none where the engine took nothing: there is nothing to hold them against', async () => {
    const { response, parameters, check } = await ask({ model: 'countersign-demo-2m', temperature: 1, top_k: 5 })
    expect(response.status).toBe(400)
    expect(parameters).toBe('none')
    expect(check).toMatchObject({ status: 'not-performed', required: false, detail: 'none: upstream_error' })
  })
})

describe('the context of an answer', () => {
  it('is known of the embedded model: size, limit, the prompt as rendered, and that nothing was left out', async () => {
    for (const stream of [false, true]) {
      const { context } = await ask({ model: 'countersign-demo-2m', max_tokens: 2, stream })
      expect(context).toEqual({
        prompt_tokens: expect.any(Number),
        context_limit: expect.any(Number),
        truncated: 'no',
        rendered_prompt: digestUri(encodeUtf8(renderChat(messages))),
      })
    }
  })

  it('of an engine behind HTTP is what it says, and the limit its operator says', async () => {
    expect((await ask({ model: 'tuned' })).context).toEqual({
      prompt_tokens: 9,
      context_limit: 8192,
      truncated: 'unknown',
    })
    const silent = json({ id: 'c', model: 'm', choices: [choice] })
    expect((await ask({ model: 'mock' }, silent)).context).toEqual({ truncated: 'unknown' })
  })

  const shown = { prompt_tokens: 4096, truncated: 'yes', rendered_prompt: digestUri(encodeUtf8(RENDERED)) }

  it('is what llama.cpp shows of it, whole and streamed', async () => {
    const whole = json({ id: 'c', model: 'm', choices: [choice], __verbose: VERBOSE })
    expect((await ask({ model: 'mock' }, whole)).context).toEqual(shown)
    const event = (more: object): string => `data: ${JSON.stringify({ id: 'c', model: 'm', ...more })}\n\n`
    const stream = sse(
      event({ choices: [{ index: 0, delta: { content: 'Yes.' } }] }) +
        event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], __verbose: VERBOSE }) +
        'data: [DONE]\n\n',
    )
    expect((await ask({ model: 'mock', stream: true }, stream)).context).toEqual(shown)
  })
})
