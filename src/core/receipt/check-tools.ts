/**
 * The list of tool calls of a receipt against the octets that the model was given: the results that the client brought, and the calls
 * that the gateway ran and put behind them. wire.md section 2. @module
 */
import { MalformedError } from '../../errors.ts'
import { digestUri } from '../crypto/index.ts'
import { concatBytes } from '../encoding/bytes.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../encoding/json.ts'
import { decodeUtf8, encodeUtf8 } from '../encoding/utf8.ts'
import { insertedElements } from '../transform/element-edits.ts'
import type { SpliceRecord } from '../transform/splice.ts'
import type { Checker } from '../verdict.ts'
import { wasForwarded } from './check-transforms.ts'
import { answeredCall, askedCalls, clientToolCalls, elementsIn } from './client-calls.ts'
import type { Disclosed } from './disclosed.ts'
import type { HeldExchange } from './held.ts'
import type { Receipt } from './receipt.ts'
import { readRunMembers, type ToolCallRecord } from './run.ts'

type Check = Checker<'tools'>
type Replay = Exclude<HeldExchange['replay'], 'not-held'>

const CODE = 'TOOL_TRANSCRIPT_MISMATCH'
const NAME = 'tools'

/** What octets show of a call. */
type Shown = Pick<ToolCallRecord, 'id' | 'tool' | 'arguments' | 'result'>

function shown(calls: readonly Shown[]): string {
  return JSON.stringify(calls.map((call) => [call.id, call.tool, call.arguments, call.result]))
}

/** `2 calls` */
function countCalls(count: number): string {
  return count === 1 ? '1 call' : `${count} calls`
}

/** One descriptor stands for all calls: without it a list could be cut, and without the list it names nothing. */
function checkDescriptor(check: Check, { dependencies, exchange }: Disclosed, tools: readonly ToolCallRecord[]): void {
  const named = dependencies?.['tool-call']
  const signed = exchange?.['tools']
  if (named === undefined) return
  check.that(NAME, (named === 'none') === (signed === undefined), CODE, {
    fail: `dependencies name ${named === 'none' ? 'no calls, and the exchange lists some' : 'calls, and the exchange lists none'}`,
  })
  if (named === 'none' || signed === undefined) return
  const [descriptor] = named
  const source = tools.every(({ by }) => by === 'client') ? 'client' : 'gateway'
  const fits =
    named.length === 1 &&
    descriptor?.name === countCalls(tools.length) &&
    descriptor.annotations.scheme === 'jcs' &&
    descriptor.annotations.source === source &&
    `sha256:${descriptor.digest.sha256}` === digestUri(encodeJcs(signed))
  check.that(NAME, fits, CODE, { fail: 'the dependency of role tool-call is not that of the calls listed' })
}

/** As the gateway reads requests: of two equal keys below the top the last one counts. */
function readJson(octets: Uint8Array): JsonValue {
  try {
    return JSON.parse(decodeUtf8(octets))
  } catch (cause) {
    throw new MalformedError(CODE, 'octets of tool calls are no JSON', { cause })
  }
}

/** The results that the client brought come first: the model was given them before any of the gateway's. */
function checkClientCalls(check: Check, tools: readonly ToolCallRecord[], fields: JsonValue): void {
  const brought = isJsonObject(fields) ? clientToolCalls(fields) : []
  const before = tools.slice(0, brought.length)
  const rest = tools.slice(brought.length)
  const isWhole = [...before, ...rest].every(({ by }, at) => (by === 'client') === at < brought.length)
  check.that(NAME, isWhole && shown(before) === shown(brought), CODE, {
    fail: 'the calls of the client are not those whose results its request brings',
  })
}

/** A message of anybody else could tell the model anything under the name of a tool. */
function isOfRun({ role }: JsonObject): boolean {
  return role === undefined || role === 'assistant' || role === 'tool'
}

