/** Routes an admitted request to its model, transforms and sends it, and relays what comes back. @module */
import { type Caller, mayUse } from '../../middleware/authenticate.ts'
import type { Upstream } from '../../upstream/types.ts'
import { type ApiError, modelNotAllowed, modelNotFound, modelNotServedHere, weightsChanged } from '../api-error.ts'
import type { InferenceRequest } from './operation.ts'
import { prepare, type Routed } from './prepare.ts'
import { readRequest } from './request-reading.ts'
import { relayStream } from './stream-answer.ts'
import { answerError, type Turn } from './turn.ts'
import { answerFailure, isSuccess, relayErrorAnswer, relayWhole } from './whole-answer.ts'

type Route = ({ readonly ok: true } & Routed) | { readonly ok: false; readonly error: ApiError }

function route({ parts, operation, exchange, report }: Turn, body: Uint8Array, caller: Caller): Route {
  const read = readRequest(operation, body)
  const asked = read.ok ? read.request.model : read.model
  if (asked !== undefined) exchange.asked(asked)
  if (!read.ok) return read
  const { request } = read
  const served = parts.upstreams.find(request.model)
  if (served === undefined) return { ok: false, error: modelNotFound() }
  if (!mayUse(caller, request.model)) return { ok: false, error: modelNotAllowed() }
  if (!served.upstream.serves(operation.path)) return { ok: false, error: modelNotServedHere(operation.path) }
  report.asked(served.model.id, request.stream)
  // A receipt would name what was measured, and nobody knows any more what the model server reads.
  if (served.model.weights?.change !== undefined) return { ok: false, error: weightsChanged() }
  return { ok: true, path: operation.path, request, ...served }
}

export async function forward(turn: Turn, body: Uint8Array, caller: Caller): Promise<void> {
  const routed = route(turn, body, caller)
  if (!routed.ok) return answerError(turn, routed.error, 'refused')
  const { tenant, apiKey } = caller
  const asker = { tenant, store: turn.parts.store, ...(apiKey === undefined ? {} : { apiKey }) }
  const prepared = await prepare(turn.parts.upstreams.context, routed, { body, asker })
  if (!prepared.ok) return answerError(turn, prepared.error, 'refused')
  turn.exchange.forwarding(prepared.forwarding)
  const { path } = routed
  await relay(
    turn,
    routed.request,
    routed.upstream.send({ path, body: prepared.forwarding.octets, signal: turn.signal }),
  )
}

async function relay(turn: Turn, request: InferenceRequest, sent: ReturnType<Upstream['send']>): Promise<void> {
  try {
    // The intent becomes durable while the upstream thinks; no octet leaves before it is.
    const [response] = await Promise.all([sent, turn.exchange.admitted.durable])
    turn.exchange.answered(response.peer)
    if (!isSuccess(response)) return await relayErrorAnswer(turn, response)
    const { operation } = turn
    const { stream, choices } = request
    if (stream && operation.followStream !== 'none')
      return await relayStream(turn, response, operation.followStream(choices))
    return await relayWhole(turn, response, { operation, choices })
  } catch (error) {
    await answerFailure(turn, error)
  }
}
