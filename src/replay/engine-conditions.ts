/**
 * What must be as it was before an answer is asked for again of an engine behind HTTP. Such an engine says nothing of itself that could be
 * checked: what is measured is the folder that it is said to serve. @module
 */
import { decodeJson, isJsonObject } from '../core/encoding/json.ts'
import { MAX_STRICT_DEPTH } from '../core/encoding/strict-json.ts'
import type { Receipt } from '../core/receipt/receipt.ts'
import { readRunMembers } from '../core/receipt/run.ts'
import { type Checker, judge, type Verdict } from '../core/verdict.ts'
import { MalformedError } from '../errors.ts'
import { checkOutcome, checkPart, checkWeights } from './check-parts.ts'
import { rebuildForwarded } from './forwarded.ts'
import type { RecordedAnswer } from './recorded.ts'

/** The folder that an engine is said to serve, as it was measured here. */
export interface MeasuredWeights {
  /** `sha256:…`, each way in which receipts may name it. */
  readonly digests: readonly string[]
  /** Of the parts that its files show. */
  readonly tokenizer?: string
  readonly chatTemplate?: string
}

/** What an engine is sent. */
export interface EngineRequest {
  readonly octets: Uint8Array
  /** For example `/v1/chat/completions`. */
  readonly path: EnginePath
  readonly stream: boolean
  /** Model calls of the same request before this one. */
  readonly step: number
}

/** APIs whose answers have a merged form. A forged receipt must not choose where else the octets go. */
const PATHS = ['/v1/chat/completions', '/v1/completions'] as const
export type EnginePath = (typeof PATHS)[number]

const CHECKS = [
  'outcome',
  'determinism',
  'engine',
  'weights',
  'chat-template',
  'tokenizer',
  'path',
  'request',
  'forwarded',
] as const
type Check = Checker<(typeof CHECKS)[number]>

export function judgeEngineConditions(
  recorded: RecordedAnswer,
  weights: MeasuredWeights | 'not-measured',
): Promise<Verdict<EngineRequest>> {
  return judge(CHECKS, async (check) => {
    const { receipt } = recorded
    checkOutcome(check, receipt)
    checkClass(check, receipt)
    checkMeasured(check, receipt, weights)
    const { path, step } = readExchange(check, receipt)
    const octets = rebuildForwarded(check, recorded)
    return { octets, path, step, stream: isStreamed(check, octets) }
  })
}

function checkClass(check: Check, { claims: { engine } }: Receipt): void {
  const { name, version, determinism, flags } = engine
  if (determinism === 'best-effort')
    check.unchecked('determinism', `best-effort: ${name} promises nothing about giving the same answer again`)
  else
    check.pass(
      'determinism',
      determinism === 'bit-exact'
        ? 'bit-exact: the same request gives the same answer'
        : 'batch-invariant: the same request gives the same answer in whatever batch it is computed',
    )
  check.unchecked(
    'engine',
    `the answer is of ${name} ${version}, flags ${flags}; what an engine behind HTTP says of itself cannot be checked`,
  )
}

function checkMeasured(check: Check, receipt: Receipt, weights: MeasuredWeights | 'not-measured'): void {
  if (weights === 'not-measured') {
    check.unchecked('weights', `the answer is of ${receipt.claims.model.digest}; nothing was measured here (--weights)`)
    for (const role of ['chat-template', 'tokenizer'] as const) check.unchecked(role, 'nothing was measured here')
    return
  }
  checkWeights(check, receipt, weights.digests)
  const { chatTemplate, tokenizer } = weights
  if (chatTemplate === undefined) check.unchecked('chat-template', 'the measured files hold none')
  else checkPart<'chat-template'>(check, 'chat-template', receipt, chatTemplate)
  if (tokenizer === undefined) check.unchecked('tokenizer', 'the measured files hold none')
  else checkPart<'tokenizer'>(check, 'tokenizer', receipt, tokenizer)
}

function readExchange(
  check: Check,
  { disclosed: { exchange } }: Receipt,
): { readonly path: EnginePath; readonly step: number } {
  if (exchange === undefined) check.incomplete('path', 'disclosure exchange is withheld: which API it was is not known')
  const { http } = exchange
  const named = http !== undefined && isJsonObject(http) ? http['@path'] : undefined
  const path = PATHS.find((known) => known === named)
  if (path === undefined)
    check.incomplete('path', `only answers of ${PATHS.join(' and ')} have a form in which two can be compared`)
  check.pass('path', path)
  const { run } = check.decode('path', () => readRunMembers(exchange))
  check.pass('path', path)
  return { path, step: run?.step ?? 0 }
}

function isStreamed(check: Check, octets: Uint8Array): boolean {
  try {
    const value = decodeJson(octets, { maxSize: octets.length, maxDepth: MAX_STRICT_DEPTH, numbers: 'any' })
    return isJsonObject(value) && value['stream'] === true
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return check.fail('forwarded', 'REPLAY_PRECONDITION', 'what was forwarded is no strict JSON')
  }
}
