/** Relays an answer that is not streamed: read whole, judged, receipted, sent. @module */
import { concatBytes } from '../../../core/encoding/bytes.ts'
import type { UpstreamResponse } from '../../upstream/types.ts'
import { upstreamFailed } from '../api-error.ts'
import { parseAnswer } from './answer-reading.ts'
import type { AnswerReading, Operation } from './operation.ts'
import { answer, answerError, type Turn } from './turn.ts'
import { errorOfAnswer, errorOfFailure } from './upstream-error.ts'

/** The octets to the end. The upstream adapter limits them. @throws UpstreamFailure */
async function readWhole(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  const [first] = chunks
  return chunks.length === 1 && first ? first : concatBytes(...chunks)
}

export function isSuccess({ status }: UpstreamResponse): boolean {
  return status >= 200 && status < 300
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

export async function relayWhole(turn: Turn, response: UpstreamResponse, expected: Expected): Promise<void> {
  const body = await readWhole(response.body)
  const reading = judge(body, expected)
  if (reading.outcome === 'unusable')
    return answerError(turn, upstreamFailed(`The model server ${reading.detail}.`), 'upstream_error')
  turn.exchange.learned(reading.facts)
  await answer(turn, { status: 200, body, outcome: reading.outcome })
}

/** The upstream gave no answer, or not all of it. */
export async function answerFailure(turn: Turn, error: unknown): Promise<void> {
  await answerError(turn, errorOfFailure(error), 'upstream_error')
}
