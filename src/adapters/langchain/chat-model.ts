/** ChatOpenAI with an attested fetch. Receipts are in each message's `response_metadata.countersign`. @module */
import { ChatOpenAI, type ChatOpenAIFields } from '@langchain/openai'
import { type AttestedFetchOptions, attestedFetchOptions, createAttestedFetch } from '../../client/index.ts'
import { AttestedCompletions, AttestedResponses } from './attested-models.ts'

/** What ChatOpenAI takes, but for the parts that are made here, and what {@link createAttestedFetch} takes. */
export type CountersignChatFields = Omit<ChatOpenAIFields, 'completions' | 'responses'> &
  AttestedFetchOptions & {
    /** Address of the gateway, ends in `/v1`. */
    readonly baseURL: string
  }

/**
 * @example
 * import { createCountersignChat } from 'countersign/langchain'
 * const model = createCountersignChat({ baseURL: 'https://gw.example.com/v1', apiKey, model: 'llama', policy, lock })
 * const message = await model.invoke('Hello')
 * message.response_metadata.countersign.token
 */
export function createCountersignChat({ baseURL, ...options }: CountersignChatFields): ChatOpenAI {
  const fields = {
    ...options,
    configuration: { ...options.configuration, baseURL, fetch: createAttestedFetch(attestedFetchOptions(options)) },
  }
  return new ChatOpenAI({
    ...fields,
    completions: new AttestedCompletions(fields),
    responses: new AttestedResponses(fields),
  })
}
