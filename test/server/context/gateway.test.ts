/** A gateway that adds context to requests: what leaves for the model server, what the receipt says, and that a client replays it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAttestedFetch, receiptOf } from '../../../src/client/index.ts'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { startTestGateway, type TestGateway } from '../../kit/gateway.ts'
import { json } from '../upstream/mock-answers.ts'
import { type MockUpstream, startMockUpstream } from '../upstream/mock-upstream.ts'

const TEMPLATE = 'Answer {{ who }} in one line.'
const TEMPLATE_DIGEST = digestUri(encodeUtf8(TEMPLATE))

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1790000000,
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Yes.' }, finish_reason: 'stop' }],
}

let gateway: TestGateway
let upstream: MockUpstream
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-prompts-'))
  await writeFile(join(folder, 'short.liquid'), TEMPLATE)
  upstream = await startMockUpstream(() => json(ANSWER))
  gateway = await startTestGateway({
    upstream: upstream.origin,
    measured: `
  prompts:
    - id: short
      version: "3"
      file: ${JSON.stringify(join(folder, 'short.liquid'))}
      digest: ${TEMPLATE_DIGEST}
`,
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await rm(folder, { recursive: true })
})

const messages = [{ role: 'user', content: 'Is it?' }]

async function ask(fields: object): Promise<{ readonly response: Response; readonly sent: string }> {
  const { policy, lock } = gateway.trust
  const fetch = createAttestedFetch({ policy, ...(lock && { lock }) })
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) }
  const response = await fetch(`${gateway.base}/chat/completions`, init)
  return { response, sent: new TextDecoder().decode(upstream.received.at(-1)?.body) }
}

describe('a gateway with measured prompts', () => {
  it('puts the prompt before the messages, and the client replays every octet of that', async () => {
    const prompt = { id: 'short', variables: { who: 'Ada' } }
    const { response, sent } = await ask({ model: 'alias', prompt, messages })
    expect(sent).toBe(
      '{"model":"upstream-name","messages":[{"role":"system","content":"Answer Ada in one line."},{"role":"user","content":"Is it?"}]}',
    )
    const receipt = await receiptOf(response)
    expect(receipt.checks.find(({ name }) => name === 'transforms')).toMatchObject({
      status: 'pass',
      detail: '3 replayed: model, prompt-template, prompt-template',
    })
    const quoted = await receipt.upgrade('quoted')
    expect(quoted.disclosed.dependencies?.['prompt-template']).toMatchObject([
      {
        name: 'short@3',
        digest: { sha256: TEMPLATE_DIGEST.slice('sha256:'.length) },
        annotations: { source: 'gateway' },
      },
      {
        name: 'short@3 rendered',
        digest: { sha256: digestUri(encodeUtf8('Answer Ada in one line.')).slice('sha256:'.length) },
      },
    ])
    expect(quoted.disclosed.dependencies?.['system-prompt']).toBe('none')
  })

  it('refuses what it cannot render, with a receipt, and forwards nothing', async () => {
    const before = upstream.received.length
    const { response } = await ask({ model: 'mock', prompt: { id: 'short' }, messages })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { param: 'prompt.variables', message: 'The prompt needs the variable `who`.' },
    })
    expect((await receiptOf(response)).claims.outcome).toBe('refused')
    expect(upstream.received.length).toBe(before)
  })

  it('lets the embedded model answer under the prompt, with the seed of the octets that it was given', async () => {
    const prompt = { id: 'short', version: '3', variables: { who: 'me' } }
    const { response } = await ask({ model: 'countersign-demo-2m', prompt, messages, max_tokens: 4 })
    expect(response.status).toBe(200)
    const quoted = await (await receiptOf(response)).upgrade('quoted')
    const forwarded = `{"model":"countersign-demo-2m","messages":[{"role":"system","content":"Answer me in one line."},{"role":"user","content":"Is it?"}],"max_tokens":4}`
    expect(quoted.disclosed.forwarded?.digest).toBe(digestUri(encodeUtf8(forwarded)))
    const seed = Number.parseInt(quoted.disclosed.forwarded?.digest.slice('sha256:'.length).slice(0, 8) ?? '', 16)
    expect(quoted.disclosed.dependencies?.['sampling-parameters']).toMatchObject([
      { name: expect.stringContaining(`seed=${seed} `) },
    ])
  })
})
