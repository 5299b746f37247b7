/** The examples of docs/adapters.md, run as they stand against a running gateway. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as aiSdk from '../../docs/examples/adapters/ai-sdk.ts'
import * as langchain from '../../docs/examples/adapters/langchain.ts'
import * as openai from '../../docs/examples/adapters/openai.ts'
import { decodeReceipt } from '../../src/core/receipt/receipt.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'

const MODEL = 'countersign-demo-2m'

let gateway: TestGateway
let options: {
  baseURL: string
  apiKey: string
  policy: TestGateway['trust']['policy']
  lock: NonNullable<TestGateway['trust']['lock']>
}
beforeAll(async () => {
  gateway = await startTestGateway()
  const { policy, lock } = gateway.trust
  if (lock === undefined) throw new Error('the trial has a lock')
  options = { baseURL: gateway.base, apiKey: 'none', policy, lock }
})
afterAll(() => gateway.close())

interface Answer {
  readonly text: string
  readonly receipt: unknown
}

const examples: Readonly<Record<string, () => Promise<readonly [Answer, Answer]>>> = {
  'OpenAI SDK': async () => {
    const client = openai.createClient(options)
    return [await openai.ask(client, MODEL), await openai.askStreaming(client, MODEL)]
  },
  'AI SDK': async () => {
    const provider = aiSdk.createProvider(options)
    return [await aiSdk.ask(provider, MODEL), await aiSdk.askStreaming(provider, MODEL)]
  },
  LangChain: async () => {
    const model = langchain.createModel({ ...options, model: MODEL })
    return [await langchain.ask(model), await langchain.askStreaming(model)]
  },
}

describe.each(Object.keys(examples))('the example for %s', (name) => {
  it('gives answers with receipts, whole and streamed', async () => {
    const answers = (await examples[name]?.()) ?? []
    expect(answers).toHaveLength(2)
    const names = answers.map(({ text, receipt }) => {
      expect(text).not.toBe('')
      return decodeReceipt(String(receipt)).claims.jti
    })
    expect(new Set(names).size).toBe(2)
  })
})

describe('the example for OpenAI SDK', () => {
  it('tells an answer that does not verify from one that did not come', async () => {
    const { policy } = options
    const client = openai.createClient({ ...options, policy: { ...policy, origins: ['gw.example.org/log/'] } })
    const refused = await openai.ask(client.withOptions({ maxRetries: 0 }), MODEL).catch(openai.explain)
    expect(refused).toMatch(/^Do not trust this gateway: [A-Z0-9_]+\.$/)
    const honest = openai.createClient(options)
    expect(await openai.ask(honest, 'nobody').catch(openai.explain)).toBe('The gateway could not answer.')
  })
})

describe('docs/adapters.md', () => {
  it('imports and calls nothing that the examples do not', () => {
    const page = readFileSync('docs/adapters.md', 'utf8')
    const code = ['openai', 'ai-sdk', 'langchain']
      .map((name) => readFileSync(`docs/examples/adapters/${name}.ts`, 'utf8'))
      .join('')
    const blocks = [...page.matchAll(/^```ts\n(.+?)^```$/gms)].map(([, block = '']) => block)
    expect(blocks).toHaveLength(4)
    const names = blocks.flatMap((block) =>
      [...block.matchAll(/[\w.]+(?=\()|(?<=from )'countersign[^']*'/g)].map(([name]) => name),
    )
    expect(names.length).toBeGreaterThan(12)
    for (const name of names) expect(code).toContain(name.replace(/^chat[.](?=invoke)/, 'model.'))
  })
})
