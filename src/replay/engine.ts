/**
 * Asks an engine behind HTTP for an answer again, with exactly the octets that it was given, and compares what was said. How to reach it is the
 * caller's: here is no network. @module
 */
import type { JsonObject } from '../core/encoding/json.ts'
import type { Determinism } from '../core/receipt/claims.ts'
import type { Octets } from '../core/receipt/disclosed.ts'
import { outputDigest } from '../core/receipt/merged-choices.ts'
import { mergeOutput } from '../core/receipt/merged-octets.ts'
import { type Check, failedCheck } from '../core/verdict.ts'
import { MalformedError } from '../errors.ts'
import {
  type EnginePath,
  type EngineRequest,
  judgeEngineConditions,
  type MeasuredWeights,
} from './engine-conditions.ts'
import { findDifference, type OutputDifference } from './output-difference.ts'
import type { RecordedAnswer } from './recorded.ts'
import type { Refused } from './replay.ts'

/** What an engine gave; every octet is its choice. */
export interface EngineAnswer {
  readonly status: number
  readonly mediaType: string
  readonly octets: Uint8Array
}

export interface HttpEngine {
  readonly weights: MeasuredWeights | 'not-measured'
  /** Posts the octets. Where no whole answer came, says why: nothing of the request. */
  send(octets: Uint8Array, path: EnginePath): Promise<EngineAnswer | { readonly failure: string }>
}

export type EngineComparison =
  /** @property by what was compared: the merged choices, or their digest */
  | { readonly kind: 'identical'; readonly by: 'choices' | 'output-digest'; readonly why: string }
  | { readonly kind: 'divergent'; readonly difference: OutputDifference; readonly why: string }
  /** Another answer of an engine that promises none: it proves nothing against the recorded one. */
  | { readonly kind: 'other'; readonly difference: OutputDifference; readonly why: string }
  | { readonly kind: 'not-compared'; readonly why: string }

export interface EngineReplay {
  /** What had to be as it was, in order. */
  readonly conditions: readonly Check[]
  readonly result: EngineComparison | Refused
}

/**
 * Whether the archive verifies is another question: here the receipt is taken at its word. Nothing is sent where a condition is another.
 * @example
 * const { result } = await replayOnEngine(recordedAnswer(decodeArchive(bytes)), { weights: 'not-measured', send })
 */
export async function replayOnEngine(recorded: RecordedAnswer, engine: HttpEngine): Promise<EngineReplay> {
  const verdict = await judgeEngineConditions(recorded, engine.weights)
  const { checks: conditions } = verdict
  if (!verdict.ok) return { conditions, result: refused(verdict.code, failedCheck(conditions)?.detail ?? '') }
  const known = recordedOutput(recorded, verdict.value)
  if (typeof known === 'string') return { conditions, result: { kind: 'not-compared', why: known } }
  const again = await ask(engine, verdict.value)
  if ('kind' in again) return { conditions, result: again }
  const difference = differenceOf(known, again.choices)
  return { conditions, result: judgeDifference(recorded, { engine, difference, by: known.by }) }
}

function refused(code: Refused['code'], why: string): Refused {
  return { kind: 'refused', code, why }
}

type KnownOutput =
  | { readonly by: 'choices'; readonly choices: readonly JsonObject[] }
  | { readonly by: 'output-digest'; readonly digest: string }

/** What is at hand of the recorded answer, or why it cannot be compared. */
function recordedOutput({ receipt, response }: RecordedAnswer, { stream, step }: EngineRequest): KnownOutput | string {
  const signed = receipt.disclosed.response
  const digest = signed?.output_digest
  if (response === 'not-held')
    return digest === undefined
      ? 'the octets of the answer are not at hand and the receipt shows no digest of its output: nothing can be compared'
      : { by: 'output-digest', digest }
  if (isMixed(signed, stream && step > 0))
    return 'the stream holds what the model said before it called tools: no one model call gave all of it'
  try {
    return { by: 'choices', choices: mergeOutput(response, stream ? 'text/event-stream' : 'application/json') }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return `the recorded answer has no form in which two can be compared: ${error.message}`
  }
}

function isMixed(signed: Octets | undefined, followsSteps: boolean): boolean {
  return followsSteps && signed !== undefined && signed.output_digest === undefined
}

async function ask(
  engine: HttpEngine,
  { octets, path }: EngineRequest,
): Promise<{ readonly choices: readonly JsonObject[] } | Refused> {
  const answer = await engine.send(octets, path)
  if ('failure' in answer) return refused('CHECK_NOT_PERFORMED', answer.failure)
  const { status, mediaType, octets: said } = answer
  if (status !== 200) return refused('CHECK_NOT_PERFORMED', `the engine answered with status ${status}`)
  try {
    return { choices: mergeOutput(said, mediaType) }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return refused('CHECK_NOT_PERFORMED', `what the engine answered is no answer: ${error.message}`)
  }
}

function differenceOf(known: KnownOutput, again: readonly JsonObject[]): OutputDifference | undefined {
  if (known.by === 'choices') return findDifference(known.choices, again)
  const replayed = outputDigest(again)
  return replayed === known.digest ? undefined : { member: 'output_digest', recorded: known.digest, replayed }
}

interface Compared {
  readonly engine: HttpEngine
  readonly difference: OutputDifference | undefined
  readonly by: KnownOutput['by']
}

const SAME: Readonly<Record<Determinism, string>> = {
  'bit-exact': 'the engine gives this answer to this request',
  'batch-invariant': 'the engine gives this answer to this request in any batch',
  'best-effort': 'the engine can give this answer; it promises nothing, so this is no proof that it gave it then',
}
const UNMEASURED = 'which weights it runs was not measured'

function judgeDifference({ receipt }: RecordedAnswer, { engine, difference, by }: Compared): EngineComparison {
  const { determinism } = receipt.claims.engine
  const rest = engine.weights === 'not-measured' ? `; ${UNMEASURED}` : ''
  if (difference === undefined) return { kind: 'identical', by, why: `${SAME[determinism]}${rest}` }
  if (determinism === 'best-effort')
    return {
      kind: 'other',
      difference,
      why: `an engine that promises nothing may give another answer: this proves nothing${rest}`,
    }
  const promised = determinism === 'bit-exact' ? 'always' : 'in any batch'
  return {
    kind: 'divergent',
    difference,
    why: `the engine is said to give one answer to this request, ${promised}: the answer was altered, or this engine is another or is run otherwise${rest}`,
  }
}
