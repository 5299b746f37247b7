/**
 * The Oblivious Gateway Resource: RFC 9458, draft-ietf-ohai-chunked-ohttp, at the place of RFC 9540. It opens encrypted requests and has
 * this gateway answer them; none of them reaches anybody else. What stands in front sees sizes and times. @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OpenedRequest } from '../../ohttp/index.ts'
import type { MeasuredConfig } from '../config/index.ts'
import { ClientResponse } from '../routes/client-response.ts'
import type { GatewayParts } from '../routes/parts.ts'
import { discardRest } from '../routes/read-body.ts'
import { createRequestId } from '../routes/request-id.ts'
import { respondOctets } from '../routes/respond.ts'
import type { ChannelKeys } from '../session/channel-keys.ts'
import { reportFailure } from '../telemetry/report-failure.ts'
import type { DecapsulationTurns } from './decapsulation-turns.ts'
import { answerOf, fieldOf, sendInner } from './inner-request.ts'
import type { Loopback } from './loopback.ts'
import { openArrived } from './open-arrived.ts'
import type { OpeningRoom, Place } from './opening-room.ts'
import { encodeProblem, notAdmitted, PROBLEM_TYPE, unwritable } from './refusals.ts'
import { type ReplayGuard, readDate } from './replay-guard.ts'
import { SealedAnswer } from './sealed-answer.ts'

export const OHTTP_ROUTE = '/.well-known/ohttp-gateway'

/** What it works with of the running gateway. */
export interface OhttpParts extends Pick<GatewayParts, 'clock' | 'random' | 'lifecycle' | 'telemetry'> {
  readonly boot: { readonly channels: Pick<ChannelKeys, 'ohttp'> }
  readonly config: { readonly measured: Pick<MeasuredConfig, 'limits'> }
}

export interface OhttpResource {
  readonly parts: OhttpParts
  readonly loopback: Loopback
  readonly replays: ReplayGuard
  readonly room: OpeningRoom
  readonly turns: DecapsulationTurns
}

export interface EncryptedExchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

const ENCRYPTED = 200
/** What a line says of an exchange that broke off. */
const BROKEN_OFF = 499
const ANSWER_HEADERS = { 'cache-control': 'no-store', 'x-accel-buffering': 'no', incremental: '?1' } as const

/** For whoever has no session to take them from. Clients do, and use no others. */
export function showOhttpKeys({ boot }: OhttpParts): Response {
  return respondOctets('application/ohttp-keys', boot.channels.ohttp.configs, { 'cache-control': 'no-store' })
}

/** Answers one request, and writes its line. Never rejects. */
export async function answerEncrypted(
  resource: OhttpResource,
  { incoming, outgoing }: EncryptedExchange,
): Promise<void> {
  const { parts } = resource
  const startedMs = parts.clock.monotonicMs()
  const requestId = createRequestId(parts.random)
  const client = new ClientResponse(outgoing, requestId)
  const place = resource.room.enter()
  let [status, requestSize] = [BROKEN_OFF, 0]
  // What is under way within ends by itself, with its receipt; before that there is nothing to end.
  const leave = parts.lifecycle.enter(() => {
    if (!incoming.complete) client.cut()
  })
  try {
    status = await answer(resource, {
      incoming,
      client,
      place,
      onArrival: (size) => {
        requestSize = size
      },
    })
  } catch (error) {
    // The inner connection broke, and with it the outer one: an answer that was cut must not look like one that ended.
    client.cut()
    if (!isReset(error)) reportFailure(parts.telemetry, error)
  } finally {
    place.leave()
    client.onClosed(leave)
    parts.telemetry.write({
      event: 'request',
      requestId,
      route: OHTTP_ROUTE,
      status,
      requestSize,
      responseSize: client.size,
      durationMs: Math.round((parts.clock.monotonicMs() - startedMs) * 100) / 100,
    })
  }
}

interface Arrival {
  readonly incoming: IncomingMessage
  readonly client: ClientResponse
  readonly place: Place
  readonly onArrival: (size: number) => void
}

/** @returns the status that whoever stands in front sees */
async function answer(
  { parts, turns, ...within }: Omit<OhttpResource, 'room'>,
  { incoming, client, place, onArrival }: Arrival,
): Promise<number> {
  const { bodyBytes, answerBytes } = parts.config.measured.limits
  const opening = await openArrived(incoming, { keys: parts.boot.channels.ohttp, bodyBytes, place, turns, onArrival })
  if (opening.kind === 'gone') return BROKEN_OFF
  if (opening.kind === 'refused') {
    const { problem } = opening
    client.header('cache-control', 'no-store')
    client.send(problem.status, PROBLEM_TYPE, encodeProblem(problem))
    discardRest(incoming, bodyBytes)
    return problem.status
  }
  const { form, opened } = opening
  client.headers(ANSWER_HEADERS)
  const sealed = new SealedAnswer(client, { form, sealer: await opened.sealResponse(), maxSize: answerBytes })
  await answerOpened({ parts, ...within }, { opened, client, place, sealed })
  return client.gone ? BROKEN_OFF : ENCRYPTED
}

interface Opened {
  readonly opened: OpenedRequest
  readonly client: ClientResponse
  readonly place: Place
  readonly sealed: SealedAnswer
}

/** From here on everything that is said is encrypted. */
async function answerOpened(
  { parts, loopback, replays }: Pick<OhttpResource, 'parts' | 'loopback' | 'replays'>,
  { opened: { request, enc }, client, place, sealed }: Opened,
): Promise<void> {
  const now = parts.clock.date()
  const admission = replays.admit({ enc, dated: readDate(fieldOf(request, 'date')) }, now)
  if (admission !== 'admitted') return sealed.send(notAdmitted(admission, now))
  const sent = sendInner(request, loopback)
  if (sent === undefined) return sealed.send(unwritable())
  client.onGone(() => sent.destroy())
  // Once the server within has taken it; one that answers without reading it leaves it here until then.
  sent.once('finish', () => place.leave())
  await sealed.relay(await answerOf(sent))
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
}
