/** Two answers that differ in one planted thing. */
import type { Archive } from '../../../src/core/archive/index.ts'
import { sha256 } from '../../../src/core/crypto/index.ts'
import { archiveSide, diffSides, isChange, type Row } from '../../../src/core/diff/index.ts'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import type { JsonObject } from '../../../src/core/encoding/json.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import type { ResourceDescriptor } from '../../../src/core/evidence/resource-descriptor.ts'
import type { Session } from '../../../src/core/evidence/session.ts'
import { DEPENDENCY_ROLES, type DependencyRole } from '../../../src/core/receipt/disclosed.ts'
import type { SimulatedSnp } from '../../../src/simulator/index.ts'
import { createSimulatedSnp } from '../../../src/simulator/index.ts'
import { type AnswerRecipe, CONFIG_DIGEST, issueAnswer, MODEL } from '../../kit/issue-answer.ts'
import { simulatedClock } from '../../kit/simulated-clock.ts'
import { testPki } from '../../server/gateway/test-pki.ts'

export function hex(text: string): string {
  return encodeHex(sha256(encodeUtf8(text)))
}

/** A dependency by what it holds. */
export function dependency(role: string, name: string, holds: string): ResourceDescriptor {
  return { name, digest: { sha256: hex(holds) }, annotations: { scheme: 'raw', role, source: 'gateway' } }
}

const of = (role: DependencyRole, ...things: readonly (readonly [string, string])[]): readonly ResourceDescriptor[] =>
  things.map(([name, holds]) => dependency(role, name, holds))

/** Something in every role. */
export const RELIED_ON: Readonly<Record<DependencyRole, readonly ResourceDescriptor[]>> = {
  'prompt-template': of('prompt-template', ['support@3', 'Answer {{question}}']),
  'chat-template': of('chat-template', ['chat_template.jinja', '{{ messages }}']),
  'system-prompt': of('system-prompt', ['messages[0]', 'Be brief.']),
  tokenizer: of('tokenizer', ['tokenizer.json', '{}']),
  'sampling-parameters': of('sampling-parameters', ['temperature=0.7 seed=5 stop=1', 'temperature 0.7, seed 5, END']),
  'tool-definitions': of('tool-definitions', ['search', '{"query":"string"}'], ['fetch', '{"url":"string"}']),
  'tool-call': of('tool-call', ['docs/search', 'one result'], ['docs/fetch', 'a page']),
  'retrieval-index': of('retrieval-index', ['docs', 'root']),
  'retrieval-result': of('retrieval-result', ['formats.md#1', 'chunk one'], ['formats.md#2', 'chunk two']),
  'memory-before': of('memory-before', ['conversation', 'one turn']),
  'memory-after': of('memory-after', ['conversation', 'two turns']),
}

export const EXCHANGE: JsonObject = {
  http: { '@method': 'POST', '@path': '/v1/chat/completions', '@status': 200 },
  gen_ai: { operation_name: 'chat', request_model: 'demo', response_id: 'chatcmpl-1', usage_input_tokens: 9 },
  upstream: { host: 'vllm.example.com', tls_spki_sha256: hex('key') },
  channel: 'tls',
  retry_count: 0,
  started: 1_800_000_000,
  duration_ms: 12,
}

export const snp: SimulatedSnp = await createSimulatedSnp({
  pki: await testPki(),
  clock: simulatedClock,
  latencyMs: 0,
  throttle: 'none',
})

/** What verifies these answers, as a trial policy and lock take it. */
export const REFERENCES = {
  rootFingerprint: snp.rootFingerprint,
  measurement: snp.measurement,
  config: `sha256:${CONFIG_DIGEST}`,
  models: [MODEL],
  host: 'gw.example.com',
}

export interface Planted extends AnswerRecipe {
  readonly dependencies?: Partial<Record<DependencyRole, readonly ResourceDescriptor[] | 'none'>>
  readonly exchange?: JsonObject
}

/** An answer that relied on something in every role, but for what is planted. */
export function archiveOf({ dependencies, exchange = EXCHANGE, ...recipe }: Planted = {}): Archive {
  const given = { ...RELIED_ON, ...dependencies }
  return issueAnswer(snp, {
    claims: (claims) => ({ ...claims, engine: { ...claims.engine, flags: `sha256:${hex('--flags')}` } }),
    ...recipe,
    disclosed: (values) => {
      const all = {
        ...values,
        dependencies: Object.fromEntries(DEPENDENCY_ROLES.map((role) => [role, given[role]])),
        exchange,
      }
      return recipe.disclosed?.(all) ?? all
    },
  }).archive
}

/** Replaces one dependency of a session. */
export function inSession(role: string, change: (one: ResourceDescriptor) => ResourceDescriptor) {
  return (session: Session): Session => ({
    ...session,
    dependencies: session.dependencies.map((one) => (one.annotations.role === role ? change(one) : one)),
  })
}

export function rowsBetween(before: Archive, after: Archive): readonly Row[] {
  return diffSides(archiveSide(before), archiveSide(after))
}

/** Changes as `state group: name`. */
export function changesBetween(before: Archive, after: Archive): readonly string[] {
  return rowsBetween(before, after)
    .filter(isChange)
    .map(({ state, group, name }) => `${state} ${group}: ${name}`)
}

/** The archive of a holder who put in what was sent and received. */
export function withContent(planted: Planted): Archive {
  const { request, response, mediaType = 'application/json' } = planted
  return {
    ...archiveOf(planted),
    ...(request && { request: { mediaType: 'application/json', octets: request } }),
    ...(response && { response: { mediaType, octets: response } }),
  }
}
