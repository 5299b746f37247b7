/** The exchange around two answers, member by member: also those that this version does not know. @module */
import { isJsonObject, type JsonObject, type JsonValue } from '../encoding/json.ts'
import type { Receipt } from '../receipt/receipt.ts'
import { absentFrom, compareValues, type Row, type RowGroup, unknownRow } from './row.ts'

/** Where a member is shown, and as what. */
const KNOWN: Readonly<Record<string, readonly [RowGroup, string]>> = {
  'http.@method': ['request', 'method'],
  'http.@path': ['request', 'path'],
  'http.@status': ['outcome', 'status'],
  'gen_ai.operation_name': ['request', 'operation'],
  'gen_ai.request_model': ['model', 'asked for'],
  'gen_ai.response_model': ['model', 'named by the answer'],
  'gen_ai.response_finish_reasons': ['outcome', 'finish reasons'],
  'gen_ai.usage_input_tokens': ['request', 'tokens'],
  'gen_ai.usage_output_tokens': ['response', 'tokens'],
  'context.prompt_tokens': ['request', 'tokens of the prompt'],
  'context.context_limit': ['engine', 'context'],
  'context.truncated': ['request', 'truncated'],
  'context.rendered_prompt': ['request', 'prompt as rendered'],
  'upstream.host': ['upstream', 'host'],
  'upstream.tls_spki_sha256': ['upstream', 'TLS key'],
  channel: ['channel', 'seen by the gateway'],
  'run.step': ['exchange', 'step of the run'],
}

/** Differ between any two answers: they name the answer, they are not part of what it relied on. */
const IDENTITY: readonly string[] = [
  'gen_ai.response_id',
  'prev',
  'run.parents',
  'started',
  'duration_ms',
  'retry_count',
  'attempts',
]
/** Have rows of their own. */
const LISTED: readonly string[] = ['tools', 'calls']

function* membersOf(value: JsonValue, path: string): Generator<readonly [string, string]> {
  if (!isJsonObject(value)) yield [path, typeof value === 'string' ? value : JSON.stringify(value)]
  else
    for (const [name, member] of Object.entries(value)) yield* membersOf(member, path === '' ? name : `${path}.${name}`)
}

function readMembers(exchange: JsonObject): ReadonlyMap<string, string> {
  const kept = [...membersOf(exchange, '')].filter(
    ([path]) => ![...IDENTITY, ...LISTED].some((name) => path === name || path.startsWith(`${name}.`)),
  )
  return new Map(kept)
}

function placeOf(path: string): readonly [RowGroup, string] {
  return Object.hasOwn(KNOWN, path) ? (KNOWN[path] ?? ['exchange', path]) : ['exchange', path]
}

export function exchangeRows(a: Receipt, b: Receipt): readonly Row[] {
  const [before, after] = [a.disclosed.exchange, b.disclosed.exchange]
  if (before === undefined || after === undefined) {
    const reason = absentFrom('exchange withheld', { a: before !== undefined, b: after !== undefined })
    return Object.values(KNOWN).map(([group, name]) => unknownRow(group, name, reason))
  }
  const [of, to] = [readMembers(before), readMembers(after)]
  return [...new Set([...of.keys(), ...to.keys()])].map((path) =>
    compareValues(...placeOf(path), { before: of.get(path), after: to.get(path) }),
  )
}
