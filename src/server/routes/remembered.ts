/** `DELETE /v1/responses/{id}`: the gateway forgets what it remembers behind an answer. For the API key that led the conversation. @module */
import { isExpired } from '../context/memory/expire-states.ts'
import { readState, removeState } from '../context/memory/sealed-states.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { notFound } from './api-error.ts'
import type { GatewayParts } from './parts.ts'
import { respondError, respondJson } from './respond.ts'

/**
 * Unknown, lapsed and foreign ids are answered alike. What the host copied before is still sealed; nobody can make it forget.
 * @param id as in the path, whatever stood there
 */
export async function deleteRemembered(parts: GatewayParts, { apiKey, tenant }: Caller, id: string): Promise<Response> {
  const { memory } = parts.config.measured
  if (memory === undefined || apiKey === undefined) return respondError(notFound())
  const owner = { apiKey, tenant }
  const found = await readState(parts.store, owner, id)
  await removeState(parts.store, owner, id)
  if (found === undefined || isExpired(found.created, memory.retentionDays, parts.clock.seconds()))
    return respondError(notFound())
  return respondJson({ id, object: 'response.deleted', deleted: true })
}
