/** Relays an answer that is not streamed: read whole, judged, receipted, sent. @module */
import { concatBytes } from '../../../core/encoding/bytes.ts'
import type { UpstreamResponse } from '../../upstream/types.ts'
import { upstreamFailed } from '../api-error.ts'
import { readChatAnswer } from './answer-reading.ts'
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
  await answerError(turn, errorOfAnswer(response.status, body), 'upstream_error')
}

/** @param choices how many were asked for */
export async function relayWhole(turn: Turn, response: UpstreamResponse, choices: number): Promise<void> {
  const body = await readWhole(response.body)
  const reading = readChatAnswer(body, choices)
  if (!reading.ok) return answerError(turn, upstreamFailed(`The model server ${reading.detail}.`), 'upstream_error')
  turn.exchange.learned(reading.facts)
  await answer(turn, { status: 200, body, outcome: 'complete' })
}

/** The upstream gave no answer, or not all of it. */
export async function answerFailure(turn: Turn, error: unknown): Promise<void> {
  await answerError(turn, errorOfFailure(error), 'upstream_error')
}
