/** A gateway that adds context to requests: what leaves for the model server, what the receipt says, and that a client replays it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAttestedFetch, receiptOf } from '../../../src/client/index.ts'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { verifyChunk } from '../../../src/core/resources/chunk-proof.ts'
import { loadCollection } from '../../../src/retrieval/index.ts'
import { createContext } from '../../../src/server/context/create-context.ts'
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
let root: string

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url))

beforeAll(async () => {
  root = (await loadCollection(DOCS)).root
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
  collections:
    - id: docs
      directory: ${JSON.stringify(DOCS)}
      root: ${root}
      results: 3
    - id: more
      directory: ${JSON.stringify(DOCS)}
      root: ${root}
`,
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await rm(folder, { recursive: true })
})

const messages = [{ role: 'user', content: 'Is it?' }]

interface Asked {
  readonly response: Response
  /** What the model server was given last. */
  readonly sent: string
}

const ask = (fields: object, path?: string): Promise<Asked> => askText(JSON.stringify(fields), path)

async function askText(body: string, path = '/chat/completions'): Promise<Asked> {
  const { policy, lock } = gateway.trust
  const fetch = createAttestedFetch({ policy, ...(lock && { lock }) })
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
  const response = await fetch(`${gateway.base}${path}`, init)
  return { response, sent: new TextDecoder().decode(upstream.received.at(-1)?.body) }
}

describe('a gateway with a measured collection', () => {
  const QUESTION = 'What makes an answer quoted?'
  const search = { type: 'file_search', vector_store_ids: ['docs'] }

  it('gives the model the chunks that answer best, one message each, and names them and their index', async () => {
    const collection = await loadCollection(DOCS)
    const chunks = collection.search(QUESTION, { limit: 3 })
    const question = { role: 'user', content: QUESTION }
    const { response, sent } = await ask({ model: 'mock', tools: [search], tool_choice: 'auto', messages: [question] })
    const forwarded = JSON.parse(sent)
    expect(Object.keys(forwarded)).toEqual(['model', 'messages'])
    expect(forwarded.messages.at(-1)).toEqual(question)
    expect(forwarded.messages.slice(0, -1).map(({ role }: { role: string }) => role)).toEqual([
      'system',
      'system',
      'system',
    ])
    for (const [i, { id, text }] of chunks.entries()) {
      expect(forwarded.messages[i].content).toContain(`docs/${id},`)
      expect(forwarded.messages[i].content).toContain(text)
    }
    const receipt = await receiptOf(response)
    expect(receipt.checks.find(({ name }) => name === 'transforms')).toMatchObject({ status: 'pass' })
    const quoted = await receipt.upgrade('quoted')
    const annotations = { source: 'gateway' }
    expect(quoted.disclosed.dependencies).toMatchObject({
      'retrieval-index': [{ name: 'docs', digest: { sha256: root.slice('sha256:'.length) }, annotations }],
      'retrieval-result': chunks.map(({ id, digest }) => ({
        name: `docs/${id}`,
        digest: { sha256: digest.slice('sha256:'.length) },
        annotations,
      })),
    })
    // Whoever holds a chunk proves that it is in the index that the receipt names.
    const [best] = chunks
    if (best === undefined) throw new Error('the collection has no such chunk')
    const proof = collection.prove(best.id)
    expect((await verifyChunk({ id: best.id, text: encodeUtf8(best.text), proof, root })).ok).toBe(true)
    expect(encodeUtf8(quoted.token).length).toBeLessThanOrEqual(8 * 1024)
    // The gateway proves it to whoever asks, and shows no text.
    const asked = await fetch(`${gateway.base}/collections/docs/proof?chunk=${encodeURIComponent(best.id)}`)
    expect(new Uint8Array(await asked.arrayBuffer())).toEqual(proof)
    for (const none of ['docs/proof?chunk=no.md%230', 'docs/proof', 'other/proof?chunk=x', '__proto__/proof?chunk=x'])
      expect((await fetch(`${gateway.base}/collections/${none}`)).status).toBe(404)
  })

  it('fits the most chunks, a prompt and another name for the model into the header of an unstreamed answer', async () => {
    const { response } = await ask({
      model: 'alias',
      prompt: { id: 'short', variables: { who: 'Ada' } },
      tools: [{ ...search, max_num_results: 6 }],
      tool_choice: 'auto',
      messages: [{ role: 'user', content: QUESTION }],
    })
    const receipt = await receiptOf(response)
    expect(receipt.disclosed.forwarded?.transforms).toHaveLength(11)
    expect(receipt.checks.find(({ name }) => name === 'transforms')).toMatchObject({ status: 'pass' })
    const quoted = await receipt.upgrade('quoted')
    expect(quoted.disclosed.dependencies?.['retrieval-result']).toHaveLength(6)
    expect(receipt.token.length).toBeLessThanOrEqual(6 * 1024)
    expect(quoted.token.length).toBeLessThanOrEqual(8 * 1024)
  })

  it('refuses more chunks in all than a receipt has room for', async () => {
    const tool = { ...search, vector_store_ids: ['docs', 'more'], max_num_results: 4 }
    const { response } = await ask({ model: 'mock', tools: [tool], messages })
    expect(await response.json()).toMatchObject({
      error: { param: 'tools', message: expect.stringContaining('at most 6') },
    })
  })

  it('puts the chunks around an input that is text, whose octets stay as they are', async () => {
    const fields = `{"model":"mock","tools":[${JSON.stringify(search)},{"type":"x"}],"input":"quot\\u0065d?"}`
    const { sent } = await askText(fields, '/responses')
    const { input, tools } = JSON.parse(sent)
    expect(tools).toEqual([{ type: 'x' }])
    expect(input).toHaveLength(4)
    expect(input.at(-1)).toEqual({ role: 'user', content: 'quoted?' })
    expect(sent).toContain('"content":"quot\\u0065d?"}]')
  })

  it.each([
    ['an unknown collection', { ...search, vector_store_ids: ['other'] }, 'vector_store_not_found'],
    ['no collection', { ...search, vector_store_ids: [] }, null],
    ['a collection twice', { ...search, vector_store_ids: ['docs', 'docs'] }, null],
    ['a name that is none', { ...search, vector_store_ids: [1] }, null],
    ['filters, which it does not have', { ...search, filters: {} }, null],
    ['more chunks than it gives', { ...search, max_num_results: 7 }, null],
  ])('refuses %s', async (_title, tool, code) => {
    const before = upstream.received.length
    const { response } = await ask({ model: 'mock', tools: [tool], messages })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { param: 'tools', code } })
    expect((await receiptOf(response)).claims.outcome).toBe('refused')
    expect(upstream.received.length).toBe(before)
  })

  it('refuses two searches in one request, and a search where there are no messages', async () => {
    expect((await ask({ model: 'mock', tools: [search, search], messages })).response.status).toBe(400)
    expect((await ask({ model: 'mock', tools: [search], input: 'x' }, '/embeddings')).response.status).toBe(400)
  })

  it('is not begun over documents other than those measured', async () => {
    const collections = [
      { id: 'docs', directory: DOCS, root: 'sha256:'.padEnd(71, '0'), maxCharacters: 1200, results: 3 },
    ]
    const clock = { now: () => new Date(0), monotonicMs: () => 0 }
    const deps = { clock, random: (size: number) => new Uint8Array(size), env: {} }
    await expect(createContext({ models: [], collections }, deps)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining(root),
    })
  })
})

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
