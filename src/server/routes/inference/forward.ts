/** Routes an admitted request to its model, transforms and sends it, and relays what comes back. @module */
import { type Caller, mayUse } from '../../middleware/authenticate.ts'
import { type ApiError, modelNotAllowed, modelNotFound, modelNotServedHere, weightsChanged } from '../api-error.ts'
import { errorOfRequest, prepare, type Routed } from './prepare.ts'
import { readRequest } from './request-reading.ts'
import { relayStream } from './stream-answer.ts'
import { ToolRun } from './tool-run.ts'
import { answerError, type Turn } from './turn.ts'
import { answerFailure, relayWhole } from './whole-answer.ts'

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

/** The run of a request that can be prepared as it asks; else what is wrong with it. */
async function begin(turn: Turn, routed: Routed, { body, caller }: Asked): Promise<ToolRun | ApiError> {
  const { tenant, apiKey } = caller
  const asker = { tenant, store: turn.parts.store, signal: turn.signal, ...(apiKey === undefined ? {} : { apiKey }) }
  try {
    const run = new ToolRun(turn, routed, await prepare(turn.parts.upstreams.context, routed, { body, asker }))
    run.forward()
    return run
  } catch (error) {
    return errorOfRequest(error)
  }
}

interface Asked {
  readonly body: Uint8Array
  readonly caller: Caller
}

export async function forward(turn: Turn, body: Uint8Array, caller: Caller): Promise<void> {
  const routed = route(turn, body, caller)
  if (!routed.ok) return answerError(turn, routed.error, 'refused')
  const run = await begin(turn, routed, { body, caller })
  if (!(run instanceof ToolRun)) return answerError(turn, run, 'refused')
  const { followStream } = turn.operation
  try {
    const { stream, choices } = routed.request
    if (stream && followStream !== 'none') await relayStream(turn, run, () => followStream(choices))
    else await relayWhole(turn, run, { operation: turn.operation, choices })
  } catch (error) {
    await answerFailure(turn, error)
  }
}
