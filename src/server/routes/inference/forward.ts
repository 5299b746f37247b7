/** Routes an admitted request to its model, transforms and sends it, and relays what comes back. @module */
import { applySplices } from '../../../core/transform/splice.ts'
import { MalformedError } from '../../../errors.ts'
import { type Caller, mayUse } from '../../middleware/authenticate.ts'
import type { Forwarding } from '../../recorder/exchange.ts'
import type { ServedModel, Upstream } from '../../upstream/types.ts'
import {
  type ApiError,
  invalidRequest,
  modelNotAllowed,
  modelNotFound,
  modelNotServedHere,
  weightsChanged,
} from '../api-error.ts'
import type { InferenceRequest } from './operation.ts'
import { readRequest } from './request-reading.ts'
import { relayStream } from './stream-answer.ts'
import { answerError, type Turn } from './turn.ts'
import { answerFailure, isSuccess, relayErrorAnswer, relayWhole } from './whole-answer.ts'

type Route =
  | { readonly ok: true; readonly request: InferenceRequest; readonly model: ServedModel; readonly upstream: Upstream }
  | { readonly ok: false; readonly error: ApiError }

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

export async function forward(turn: Turn, body: Uint8Array, caller: Caller): Promise<void> {
  const routed = route(turn, body, caller)
  if (!routed.ok) return answerError(turn, routed.error, 'refused')
  const forwarding = transform(routed, body)
  if (forwarding === undefined)
    return answerError(turn, invalidRequest('The content holds text or numbers without an exact form.'), 'refused')
  turn.exchange.forwarding(forwarding)
  const { octets } = forwarding
  await relay(
    turn,
    routed.request,
    routed.upstream.send({ path: turn.operation.path, body: octets, signal: turn.signal }),
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
