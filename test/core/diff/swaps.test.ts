/** Planted swaps: one thing differs, exactly its row changes, and nothing else does. */
import { describe, expect, it } from 'vitest'
import type { Archive } from '../../../src/core/archive/index.ts'
import type { JsonObject } from '../../../src/core/encoding/json.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import type { ReceiptClaims } from '../../../src/core/receipt/claims.ts'
import type { Splice } from '../../../src/core/transform/splice.ts'
import { MODEL, REQUEST } from '../../kit/issue-answer.ts'
import {
  archiveOf,
  changesBetween,
  dependency,
  EXCHANGE,
  hex,
  inSession,
  type Planted,
  RELIED_ON,
  rowsBetween,
  snp,
  withContent,
} from './answers.ts'

const claims = (change: (claims: ReceiptClaims) => Partial<ReceiptClaims>): Planted => ({
  claims: (all) => {
    const flagged = { ...all, engine: { ...all.engine, flags: `sha256:${hex('--flags')}` } }
    return { ...flagged, ...change(flagged) }
  },
})
const upstream = (members: JsonObject): Planted => ({
  exchange: { ...EXCHANGE, upstream: { host: 'vllm.example.com', ...members } },
})
const KEY = { tls_spki_sha256: hex('key') }
const [search, fetch] = RELIED_ON['tool-call']
const [first, second] = RELIED_ON['retrieval-result']
const [searchTool, fetchTool] = RELIED_ON['tool-definitions']
if (!search || !fetch || !first || !second || !searchTool || !fetchTool) throw new Error('the fixture lost an entry')

const splice = (insert: string, at = 1, role = 'system-prompt'): Splice => ({
  at,
  remove: 0,
  insert: encodeUtf8(insert),
  role,
})
const withSplices = (...splices: readonly Splice[]): Planted => ({ splices })

