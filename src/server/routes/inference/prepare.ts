/**
 * From the client's octets to those that the model server is given. The one way: context and upstream say what shall change, the transform
 * engine changes it, and what it gives is digested and sent. wire.md section 2. @module
 */
import { JsonEdits } from '../../../core/transform/json-edit.ts'
import { applySplices } from '../../../core/transform/splice.ts'
import { MalformedError } from '../../../errors.ts'
import { ContextRefusal } from '../../context/refusal.ts'
import type { AddedDependencies, Context, ContextRequest, PreparedContext } from '../../context/types.ts'
import type { Forwarding } from '../../recorder/exchange.ts'
import type { ServedModel, Upstream } from '../../upstream/types.ts'
import { type ApiError, invalidRequest } from '../api-error.ts'
import type { InferenceRequest } from './operation.ts'

/** A request that has its model. */
export interface Routed {
  readonly path: string
  readonly request: InferenceRequest
  readonly model: ServedModel
  readonly upstream: Upstream
}

export type Prepared =
  | { readonly ok: true; readonly forwarding: Forwarding; readonly context: PreparedContext; readonly edits: JsonEdits }
  | { readonly ok: false; readonly error: ApiError }

/** Whose request it is, and where what is remembered for them lies. */
export type Asker = Pick<ContextRequest, 'apiKey' | 'tenant' | 'store'>

/** @param body exactly what the client sent */
export async function prepare(
  context: Context,
  routed: Routed,
  { body, asker }: { readonly body: Uint8Array; readonly asker: Asker },
): Promise<Prepared> {
  const { path, request } = routed
  const edits = new JsonEdits(body)
  try {
    const added = await context.prepare({ ...asker, path, fields: request.fields, modelId: request.model, edits })
    const forwarding = transform(routed, { body, edits, dependencies: added.dependencies })
    return { ok: true, forwarding, context: added, edits }
  } catch (error) {
    if (error instanceof ContextRefusal) {
      const { param, code } = error
      return { ok: false, error: invalidRequest(error.message, { param, ...(code !== undefined && { code }) }) }
    }
    if (error instanceof MalformedError)
      return { ok: false, error: invalidRequest('The content holds text or numbers without an exact form.') }
    throw error
  }
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
  const octets = splices.length === 0 ? body : applySplices(body, splices)
  return { octets, splices, model, dependencies: { ...upstream.dependencies(body, model, octets), ...dependencies } }
}
