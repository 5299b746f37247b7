/** Runs an answer again and compares. The embedded engine computes the same bits everywhere, so every octet must come out as it was. @module */
import type { FailureCode } from '../core/failure-codes.ts'
import { type Check, failedCheck } from '../core/verdict.ts'
import type { Turn } from '../engine/chat/run.ts'
import { EngineError } from '../engine/index.ts'
import { type Comparison, compareOctets, compareOutput } from './compare.ts'
import { judgeConditions } from './conditions.ts'
import type { LoadedModel, RecordedAnswer } from './recorded.ts'
import type { Run } from './run-again.ts'

/** A condition is another, or what it needs is missing: then a comparison would prove nothing. */
export interface Refused {
  readonly kind: 'refused'
  readonly code: FailureCode
  readonly why: string
}

export interface Replay {
  /** What had to be as it was, in order. */
  readonly conditions: readonly Check[]
  readonly result: Comparison | Refused
}

/**
 * Whether the archive verifies is another question, which `verifyArchive` answers: here the receipt is taken at its word.
 * @param turn called after each step of the arithmetic: lets others have their turn, and throws to give the replay up
 * @example
 * const { result } = await replayAnswer(recordedAnswer(decodeArchive(bytes)), loaded)
 * if (result.kind !== 'identical') console.log(result.why)
 */
export async function replayAnswer(
  recorded: RecordedAnswer,
  loaded: LoadedModel,
  turn: Turn = async () => undefined,
): Promise<Replay> {
  const verdict = await judgeConditions(recorded, loaded)
  const { checks: conditions } = verdict
  if (!verdict.ok)
    return { conditions, result: { kind: 'refused', code: verdict.code, why: failedCheck(conditions)?.detail ?? '' } }
  const run = { model: loaded.model, request: verdict.value, turn }
  return { conditions, result: await compare(run, recorded) }
}

async function compare(run: Run, { receipt, response }: RecordedAnswer): Promise<Comparison | Refused> {
  const signed = receipt.disclosed.response
  try {
    return response === 'not-held' ? await compareOutput(run, signed) : await compareOctets(run, response, signed)
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    return { kind: 'refused', code: 'REPLAY_PRECONDITION', why: `the model has no answer to this: ${error.message}` }
  }
}