const SWAPS: readonly (readonly [name: string, planted: Planted, change: string, before?: Planted])[] = [
  [
    'weights of the same name',
    {
      ...claims(() => ({ model: { ...MODEL, digest: `sha256:${hex('other')}` } })),
      session: inSession('model', (one) => ({ ...one, digest: { sha256: hex('other') } })),
    },
    'changed weights: digest',
  ],
  ['weights that nobody measured', claims(() => ({ model: { ...MODEL, digest: 'none' } })), 'removed weights: digest'],
  [
    'who vouches for the weights',
    { session: inSession('model', (one) => ({ ...one, annotations: { ...one.annotations, source: 'operator' } })) },
    'changed weights: vouched for by',
  ],
  ['model name', claims(({ model }) => ({ model: { ...model, name: 'other' } })), 'changed model: name'],
  [
    'tokenizer',
    { dependencies: { tokenizer: [dependency('tokenizer', 'tokenizer.json', '{"a":1}')] } },
    'changed tokenizer: tokenizer.json',
  ],
  [
    'chat template',
    { dependencies: { 'chat-template': [dependency('chat-template', 'chat_template.jinja', 'x')] } },
    'changed chat-template: chat_template.jinja',
  ],
  [
    'prompt template of another version',
    { dependencies: { 'prompt-template': [dependency('prompt-template', 'support@4', 'Answer {{question}}')] } },
    'changed prompt-template: support@4',
  ],
  ['prompt template taken out', { dependencies: { 'prompt-template': 'none' } }, 'removed prompt-template: support@3'],
  [
    'system prompt',
    { dependencies: { 'system-prompt': [dependency('system-prompt', 'messages[0]', 'Be long.')] } },
    'changed system-prompt: messages[0]',
  ],
  [
    'sampling default',
    {
      dependencies: {
        'sampling-parameters': [dependency('sampling-parameters', 'temperature=1 seed=5 stop=1', 'temperature 1')],
      },
    },
    'changed sampling-parameters: temperature',
  ],
  [
    'seed',
    {
      dependencies: {
        'sampling-parameters': [dependency('sampling-parameters', 'temperature=0.7 seed=6 stop=1', 'seed 6')],
      },
    },
    'changed sampling-parameters: seed',
  ],
  [
    'sampling parameter added',
    {
      dependencies: {
        'sampling-parameters': [dependency('sampling-parameters', 'temperature=0.7 seed=5 stop=1 top_p=0.5', 'top_p')],
      },
    },
    'added sampling-parameters: top_p',
  ],
  [
    'stop strings, shown by count alone',
    {
      dependencies: {
        'sampling-parameters': [dependency('sampling-parameters', 'temperature=0.7 seed=5 stop=1', 'HALT')],
      },
    },
    'changed sampling-parameters: values that are not shown',
  ],
  [
    'tool schema',
    { dependencies: { 'tool-definitions': [dependency('tool-definitions', 'search', '{"q":"string"}'), fetchTool] } },
    'changed tool-definitions: search',
  ],
  [
    'tool added',
    { dependencies: { 'tool-definitions': [searchTool, fetchTool, dependency('tool-definitions', 'delete', '{}')] } },
    'added tool-definitions: delete',
  ],
  [
    'tools in another order',
    { dependencies: { 'tool-definitions': [fetchTool, searchTool] } },
    'changed tool-definitions: search',
  ],
  [
    'tool result',
    { dependencies: { 'tool-call': [dependency('tool-call', 'docs/search', 'another result'), fetch] } },
    'changed tool-call: docs/search',
  ],
  ['tool calls in another order', { dependencies: { 'tool-call': [fetch, search] } }, 'changed tool-call: docs/search'],
  ['tool call left out', { dependencies: { 'tool-call': [fetch] } }, 'removed tool-call: docs/search'],
  [
    'tool call put in between',
    { dependencies: { 'tool-call': [search, dependency('tool-call', 'docs/list', 'x'), fetch] } },
    'added tool-call: docs/list',
  ],
  [
    'retrieval index',
    { dependencies: { 'retrieval-index': [dependency('retrieval-index', 'docs', 'root with one chunk changed')] } },
    'changed retrieval-index: docs',
  ],
  [
    'chunk',
    { dependencies: { 'retrieval-result': [first, dependency('retrieval-result', 'formats.md#2', 'edited')] } },
    'changed retrieval-result: formats.md#2',
  ],
  ['chunk left out', { dependencies: { 'retrieval-result': [first] } }, 'removed retrieval-result: formats.md#2'],
  [
    'chunks in another order',
    { dependencies: { 'retrieval-result': [second, first] } },
    'changed retrieval-result: formats.md#1',
  ],
  [
    'memory turn',
    { dependencies: { 'memory-before': [dependency('memory-before', 'conversation', 'another turn')] } },
    'changed memory-before: conversation',
  ],
  [
    'memory that was written',
    { dependencies: { 'memory-after': [dependency('memory-after', 'conversation', 'x')] } },
    'changed memory-after: conversation',
  ],
  ['upstream kind', claims(() => ({ upstream: { kind: 'remote' } })), 'changed upstream: kind'],
  ['upstream host', upstream({ ...KEY, host: 'elsewhere.example.com' }), 'changed upstream: host'],
  ['upstream TLS key', upstream({ tls_spki_sha256: hex('another key') }), 'changed upstream: TLS key'],
  ['upstream TLS key no longer named', upstream({}), 'removed upstream: TLS key'],
  ['engine name', claims(({ engine }) => ({ engine: { ...engine, name: 'other' } })), 'changed engine: name'],
  ['engine version', claims(({ engine }) => ({ engine: { ...engine, version: '0.2.0' } })), 'changed engine: version'],
  [
    'engine determinism',
    claims(({ engine }) => ({ engine: { ...engine, determinism: 'best-effort' } })),
    'changed engine: determinism',
  ],
  [
    'engine flags',
    claims(({ engine }) => ({ engine: { ...engine, flags: `sha256:${hex('--other')}` } })),
    'changed engine: flags',
  ],
  [
    'configuration',
    { session: inSession('configuration', (one) => ({ ...one, digest: { sha256: hex('c') } })) },
    'changed configuration: measured-config',
  ],
  ['software version', { session: (session) => ({ ...session, swversion: ['0.2.0'] }) }, 'changed code: software'],
  [
    'source of the code',
    {
      session: (session) => ({
        ...session,
        dependencies: [...session.dependencies, dependency('source', 'git', 'commit')],
      }),
    },
    'added code: git',
  ],
  ['channel', { exchange: { ...EXCHANGE, channel: 'ohttp' } }, 'changed channel: seen by the gateway'],
  [
    'status',
    { exchange: { ...EXCHANGE, http: { '@method': 'POST', '@path': '/v1/chat/completions', '@status': 500 } } },
    'changed outcome: status',
  ],
  ['outcome', claims(() => ({ outcome: 'incomplete' })), 'changed outcome: outcome'],
  [
    'a member of the exchange that this version does not know',
    { exchange: { ...EXCHANGE, truncated: true } },
    'added exchange: truncated',
  ],
  ['issuer', claims(() => ({ iss: 'https://other.example.com' })), 'changed platform: issuer'],
  [
    'inserted octets',
    withSplices(splice('"a":2,')),
    'changed transforms: system-prompt',
    withSplices(splice('"a":1,')),
  ],
  ['splice added', withSplices(splice('"a":1,')), 'added transforms: system-prompt'],
  [
    'splice at another place of the same request',
    withSplices(splice(' ', 16)),
    'changed transforms: system-prompt',
    withSplices(splice(' ', 1)),
  ],
]

