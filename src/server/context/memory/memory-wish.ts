/** What a request asks of the memory: to go on from an answer, and to keep its own. @module */
import { ContextRefusal } from '../refusal.ts'
import type { ContextRequest } from '../types.ts'

const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'
const PREVIOUS = 'previous_response_id'

export interface MemoryWish {
  /** The member that holds messages or items. */
  readonly member: 'messages' | 'input'
  /** The answer to go on from; undefined at the beginning. */
  readonly previous: string | undefined
  /** Whether what the conversation comes to is to be kept. */
  readonly keeps: boolean
}

/**
 * `store` is read as in OpenAI's API: responses are kept unless it is false, chats where it is true. A chat that goes on from an answer is kept
 * too: whoever goes on once goes on again.
 * @returns undefined for a request that the memory has nothing to do with
 * @throws ContextRefusal
 */
export function readMemoryWish({ path, fields }: Pick<ContextRequest, 'path' | 'fields'>): MemoryWish | undefined {
  const { [PREVIOUS]: previous = null, store = null, conversation = null } = fields
  if (path !== CHAT && path !== RESPONSES) {
    if (previous === null) return undefined
    throw new ContextRefusal('Conversations of this gateway go on in chat and responses.', { param: PREVIOUS })
  }
  if (conversation !== null)
    throw new ContextRefusal(`This gateway has no \`conversation\` objects: go on from an answer by \`${PREVIOUS}\`.`, {
      param: 'conversation',
      code: 'unsupported_parameter',
    })
  if (previous !== null && typeof previous !== 'string')
    throw new ContextRefusal(`\`${PREVIOUS}\` must be a string.`, { param: PREVIOUS })
  if (store !== null && typeof store !== 'boolean')
    throw new ContextRefusal('`store` must be true or false.', { param: 'store' })
  const keeps = store ?? (path === RESPONSES || previous !== null)
  if (previous === null && !keeps) return undefined
  return { member: path === CHAT ? 'messages' : 'input', previous: previous ?? undefined, keeps }
}
