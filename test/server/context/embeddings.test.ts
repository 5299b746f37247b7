/** A gateway whose collections are ranked with embeddings: what is found, what the receipt names, and what happens when the model fails. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { searchAgain } from '../../../src/cli/replay/live-documents.ts'
import { type AttestedReceipt, createAttestedFetch, receiptOf } from '../../../src/client/index.ts'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { dependencyRows } from '../../../src/core/diff/dependency-rows.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import type { ResourceDescriptor } from '../../../src/core/evidence/resource-descriptor.ts'
import type { Policy } from '../../../src/core/policy.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { loadCollection } from '../../../src/retrieval/index.ts'
import { decodeConfig } from '../../../src/server/config/index.ts'
import { startTestGateway, type TestGateway } from '../../kit/gateway.ts'
import { json } from '../upstream/mock-answers.ts'
import { type MockUpstream, type Script, startMockUpstream } from '../upstream/mock-upstream.ts'

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1790000000,
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Yes.' }, finish_reason: 'stop' }],
}
const WEIGHTS = `sha256:${'e'.repeat(64)}`
const QUESTION = 'car?'
const SECRET = 'automobile'

let gateway: TestGateway
let upstream: MockUpstream
let folder: string
let root: string

/** What a model that knows both words makes of a text: vehicles, fruit, and a little of everything. */
const vectorOf = (text: string): readonly number[] => [
  /\b(?:car|automobile)\b/.test(text) ? 1 : 0,
  /apple/.test(text) ? 1 : 0,
  0.1,
]
const embeddings = (input: readonly string[]): Script =>
  json({
    object: 'list',
    data: input.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) })),
  })
let embed: (input: readonly string[]) => Script = embeddings

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-embeddings-'))
  await writeFile(join(folder, 'a.txt'), 'An apple hangs on the tree.')
  await writeFile(join(folder, 'b.txt'), `The ${SECRET} stands in the garage.`)
  root = (await loadCollection(folder)).root
  upstream = await startMockUpstream(({ path, body }) => {
    if (path !== '/v1/embeddings') return json(ANSWER)
    const { input } = JSON.parse(new TextDecoder().decode(body))
    return embed(input)
  })
  const collection = (id: string, more: string): string =>
    `    - { id: ${id}, directory: ${JSON.stringify(folder)}, root: "${root}", results: 1${more} }\n`
  gateway = await startTestGateway({
    upstream: upstream.origin,
    models: `    - { id: e5, upstream: mock, name: e5-small, digest: "${WEIGHTS}" }\n`,
    measured: `  collections:\n${collection('words', '')}${collection('both', ', embeddings: { model: e5 }')}${collection('other', ', embeddings: { model: alias }')}`,
  })
})
beforeEach(() => {
  embed = embeddings
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await rm(folder, { recursive: true })
})

interface Asked {
  readonly response: Response
  /** What model servers were given for it: path and content. */
  readonly sent: readonly { readonly path: string; readonly text: string }[]
}

