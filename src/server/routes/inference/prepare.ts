/**
 * From the client's octets to those that the model server is given. The one way: context and upstream say what shall change, the transform
 * engine changes it, and what it gives is digested and sent. wire.md section 2. @module
 */

import { ForwardedOctets } from '../../../core/transform/forwarded-octets.ts'
import { JsonEdits } from '../../../core/transform/json-edit.ts'
import { MalformedError } from '../../../errors.ts'
import { ContextRefusal } from '../../context/refusal.ts'
import type { AddedDependencies, Context, ContextRequest, PreparedContext } from '../../context/types.ts'
import { ContextUnavailable } from '../../context/unavailable.ts'
import type { Forwarding } from '../../recorder/exchange.ts'
import type { ServedModel, Upstream } from '../../upstream/types.ts'
import { type ApiError, contextUnavailable, invalidRequest } from '../api-error.ts'
import type { InferenceRequest } from './operation.ts'

/** A request that has its model. */
export interface Routed {
  readonly path: string
  readonly request: InferenceRequest
  readonly model: ServedModel
  readonly upstream: Upstream
}

/** A request with what was added to it so far. */
export interface PreparedRequest {
  /** Exactly what the client sent. */
  readonly body: Uint8Array
  readonly edits: JsonEdits
  readonly context: PreparedContext
}

/** Whose request it is, and where what is remembered for them lies. */
export type Asker = Pick<ContextRequest, 'apiKey' | 'tenant' | 'store' | 'signal'>

/** @throws ContextRefusal, ContextUnavailable, MalformedError: {@link errorOfRequest} */
export async function prepare(
  context: Context,
  { path, request }: Routed,
  { body, asker }: { readonly body: Uint8Array; readonly asker: Asker },
): Promise<PreparedRequest> {
  const edits = new JsonEdits(body)
  const added = await context.prepare({ ...asker, path, fields: request.fields, modelId: request.model, edits })
  return { body, edits, context: added }
}

/** What a client is told whose request cannot be prepared as it asks. Throws what is no such error. */
export function errorOfRequest(error: unknown): ApiError {
  if (error instanceof ContextRefusal) {
    const { param, code } = error
    return invalidRequest(error.message, { param, ...(code !== undefined && { code }) })
  }
  if (error instanceof ContextUnavailable) return contextUnavailable(error.message)
  if (error instanceof MalformedError) return invalidRequest('The content holds text or numbers without an exact form.')
  throw error
}

/** What is made of the client's octets by the changes so far. */
export interface Changes {
  readonly body: Uint8Array
  readonly edits: JsonEdits
  readonly dependencies: AddedDependencies
}

/** @throws MalformedError */
export function transform({ model, upstream }: Routed, { body, edits, dependencies }: Changes): Forwarding {
  const splices = [...edits.splices(), ...upstream.transforms(body, model)].sort((one, other) => one.at - other.at)
  const forwarded = ForwardedOctets.make(body, splices)
  const own = upstream.dependencies(body, model, forwarded.octets)
  return { forwarded, model, dependencies: { ...own, ...dependencies } }
}