function callsIn(check: Check, octets: Uint8Array): readonly Shown[] {
  const list = check.decode(NAME, () =>
    readJson(concatBytes(encodeUtf8('['), insertedElements(octets), encodeUtf8(']'))),
  )
  const elements = elementsIn(list)
  check.that(NAME, Array.isArray(list) && elements.length === list.length && elements.every(isOfRun), CODE, {
    fail: 'something else was inserted as a call',
  })
  const asked = elements.flatMap(askedCalls)
  const answered = elements.flatMap((element) => answeredCall(element) ?? [])
  check.that(NAME, JSON.stringify(asked.map(({ id }) => id)) === JSON.stringify(answered.map(({ id }) => id)), CODE, {
    fail: 'a call was not answered once and in order',
  })
  return asked.map((call, at) => ({ ...call, result: answered[at]?.result ?? 'none' }))
}

/** Undefined where octets are withheld. */
function insertedCalls(
  check: Check,
  splices: readonly SpliceRecord[],
  inserts: Replay['inserts'],
): readonly Shown[] | undefined {
  const octets = splices.flatMap(({ insert }) => inserts.get(insert.digest) ?? [])
  if (octets.length < splices.length) return undefined
  check.that(
    NAME,
    octets.every((insert, at) => digestUri(insert) === splices[at]?.insert.digest),
    'TRANSFORM_MISMATCH',
    { fail: 'the octets given are not those that were inserted' },
  )
  return octets.flatMap((insert) => callsIn(check, insert))
}

function checkOctets(
  check: Check,
  tools: readonly ToolCallRecord[],
  { request, forwarded }: Required<Pick<Disclosed, 'request' | 'forwarded'>>,
  held: Replay,
): void {
  check.that(NAME, digestUri(held.request) === request.digest, 'REQUEST_DIGEST_MISMATCH', {
    fail: 'the octets given are not the request that was signed',
  })
  const fields = check.decode(NAME, () => readJson(held.request))
  checkClientCalls(check, tools, fields)
  const run = tools.filter(({ by }) => by === 'gateway')
  // What is taken out of a request has a role too, and inserts nothing.
  const splices = forwarded.transforms.filter(({ insert }) => insert.role === 'tool-call' && insert.size > 0)
  check.that(NAME, (run.length === 0) === (splices.length === 0), CODE, {
    fail: 'calls of the gateway and what was inserted of them do not go together',
  })
  const inserted = insertedCalls(check, splices, held.inserts)
  if (inserted === undefined) {
    check.unchecked(NAME, `${countCalls(run.length)} of the gateway: the octets are not at hand`)
    return
  }
  check.that(NAME, shown(inserted) === shown(run), CODE, {
    pass: tools.length === 0 ? 'no calls' : countCalls(tools.length),
    fail: 'the calls of the gateway are not those that the model was given',
  })
}

/** Whether each call that the receipt lists is one that the model was given, with that result, in that order, and no other. */
export function checkTools(
  check: Check,
  { claims, disclosed }: Pick<Receipt, 'claims' | 'disclosed'>,
  held: HeldExchange,
): void {
  const { request, forwarded, exchange } = disclosed
  if (exchange === undefined) {
    check.unchecked(NAME, 'the exchange is withheld')
    return
  }
  const { tools = [] } = check.decode(NAME, () => readRunMembers(exchange))
  checkDescriptor(check, disclosed, tools)
  const listed = tools.length === 0 ? 'no calls are listed' : `${countCalls(tools.length)} listed`
  if (!wasForwarded(claims)) check.unchecked(NAME, 'nothing was forwarded')
  else if (request === undefined || forwarded === undefined)
    check.unchecked(NAME, `${listed}; disclosure request or forwarded is withheld`)
  else if (held.replay === 'not-held') check.unchecked(NAME, `${listed}; the octets are not held`)
  else checkOctets(check, tools, { request, forwarded }, held.replay)
}