describe('planted swaps', () => {
  const rows = SWAPS.map(([name, planted, change, before = {}]) => ({ name, planted, change, before }))
  it.each(rows)('shows $name, and nothing else', ({ planted, change, before }) => {
    expect(changesBetween(archiveOf(before), archiveOf(planted))).toEqual([change])
  })

  it('shows that the machine measured other code', () => {
    const report = (reportData: Uint8Array): Uint8Array =>
      snp.report(reportData, { measurement: new Uint8Array(48).fill(9) })
    expect(changesBetween(archiveOf(), archiveOf({ report }))).toEqual(['changed code: measurement'])
  })

  it('shows another role behind equal octets as one splice less and one more', () => {
    const [before, after] = [archiveOf(withSplices(splice(' '))), archiveOf(withSplices(splice(' ', 1, 'tokenizer')))]
    expect(changesBetween(before, after)).toEqual(['removed transforms: system-prompt', 'added transforms: tokenizer'])
  })
})

describe('what is no change', () => {
  it('finds nothing between two answers that relied on the same, and tells all of it', () => {
    const again = archiveOf({
      ...claims(({ seq, iat }) => ({ jti: 'AAAAAAAAAAAAAAAAAAAAAA', seq: seq + 7, iat: iat + 9 })),
      nonce: new Uint8Array(32).fill(7),
    })
    const rows = rowsBetween(archiveOf(), again)
    expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['same']))
    expect(rows.length).toBeGreaterThan(30)
  })

  it('passes over ids, times and links of the exchange', () => {
    const exchange = {
      ...EXCHANGE,
      started: 1,
      duration_ms: 2,
      retry_count: 3,
      prev: `sha256:${hex('p')}`,
      attempts: [{ status: 503 }],
    }
    expect(changesBetween(archiveOf(), archiveOf({ exchange }))).toEqual([])
  })

  it('compares what the model said where the gateway digested it alone', () => {
    const output = (digest: string, response: string): Planted => ({
      response: encodeUtf8(response),
      disclosed: (values) => ({ ...values, response: { ...values.response, output_digest: `sha256:${hex(digest)}` } }),
    })
    expect(changesBetween(archiveOf(output('said', '{"id":1}')), archiveOf(output('said', '{"id":2}')))).toEqual([])
    expect(changesBetween(archiveOf(output('said', '{"id":1}')), archiveOf(output('other', '{"id":2}')))).toEqual([
      'changed response: output',
    ])
  })

  it.each([
    ['application/json', '{"id":"a","created":1,"choices":[{"message":{"content":"WORD"}}]}'],
    [
      'text/event-stream',
      'data: {"id":"a","created":1,"choices":[{"delta":{"content":"WORD"}}]}\n\n: keep-alive\n\ndata: [DONE]\n\n',
    ],
  ])('tells what was said from ids and times where the answers are at hand: %s', (mediaType, text) => {
    const answer = (id: string, word: string): Archive =>
      withContent({
        mediaType,
        response: encodeUtf8(text.replace('"a","created":1', `"${id}","created":2`).replace('WORD', word)),
      })
    expect(changesBetween(answer('a', 'yes'), answer('b', 'yes'))).toEqual([])
    expect(changesBetween(answer('a', 'yes'), answer('b', 'no'))).toEqual([
      'changed response: output, without ids and times',
    ])
  })

  it('compares octets that are no JSON as they are, and tells nothing from digests alone', () => {
    const [before, after] = ['one', 'two'].map((text) => ({ response: encodeUtf8(text) }))
    if (before === undefined || after === undefined) throw new Error('two answers')
    expect(changesBetween(withContent(before), withContent(after))).toEqual(['changed response: content'])
    expect(rowsBetween(withContent(before), archiveOf(after)).filter(({ state }) => state !== 'same')).toMatchObject([
      { group: 'response', state: 'unknown', reason: expect.stringMatching(/is not at hand in B$/) },
    ])
  })

  it('does not take splices for changed that an edit of the request moved', () => {
    const longer = encodeUtf8(`   ${new TextDecoder().decode(REQUEST)}`)
    const moved = archiveOf({ request: longer, splices: [splice(' ', 4)] })
    expect(changesBetween(archiveOf(withSplices(splice(' ', 1))), moved)).toEqual(['changed request: content'])
  })
})
