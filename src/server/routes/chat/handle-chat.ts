/** `POST /v1/chat/completions`: admission, the checks before anything is forwarded, and the two kinds of answer. @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { applySplices } from '../../../core/transform/splice.ts'
import { CountersignError, MalformedError } from '../../../errors.ts'
import { authenticate, type Caller, mayUse } from '../../middleware/authenticate.ts'
import { Exchange, type Forwarding } from '../../recorder/exchange.ts'
import { reportFailure } from '../../telemetry/report-failure.ts'
import type { ServedModel, Upstream } from '../../upstream/types.ts'
import {
  type ApiError,
  gradeUnavailable,
  internalError,
  invalidApiKey,
  invalidRequest,
  logUnavailable,
  modelNotAllowed,
  modelNotFound,
  requestTooLarge,
  sessionChanging,
  unsupportedCoding,
} from '../api-error.ts'
import { ClientResponse } from '../client-response.ts'
import { admissionRefusal, type GatewayParts } from '../parts.ts'
import { readMediaType, readNonce, readRetryCount } from '../preferences.ts'
import { discardRest, type RequestBody, readBody } from '../read-body.ts'
import { createRequestId } from '../request-id.ts'
import { type ChatRequest, readChatRequest } from './chat-request.ts'
import { readWish } from './hold.ts'
import { relayStream } from './stream-answer.ts'
import { answerError, CLIENT_GONE, sendError, type Turn } from './turn.ts'
import { TurnReport } from './turn-report.ts'
import { answerFailure, isSuccess, relayErrorAnswer, relayWhole } from './whole-answer.ts'

export const CHAT_ROUTE = '/v1/chat/completions'

/** Answers one request. Never rejects: whatever goes wrong ends in an error answer or a cut connection. */
export async function handleChat(
  parts: GatewayParts,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const requestId = createRequestId(parts.random)
  const client = new ClientResponse(outgoing, requestId)
  const report = new TurnReport(requestId, CHAT_ROUTE, () => parts.clock.monotonicMs())
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
    await admit({ parts, incoming, client, report, caller, aborter })
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
  const { parts, incoming, client, report, caller, aborter } = arrival
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

function open({ parts, incoming, caller, aborter }: Arrival, body: RequestBody): Exchange | undefined {
  const { headers } = incoming
  try {
    return new Exchange(parts.recorder, parts.clock, {
      method: 'POST',
      path: CHAT_ROUTE,
      operation: 'chat',
      tenant: caller.tenant,
      retryCount: readRetryCount(headers),
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
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') return unsupportedCoding()
  if (nonce.kind === 'invalid')
    return invalidRequest('Attestation-Nonce must be 32 to 64 octets in base64url without padding.', {
      param: 'Attestation-Nonce',
    })
  // RFC 7240 would ignore it. An answer whose receipt nobody will ever witness is not what was asked for, and costs as much.
  if (wish?.grade === 'witnessed' && !parts.hasWitnesses) return gradeUnavailable()
  return undefined
}

type Route =
  | { readonly ok: true; readonly request: ChatRequest; readonly model: ServedModel; readonly upstream: Upstream }
  | { readonly ok: false; readonly error: ApiError }

function route({ parts, exchange, report }: Turn, body: Uint8Array, caller: Caller): Route {
  const read = readChatRequest(body)
  const asked = read.ok ? read.request.model : read.model
  if (asked !== undefined) exchange.asked(asked)
  if (!read.ok) return read
  const { request } = read
  const served = parts.upstreams.find(request.model)
  if (served === undefined) return { ok: false, error: modelNotFound() }
  if (!mayUse(caller, request.model)) return { ok: false, error: modelNotAllowed() }
  report.asked(served.model.id, request.stream)
  return { ok: true, request, ...served }
}

/**
 * The upstream gets the output of the transform engine and nothing else: these octets are digested, and these are sent.
 * @returns undefined for content that a transform or a dependency cannot be stated for
 */
function transform({ model, upstream }: Extract<Route, { ok: true }>, body: Uint8Array): Forwarding | undefined {
  try {
    const splices = upstream.transforms(body, model)
    const octets = splices.length === 0 ? body : applySplices(body, splices)
    return { octets, splices, model, dependencies: upstream.dependencies(body, model) }
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

async function forward(turn: Turn, body: Uint8Array, caller: Caller): Promise<void> {
  const routed = route(turn, body, caller)
  if (!routed.ok) return answerError(turn, routed.error, 'refused')
  const forwarding = transform(routed, body)
  if (forwarding === undefined)
    return answerError(turn, invalidRequest('The content holds text or numbers without an exact form.'), 'refused')
  turn.exchange.forwarding(forwarding)
  const { octets } = forwarding
  await relay(turn, routed.request, routed.upstream.send({ path: CHAT_ROUTE, body: octets, signal: turn.signal }))
}

async function relay(turn: Turn, request: ChatRequest, sent: ReturnType<Upstream['send']>): Promise<void> {
  try {
    // The intent becomes durable while the upstream thinks; no octet leaves before it is.
    const [response] = await Promise.all([sent, turn.exchange.admitted.durable])
    turn.exchange.answered(response.peer)
    if (!isSuccess(response)) return await relayErrorAnswer(turn, response)
    if (request.stream) return await relayStream(turn, response, request.choices)
    return await relayWhole(turn, response, request.choices)
  } catch (error) {
    await answerFailure(turn, error)
  }
}

/** A bug, or a disk that failed: nothing is known of what may leave, so nothing does. */
function fail(client: ClientResponse, error: unknown): void {
  if (client.began) client.cut()
  else sendError(client, isLogFailure(error) ? logUnavailable() : internalError())
}
