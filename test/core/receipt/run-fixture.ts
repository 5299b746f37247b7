/** Answers of runs with tools and memory, as data: each part of one can be changed without the others, as whoever forges it would. */
import { inject } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeJcs } from '../../../src/core/encoding/jcs.ts'
import type { JsonObject, JsonValue } from '../../../src/core/encoding/json.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { decodeSession } from '../../../src/core/evidence/session.ts'
import { decodeVkey } from '../../../src/core/log/index.ts'
import { type HeldExchange, holdOctets, judgeReceipt, type SessionView } from '../../../src/core/receipt/verify.ts'
import { JsonEdits } from '../../../src/core/transform/json-edit.ts'
import type { Splice } from '../../../src/core/transform/splice.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { createSimulatedSnp, importPki } from '../../../src/simulator/index.ts'
import type { TestKey } from '../../kit/ed25519.ts'
import { type DisclosedValues, type IssuedAnswer, issueAnswer } from '../../kit/issue-answer.ts'
import { simulatedClock } from '../../kit/simulated-clock.ts'
import { readFixture } from './fixture.ts'

const snp = await createSimulatedSnp({
  pki: importPki(inject('simulatedPki')),
  clock: simulatedClock,
  latencyMs: 1,
  throttle: 'none',
})
const quoted = readFixture('quoted')

export const digestOf = (text: string): string => digestUri(encodeUtf8(text))

/** One call as the model and whoever ran it wrote it. */
export interface Call {
  readonly id: string
  readonly tool: string
  readonly arguments: string
  readonly result: string
}

export const record = (call: Call, by: 'gateway' | 'client' = 'gateway', more: object = {}): JsonObject => ({
  id: call.id,
  by,
  tool: call.tool,
  identity: by === 'client' ? 'none' : digestOf('server'),
  schema: by === 'client' ? 'none' : digestOf('definition'),
  arguments: digestOf(call.arguments),
  result: digestOf(call.result),
  outcome: 'ok',
  ...(by === 'client' ? {} : { duration_ms: 7 }),
  ...more,
})

/** Messages of a chat. */
export const askingMessage = (calls: readonly Call[]): JsonObject => ({
  role: 'assistant',
  content: null,
  tool_calls: calls.map(({ id, tool, arguments: text }) => ({
    id,
    type: 'function',
    function: { name: tool, arguments: text },
  })),
})
export const toolMessage = ({ id, result }: Call): JsonObject => ({ role: 'tool', tool_call_id: id, content: result })

/** Items of the Responses API. */
export const callItem = ({ id, tool, arguments: text }: Call): JsonObject => ({
  type: 'function_call',
  call_id: id,
  name: tool,
  arguments: text,
})
export const outputItem = ({ id, result }: Call): JsonObject => ({
  type: 'function_call_output',
  call_id: id,
  output: result,
})

export const descriptor = (role: string, name: string, digest: string, more: object = {}): JsonObject => ({
  name,
  digest: { sha256: digest.slice('sha256:'.length) },
  annotations: { scheme: 'jcs', role, source: 'gateway', ...more },
})

/** The dependency that stands for all calls. */
export function toolCallDescriptor(tools: readonly JsonValue[], more: object = {}): JsonObject {
  const source = tools.every((one) => JSON.stringify(one).includes('"by":"client"')) ? 'client' : 'gateway'
  const name = tools.length === 1 ? '1 call' : `${tools.length} calls`
  return descriptor('tool-call', name, digestUri(encodeJcs(tools)), { source, ...more })
}

/** What was inserted, in order: last, where it is of a run, and first, where it was remembered. */
export interface Inserted {
  readonly role: 'tool-call' | 'memory-before'
  readonly octets: string
}

export const elements = (...values: readonly JsonObject[]): string =>
  values.map((value) => JSON.stringify(value)).join(',')

export interface RunRecipe {
  readonly path?: 'messages' | 'input'
  readonly list: readonly JsonObject[] | string
  /** Further members of the request, and those that the gateway takes out. */
  readonly more?: JsonObject
  readonly removed?: readonly { readonly name: string; readonly role: string }[]
  readonly inserted?: readonly Inserted[]
  readonly exchange?: object
  readonly dependencies?: Readonly<Record<string, unknown>>
  readonly disclosed?: (values: DisclosedValues) => DisclosedValues
  readonly claims?: object
  readonly receiptKey?: TestKey
  /** What the policy of the judge says of transforms. */
  readonly transforms?: 'replayed' | 'unchecked'
}

function splicesOf(request: Uint8Array, path: string, { inserted = [], removed = [] }: RunRecipe): readonly Splice[] {
  const edits = new JsonEdits(request)
  for (const { name, role } of removed) edits.remove(name, role)
  for (const { role, octets } of inserted) {
    const insertion = { octets: encodeUtf8(octets), role }
    if (role === 'tool-call') edits.insertLast(path, insertion)
    else edits.insertFirst(path, insertion)
  }
  return edits.splices()
}

export function issueRun(recipe: RunRecipe): IssuedAnswer {
  const { path = 'messages', list, more, exchange = {}, dependencies = {}, claims, receiptKey } = recipe
  const request = encodeUtf8(JSON.stringify({ ...more, model: 'demo', [path]: list }))
  return issueAnswer(snp, {
    request,
    splices: splicesOf(request, path, recipe),
    disclosed: (values) => {
      const changed = {
        ...values,
        exchange: { ...values.exchange, ...exchange },
        dependencies: { ...values.dependencies, ...dependencies },
      }
      return recipe.disclosed?.(changed) ?? changed
    },
    ...(claims === undefined ? {} : { claims: () => claims }),
    ...(receiptKey === undefined ? {} : { receiptKey }),
  })
}

export function viewOf(octets: Uint8Array): SessionView {
  const session = decodeSession(octets)
  return { session, sessionDigest: digestUri(octets), logKey: decodeVkey(session.keys.log) }
}

/** Who judges holds all octets, or what `change` leaves of them. */
export async function judgeRun(
  recipe: RunRecipe,
  change: (held: HeldExchange) => HeldExchange = (held) => held,
): Promise<readonly unknown[]> {
  const { archive, request, response } = issueRun(recipe)
  const held = change({
    ...quoted.held,
    request: holdOctets(request),
    response: holdOctets(response),
    replay: { request, inserts: archive.inserts ?? new Map() },
  })
  const { trust: asked } = quoted
  const { transforms = asked.policy.transforms } = recipe
  const trust = { ...asked, policy: { ...asked.policy, transforms } }
  const verdict = await judgeReceipt(archive.receipt, viewOf(archive.session), held, trust)
  if (!verdict.ok) return [verdict.code, failedCheck(verdict.checks)?.name]
  const named = ['tools', 'memory'].map((name) => verdict.checks.find((check) => check.name === name))
  return ['ok', ...named.map((check) => check?.status)]
}