async function ask(collections: readonly string[], policy: Partial<Policy> = {}, signal?: AbortSignal): Promise<Asked> {
  const before = upstream.received.length
  const { policy: own, lock } = gateway.trust
  const fetch = createAttestedFetch({ policy: { ...own, ...policy }, ...(lock && { lock }) })
  const tools = [{ type: 'file_search', vector_store_ids: collections }]
  const response = await fetch(`${gateway.base}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'mock', tools, messages: [{ role: 'user', content: QUESTION }] }),
    ...(signal && { signal }),
  })
  const received = upstream.received.slice(before)
  return { response, sent: received.map(({ path, body }) => ({ path, text: new TextDecoder().decode(body) })) }
}

async function quoted(response: Response): Promise<AttestedReceipt> {
  return (await receiptOf(response)).upgrade('quoted')
}

function indexOf({ disclosed }: AttestedReceipt): readonly ResourceDescriptor[] {
  const found = disclosed.dependencies?.['retrieval-index']
  return found === undefined || found === 'none' ? [] : found
}

const rankingUri = (model: string): string =>
  `urn:countersign:ranking:1?=method=bm25,cosine&rrf=60&${model}&upstream=local`
const E5 = rankingUri(`model=e5&name=e5-small&digest=${WEIGHTS}`)
const ALIAS = rankingUri('model=alias&name=upstream-name&digest=none')

describe('a collection with embeddings', () => {
  it('fails honestly while its model does, boots all the same, and is never searched by words alone', async () => {
    embed = () => json({ error: { message: `cannot embed ${SECRET}` } }, 500)
    const { response, sent } = await ask(['both'])
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({
      error: {
        code: 'context_unavailable',
        message: 'The collection cannot be searched now: the embedding model answered with status 500.',
      },
    })
    expect(response.headers.get('retry-after')).toBe('5')
    expect((await receiptOf(response)).claims.outcome).toBe('refused')
    expect(sent.map(({ path }) => path)).toEqual(['/v1/embeddings'])
  })

  it('answers what no word of the question is in, and the receipt names the model that found it', async () => {
    const byWords = await ask(['words'])
    expect(JSON.parse(byWords.sent[0]?.text ?? '').messages).toHaveLength(1)
    const { response, sent } = await ask(['both'])
    const [chunks, query, chat] = sent
    expect(JSON.parse(chunks?.text ?? '')).toEqual({
      model: 'e5-small',
      input: ['An apple hangs on the tree.', `The ${SECRET} stands in the garage.`],
      encoding_format: 'float',
    })
    expect(JSON.parse(query?.text ?? '')).toEqual({ model: 'e5-small', input: [QUESTION], encoding_format: 'float' })
    expect(JSON.parse(chat?.text ?? '').messages[0].content).toContain(`The ${SECRET} stands in the garage.`)
    const signed = await receiptOf(response)
    expect(signed.checks.find(({ name }) => name === 'transforms')).toMatchObject({ status: 'pass' })
    const receipt = await signed.upgrade('quoted')
    expect(receipt.disclosed.dependencies?.['retrieval-result']).toMatchObject([{ name: 'both/b.txt#0' }])
    expect(indexOf(receipt)).toMatchObject([
      { name: 'both', digest: { sha256: root.slice('sha256:'.length) }, annotations: { scheme: 'rfc6962' } },
      {
        name: 'both ranking',
        uri: E5,
        digest: { sha256: digestUri(encodeUtf8(E5)).slice('sha256:'.length) },
        annotations: { scheme: 'raw', source: 'gateway' },
      },
    ])
    // Chunks are embedded once.
    expect((await ask(['both'])).sent.map(({ path }) => path)).toEqual(['/v1/embeddings', '/v1/chat/completions'])
  })

  it('shows another model in the comparison, and is refused by a policy that pins the first', async () => {
    const pins = { 'retrieval-index': [root, digestUri(encodeUtf8(E5))] }
    const dependencies = { dependencies: pins }
    const [first, again] = [await ask(['both'], dependencies), await ask(['other'])]
    await expect(ask(['other'], dependencies).then(({ response }) => receiptOf(response))).rejects.toMatchObject({
      failure: 'DEPENDENCY_UNPINNED',
    })
    // A ranking by words alone is refused too, where the root is pinned for another one.
    const byRoot = { dependencies: { 'retrieval-index': [root] } }
    await expect(ask(['both'], byRoot).then(({ response }) => receiptOf(response))).rejects.toMatchObject({
      failure: 'DEPENDENCY_UNPINNED',
    })
    const receipts = [await quoted(first.response), await quoted(again.response)].map(({ token }) =>
      decodeReceipt(token),
    )
    const [a, b] = receipts
    if (a === undefined || b === undefined) throw new Error('two receipts')
    const rows = dependencyRows(a, b).filter(({ group, state }) => group === 'retrieval-index' && state !== 'same')
    expect(rows.find(({ name }) => name === 'both ranking')?.before).toContain(E5)
    expect(rows.find(({ name }) => name === 'other ranking')?.after).toContain(ALIAS)
    // What vectors found is not searched for again by words.
    const config = { directory: folder, root, maxCharacters: 1200, results: 1 }
    const configs = ['both', 'other'].map((id) => ({ id, ...config }))
    const recorded = { receipt: a, request: 'not-held', response: 'not-held', inserts: new Map() } as const
    expect(await searchAgain(recorded, configs)).toMatchObject([
      { kind: 'index', name: 'both', status: 'same' },
      { kind: 'chunk', status: 'not-asked', detail: 'an embedding model ranked it' },
    ])
  })

  it.each([
    ['no vector', () => json({ data: [] }), 'is no list of 1 embeddings'],
    [
      'a value that is none',
      () => json({ data: [{ index: 0, embedding: [null, 1, 1] }] }),
      'a value that is no number',
    ],
    ['another dimension', () => json({ data: [{ index: 0, embedding: [1, 1] }] }), '3 dimensions before, and now 2'],
  ])('refuses a model server that gives %s for the query, and searches again after it', async (_title, bad, told) => {
    await ask(['both'])
    embed = bad
    const { response } = await ask(['both'])
    expect(response.status).toBe(503)
    const text = await response.text()
    expect(text).toContain(told)
    expect(text).not.toContain(QUESTION)
    embed = embeddings
    expect((await ask(['both'])).response.status).toBe(200)
  })

  it('gives up the query when the client leaves', async () => {
    await ask(['both'])
    embed = () => ['hang']
    const leave = new AbortController()
    const asked = ask(['both'], {}, leave.signal)
    const query = await upstream.request(upstream.received.length)
    leave.abort()
    await expect(asked).rejects.toThrow()
    await query.gone
    expect(query.path).toBe('/v1/embeddings')
  })
})

describe('a configuration with embeddings', () => {
  const decode = (model: string): unknown =>
    decodeConfig(
      `measured:
  host: gw.example.com
  models: [{ id: small, upstream: embedded, name: countersign-demo-2m }]
  upstreams: { embedded: { kind: embedded } }
  collections:
    - id: docs
      directory: /srv/docs
      root: ${WEIGHTS}
      embeddings: { model: ${model} }
operational: { apiKeys: dangerously-none }
`,
      { env: {}, file: 'c.yaml' },
    )

  it.each([
    ['no model', 'absent', 'c.yaml:9:21: measured.collections[0].embeddings.model: names no model of measured.models'],
    ['a model that cannot embed', 'small', 'embeddings.model: names the embedded model, which answers chats alone'],
  ])('that names %s is refused with its line', (_title, model, told) => {
    expect(() => decode(model)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringContaining(told) }),
    )
  })
})
