/** The one change that an upstream needs: the name by which it knows the model. @module */
import { findMembers } from '../../core/transform/json-span.ts'
import type { Splice } from '../../core/transform/splice.ts'
import { MalformedError } from '../../errors.ts'
import type { ServedModel } from './types.ts'

/**
 * Replaces exactly the octets of the value of the top-level `model`; none where both sides use one name.
 * @throws MalformedError TRANSFORM_MISMATCH without that member; JSON_DUPLICATE_KEY, JSON_INVALID
 */
export function modelSplice(body: Uint8Array, { id, claim }: ServedModel): readonly Splice[] {
  if (claim.name === id) return []
  const span = findMembers(body).get('model')
  if (span === undefined) throw new MalformedError('TRANSFORM_MISMATCH', 'the request names no model')
  const insert = new TextEncoder().encode(JSON.stringify(claim.name))
  return [{ at: span.start, remove: span.end - span.start, insert, role: 'model' }]
}
