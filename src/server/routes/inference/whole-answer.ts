/** Relays an answer that is not streamed: read whole, judged, receipted, sent. @module */
import { concatBytes } from '../../../core/encoding/bytes.ts'
import { CountersignError, MalformedError } from '../../../errors.ts'
import type { UpstreamResponse } from '../../upstream/types.ts'
import { shuttingDown, upstreamFailed } from '../api-error.ts'
import { parseAnswer } from './answer-reading.ts'
import { ask, isSuccess } from './ask.ts'
import type { AnswerReading, Operation } from './operation.ts'
import { responseIdsOf, type ToolRun } from './tool-run.ts'
import { answer, answerError, octetsOf, type Turn } from './turn.ts'
import { errorOfAnswer, errorOfFailure } from './upstream-error.ts'

/** The octets to the end. The upstream adapter limits them. @throws UpstreamFailure */
async function readWhole(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  const [first] = chunks
  return chunks.length === 1 && first ? first : concatBytes(...chunks)
}

/** The upstream answered with an error status: its body, in whatever shape, becomes an error that SDKs understand. */
export async function relayErrorAnswer(turn: Turn, response: UpstreamResponse): Promise<void> {
  const body = await readWhole(response.body)
  await answerError(turn, errorOfAnswer(response, body), 'upstream_error')
}

export interface Expected {
  readonly operation: Operation
  /** How many were asked for. */
  readonly choices: number
}

function judge(body: Uint8Array, { operation, choices }: Expected): AnswerReading {
  const answered = parseAnswer(body)
  if (answered === undefined)
    return { outcome: 'unusable', detail: 'answered with something that is not a JSON object' }
  return operation.readAnswer(answered, choices)
}

export async function relayWhole(turn: Turn, run: ToolRun, expected: Expected): Promise<void> {
  for (;;) {
    const response = await ask(turn, run)
    if (!isSuccess(response)) return relayErrorAnswer(turn, response)
    const body = await readWhole(response.body)
    const reading = judge(body, expected)
    if (reading.outcome === 'unusable')
      return answerError(turn, upstreamFailed(`The model server ${reading.detail}.`), 'upstream_error')
    const { outcome, output, facts } = reading
    const calls = outcome === 'complete' ? run.due(output) : undefined
    if (calls === undefined) {
      turn.exchange.learned(facts)
      const save = outcome === 'complete' ? run.conclude(output, responseIdsOf(facts)) : undefined
      return answer(turn, { status: 200, body, outcome, output, ...(save && { save }) })
    }
    await run.advance({ calls, output, response: octetsOf(body), facts })
  }
}

/** The upstream gave no answer, or not all of it. */
export async function answerFailure(turn: Turn, error: unknown): Promise<void> {
  // Tools are given up with the client; what was asked for by then is in the receipt all the same.
  if (turn.signal.aborted && !(error instanceof CountersignError))
    return answerError(turn, shuttingDown(), 'incomplete')
  if (error instanceof MalformedError)
    return answerError(turn, upstreamFailed('The model server gave what has no exact form.'), 'upstream_error')
  await answerError(turn, errorOfFailure(error), 'upstream_error')
}
