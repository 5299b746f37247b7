/** `GET /v1/models` and `/v1/models/{id}`: what this key may use. @module */
import { type Caller, mayUse } from '../middleware/authenticate.ts'
import type { ServedModel } from '../upstream/types.ts'
import { modelNotFound } from './api-error.ts'
import type { GatewayParts } from './parts.ts'
import { respondError, respondJson } from './respond.ts'

function describeModel({ id, created, upstream }: ServedModel): object {
  return { id, object: 'model', created, owned_by: upstream }
}

export function listModels({ upstreams }: GatewayParts, caller: Caller): Response {
  const data = upstreams.models().filter(({ id }) => mayUse(caller, id))
  return respondJson({ object: 'list', data: data.map(describeModel) })
}

export function showModel({ upstreams }: GatewayParts, caller: Caller, id: string): Response {
  const served = mayUse(caller, id) ? upstreams.find(id) : undefined
  return served === undefined ? respondError(modelNotFound()) : respondJson(describeModel(served.model))
}
