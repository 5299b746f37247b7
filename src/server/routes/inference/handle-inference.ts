/** Takes a request of any inference API: admission, and the checks of its headers before anything is forwarded. @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CountersignError } from '../../../errors.ts'
import { authenticate, type Caller } from '../../middleware/authenticate.ts'
import { channelOf } from '../../middleware/channel-of.ts'
import { Exchange } from '../../recorder/exchange.ts'
import { reportFailure } from '../../telemetry/report-failure.ts'
import {
  type ApiError,
  gradeUnavailable,
  internalError,
  invalidApiKey,
  invalidRequest,
  logUnavailable,
  requestTooLarge,
  sessionChanging,
  unsupportedCoding,
} from '../api-error.ts'
import { ClientResponse } from '../client-response.ts'
import { admissionRefusal, type GatewayParts } from '../parts.ts'
import { readMediaType, readNonce, readPrev, readRetryCount } from '../preferences.ts'
import { discardRest, type RequestBody, readBody } from '../read-body.ts'
import { createRequestId } from '../request-id.ts'
import { forward } from './forward.ts'
import { readWish } from './hold.ts'
import type { Operation } from './operation.ts'
import { answerError, CLIENT_GONE, sendError, type Turn } from './turn.ts'
import { TurnReport } from './turn-report.ts'

/** One request and its answer, on Node's own objects. */
export interface HttpExchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

/** Answers one request. Never rejects: whatever goes wrong ends in an error answer or a cut connection. */
export async function handleInference(
  parts: GatewayParts,
  operation: Operation,
  { incoming, outgoing }: HttpExchange,
): Promise<void> {
  const requestId = createRequestId(parts.random)
  const client = new ClientResponse(outgoing, requestId)
  const report = new TurnReport(requestId, operation.path, () => parts.clock.monotonicMs())
  const aborter = new AbortController()
  client.onGone(() => aborter.abort())
  const leave = parts.lifecycle.enter(() => aborter.abort())
  try {
    const caller = authenticate(incoming.headers.authorization, parts.config.operational.apiKeys)
    const refusal = caller === undefined ? invalidApiKey() : admissionRefusal(parts)
    if (caller === undefined || refusal !== undefined) {
      refuseUnread(incoming, { client, report, error: refusal ?? invalidApiKey() }, parts)
      return
    }
    await admit({ parts, operation, incoming, client, report, caller, aborter })
  } catch (error) {
    aborter.abort()
    reportFailure(parts.telemetry, error)
    fail(client, error)
  } finally {
    client.onClosed(leave)
    report.write(parts.telemetry, client.size)
  }
}

interface Arrival {
  readonly parts: GatewayParts
  readonly operation: Operation
  readonly incoming: IncomingMessage
  readonly client: ClientResponse
  readonly report: TurnReport
  readonly caller: Caller
  readonly aborter: AbortController
}

function refuseUnread(
  incoming: IncomingMessage,
  { client, report, error }: { readonly client: ClientResponse; readonly report: TurnReport; readonly error: ApiError },
  { config }: GatewayParts,
): void {
  report.refused(error.status)
  sendError(client, error)
  discardRest(incoming, config.measured.limits.bodyBytes)
}

/** From here on a receipt is owed. A request whose content never came whole was not admitted: it is counted only. */
async function admit(arrival: Arrival): Promise<void> {
  const { parts, operation, incoming, client, report, caller, aborter } = arrival
  const limit = parts.config.measured.limits.bodyBytes
  const body = await readBody(incoming, limit)
  if (body.kind === 'gone') {
    report.refused(CLIENT_GONE)
    return
  }
  // While the session changes, whoever comes waits here: the boot may even be another one behind it.
  if (parts.admission.held) {
    const error = (await parts.admission.pass()) ? admissionRefusal(parts) : sessionChanging()
    if (error !== undefined) {
      refuseUnread(incoming, { client, report, error }, parts)
      return
    }
  }
  const exchange = open(arrival, body)
  if (exchange === undefined) {
    refuseUnread(incoming, { client, report, error: logUnavailable() }, parts)
    return
  }
  const wish = readWish(parts, incoming.headers)
  const turn: Turn = {
    parts,
    operation,
    client,
    exchange,
    signal: aborter.signal,
    report,
    ...(wish === undefined ? {} : { wish }),
  }
  client.header('inference-receipt-id', exchange.admitted.ridText)
  report.admitted(exchange.admitted.jtiText, body.kind === 'whole' ? body.octets.length : 0)
  if (body.kind === 'too-large') {
    await answerError(turn, requestTooLarge(limit), 'refused')
    discardRest(incoming, limit)
    return
  }
  const error = judgeHeaders(turn, incoming)
  if (error !== undefined) return answerError(turn, error, 'refused')
  try {
    await forward(turn, body.octets, caller)
  } catch (failure) {
    await concludeFailed(turn, failure)
  }
}

/** A bug must not cost the client its receipt. */
async function concludeFailed(turn: Turn, failure: unknown): Promise<void> {
  const { exchange, client, parts } = turn
  if (exchange.concluded || isLogFailure(failure)) throw failure
  reportFailure(parts.telemetry, failure)
  if (!client.began) return answerError(turn, internalError(), exchange.forwarded ? 'incomplete' : 'error')
  client.cut()
  await answerError(turn, internalError(), 'incomplete')
}

function isLogFailure(error: unknown): boolean {
  return error instanceof CountersignError && error.code === 'ERR_LOG_APPEND'
}

function open({ parts, operation, incoming, caller, aborter }: Arrival, body: RequestBody): Exchange | undefined {
  const { headers } = incoming
  try {
    return new Exchange(parts.recorder, parts.clock, {
      method: 'POST',
      path: operation.path,
      operation: operation.name,
      tenant: caller.tenant,
      retryCount: readRetryCount(headers),
      channel: channelOf(incoming.socket),
      ...(body.kind === 'whole' ? { body: body.octets } : {}),
      mediaType: readMediaType(headers),
      cutShort: () => aborter.abort(),
    })
  } catch (error) {
    if (isLogFailure(error)) return undefined
    throw error
  }
}

function judgeHeaders({ exchange, parts, wish }: Turn, { headers }: IncomingMessage): ApiError | undefined {
  const nonce = readNonce(headers)
  if (nonce.kind === 'valid') exchange.challenged(nonce.text)
  const prev = readPrev(headers)
  if (prev.kind === 'valid') exchange.followed(prev.text)
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') return unsupportedCoding()
  if (nonce.kind === 'invalid')
    return invalidRequest('Attestation-Nonce must be 32 to 64 octets in base64url without padding.', {
      param: 'Attestation-Nonce',
    })
  if (prev.kind === 'invalid')
    return invalidRequest('Inference-Receipt-Prev must be sha256: and 64 lower-case hexadecimal digits.', {
      param: 'Inference-Receipt-Prev',
    })
  // RFC 7240 would ignore it. An answer whose receipt nobody will ever witness is not what was asked for, and costs as much.
  if (wish?.grade === 'witnessed' && !parts.hasWitnesses) return gradeUnavailable()
  return undefined
}

/** A bug, or a disk that failed: nothing is known of what may leave, so nothing does. */
function fail(client: ClientResponse, error: unknown): void {
  if (client.began) client.cut()
  else sendError(client, isLogFailure(error) ? logUnavailable() : internalError())
}
