/** One request on its way to its answer, and the ways in which it ends. @module */
import { digestUri } from '../../../core/crypto/index.ts'
import type { Outcome } from '../../../core/receipt/claims.ts'
import type { Octets } from '../../../core/receipt/disclosed.ts'
import { CountersignError } from '../../../errors.ts'
import type { Exchange } from '../../recorder/exchange.ts'
import type { CommittedReceipt } from '../../recorder/recorder.ts'
import { reportFailure } from '../../telemetry/report-failure.ts'
import type { TelemetrySink } from '../../telemetry/types.ts'
import { type ApiError, encodeApiError, logUnavailable, retryHeaders } from '../api-error.ts'
import type { ClientResponse } from '../client-response.ts'
import type { GatewayParts } from '../parts.ts'
import { type GradeWish, holdFor } from './hold.ts'
import type { AnswerOutput, Operation } from './operation.ts'
import type { TurnReport } from './turn-report.ts'

export interface Turn {
  readonly parts: GatewayParts
  readonly operation: Operation
  readonly client: ClientResponse
  readonly exchange: Exchange
  /** Aborts when the client has gone, or when the gateway must end now. */
  readonly signal: AbortSignal
  readonly report: TurnReport
  /** How firmly history shall hold the receipt before the answer ends; absent where the client asks for no grade. */
  readonly wish?: GradeWish
}

export const JSON_TYPE = 'application/json'
/** What a receipt and a line say of an answer that nobody was there to take. */
export const CLIENT_GONE = 499

/** An answer that is there as a whole. */
export interface WholeAnswer {
  readonly status: number
  readonly body: Uint8Array
  readonly outcome: Outcome
  /** What it says, where a model said it. */
  readonly output?: AnswerOutput
  readonly save?: Save
}

/** Keeps what the conversation came to. @param receipt digest of the one that tells of it */
export type Save = (receipt: string) => Promise<void>

export function octetsOf(body: Uint8Array, output?: AnswerOutput): Octets {
  const digest = output?.digest
  return {
    digest: digestUri(body),
    ...(digest === undefined ? {} : { output_digest: digest }),
    size: body.length,
    media_type: JSON_TYPE,
  }
}

interface Committing {
  readonly outcome: Outcome
  readonly status: number
  readonly response: Octets
  readonly save?: Save
}

/**
 * Signs and appends the receipt, and waits until it is durable.
 * @returns undefined when it cannot be: then nothing that it covers may leave
 */
export async function commit(
  { exchange, report, parts }: Turn,
  { save, ...conclusion }: Committing,
): Promise<CommittedReceipt | undefined> {
  report.concluded(conclusion)
  try {
    const committed = exchange.conclude(conclusion)
    const [kept] = await Promise.all([keep(parts.telemetry, save?.(committed.digest)), committed.durable])
    return kept ? committed : undefined
  } catch (error) {
    if (error instanceof CountersignError && error.code === 'ERR_LOG_APPEND') return undefined
    throw error
  }
}

/** Whoever goes on from an answer must find it: an answer that cannot be kept does not leave. */
async function keep(telemetry: TelemetrySink, saved: Promise<void> | undefined): Promise<boolean> {
  try {
    await saved
    return true
  } catch (error) {
    reportFailure(telemetry, error)
    return false
  }
}

/** The client has gone before its answer was there: the receipt says so, and nobody gets to see it but by its rid. */
async function concludeGone(turn: Turn): Promise<void> {
  await commit(turn, { outcome: 'client_aborted', status: CLIENT_GONE, response: octetsOf(new Uint8Array(0)) })
}

/** Sends a whole answer behind its receipt. */
export async function answer(turn: Turn, { status, body, outcome, output, save }: WholeAnswer): Promise<void> {
  const { client } = turn
  if (client.gone) return concludeGone(turn)
  const { attester } = turn.parts
  const committed = await commit(turn, { outcome, status, response: octetsOf(body, output), ...(save && { save }) })
  if (committed === undefined) return sendError(client, logUnavailable())
  if (turn.wish !== undefined) {
    // What went wrong leaves at once: nobody waits for a firmer error.
    const grade =
      outcome === 'complete' ? await holdFor(turn, committed.index, { attester, wish: turn.wish }) : 'signed'
    client.header('preference-applied', `receipt=${grade}`)
  }
  client.header('inference-receipt', committed.header)
  client.send(status, JSON_TYPE, body)
}

/** Answers with an error behind its receipt. */
export async function answerError(turn: Turn, error: ApiError, outcome: Outcome): Promise<void> {
  turn.client.headers(retryHeaders(error))
  await answer(turn, { status: error.status, body: encodeApiError(error), outcome })
}

/** An error without receipt: the request was not admitted, or the log has failed. */
export function sendError(client: ClientResponse, error: ApiError): void {
  client.headers(retryHeaders(error))
  client.send(error.status, JSON_TYPE, encodeApiError(error))
}
