/** Prompt, memory and documents in one request, as an attested client sees them: each receipt verifies, and so does their chain. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAttestedFetch, createConversation, receiptOf } from '../../../src/client/index.ts'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { verifyConversation } from '../../../src/core/receipt/conversation.ts'
import { loadCollection } from '../../../src/retrieval/index.ts'
import { hashApiKey } from '../../../src/server/config/index.ts'
import { startTestGateway, type TestGateway } from '../../kit/gateway.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { createMemoryStore, memoryPath } from '../../kit/memory-store.ts'
import { CHAT_COMPLETION, json } from '../upstream/mock-answers.ts'
import { type MockUpstream, startMockUpstream } from '../upstream/mock-upstream.ts'

const KEY = 'cs_client'
const TEMPLATE = 'Be brief.'
const QUESTION = 'When is the harbour closed?'
const files = new MemoryFiles()

let gateway: TestGateway
let upstream: MockUpstream
let folder: string
let answers = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-memory-'))
  const documents = join(folder, 'documents')
  await writeFile(join(folder, 'brief.liquid'), TEMPLATE)
  await mkdir(documents)
  await writeFile(join(documents, 'harbour.md'), '# Harbour\n\nThe harbour is closed on Sundays.\n')
  const { root } = await loadCollection(documents)
  upstream = await startMockUpstream(() => json({ ...CHAT_COMPLETION, id: `chatcmpl-${++answers}` }))
  gateway = await startTestGateway({
    upstream: upstream.origin,
    store: createMemoryStore(files),
    apiKeys: `[{ id: a, tenant: a, sha256: "${hashApiKey(KEY)}", models: all }]`,
    measured: `
  prompts:
    - id: brief
      version: "1"
      file: ${JSON.stringify(join(folder, 'brief.liquid'))}
      digest: ${digestUri(encodeUtf8(TEMPLATE))}
  collections:
    - id: docs
      directory: ${JSON.stringify(documents)}
      root: ${root}
  memory: {}
`,
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await rm(folder, { recursive: true })
})

function converse() {
  const { policy, lock } = gateway.trust
  const { fetch, receipts } = createConversation(createAttestedFetch({ policy, ...(lock && { lock }) }))
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` }
  const ask = (fields: object): Promise<Response> =>
    fetch(`${gateway.base}/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ model: 'mock', ...fields }),
    })
  return { ask, receipts }
}
const user = (content: string) => ({ role: 'user', content })
const sent = () => JSON.parse(new TextDecoder().decode(upstream.received.at(-1)?.body))
const full = { prompt: { id: 'brief' }, tools: [{ type: 'file_search', vector_store_ids: ['docs'] }] }

/** Two turns, the second with everything at once. */
async function twoTurns() {
  const { ask, receipts } = converse()
  await (await ask({ messages: [user('Hello')], store: true })).arrayBuffer()
  const response = await ask({ ...full, messages: [user(QUESTION)], previous_response_id: `chatcmpl-${answers}` })
  const last = await (await receiptOf(response)).upgrade('quoted')
  const tokens: string[] = []
  for (const receipt of receipts) tokens.push((await receipt.upgrade('quoted')).token)
  return { last, tokens }
}

describe('[R13] a remembered conversation', () => {
  it('stands between prompt and documents, and receipts and chain verify', async () => {
    const { last, tokens } = await twoTurns()
    expect(
      sent().messages.map(({ role, content }: { role: string; content: string }) => `${role}: ${content}`),
    ).toEqual([
      'system: Be brief.',
      'user: Hello',
      'assistant: Hello',
      expect.stringContaining('The harbour is closed on Sundays.'),
      `user: ${QUESTION}`,
    ])
    const status = (name: string) => last.checks.find((check) => check.name === `receipt.${name}`)?.status
    expect([status('transforms'), status('memory')]).toEqual(['pass', 'pass'])
    const verdict = await verifyConversation(tokens)
    expect(verdict.ok).toBe(true)
    expect(verdict.checks.find(({ name }) => name === 'memory')).toMatchObject({ status: 'pass', detail: '1 links' })
  })

  it('of which the host brings back an earlier state is refused by the chain', async () => {
    const { ask, receipts } = converse()
    const kept = () => files.paths().filter((path) => path.startsWith(memoryPath('private/memory/')))
    const before = new Set(kept())
    await (await ask({ messages: [user('Hello')], store: true })).arrayBuffer()
    const [path = ''] = kept().filter((name) => !before.has(name))
    const earlier = files.read(path)?.slice() ?? new Uint8Array(0)
    // The model server gives the same id once more.
    answers--
    await (await ask({ messages: [user('Forget that.')], store: true })).arrayBuffer()
    files.put(path, earlier)
    await (await ask({ messages: [user('And?')], previous_response_id: `chatcmpl-${answers}` })).arrayBuffer()
    expect(sent().messages[0]).toEqual(user('Hello'))
    const tokens: string[] = []
    for (const receipt of receipts) tokens.push((await receipt.upgrade('quoted')).token)
    expect(await verifyConversation(tokens)).toMatchObject({ ok: false, code: 'STATE_CHAIN_BROKEN' })
  })
})
