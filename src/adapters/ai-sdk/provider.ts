/** A provider on @ai-sdk/openai-compatible with an attested fetch. Receipts are in `providerMetadata.countersign`. @module */
import {
  createOpenAICompatible,
  type OpenAICompatibleProvider,
  type OpenAICompatibleProviderSettings,
} from '@ai-sdk/openai-compatible'
import { wrapEmbeddingModel, wrapLanguageModel } from 'ai'
import { type AttestedFetchOptions, attestedFetchOptions, createAttestedFetch, receiptOf } from '../../client/index.ts'
import { type Attempts, createAttempts } from '../attempts.ts'
import { embeddingMiddleware, languageMiddleware } from './middleware.ts'

/** What openai-compatible takes, but for its fetch, and what {@link createAttestedFetch} takes. */
export type CountersignProviderSettings = Omit<OpenAICompatibleProviderSettings, 'fetch' | 'name'> &
  AttestedFetchOptions & {
    /** The provider's name in the SDK's own records. */
    readonly name?: string
  }

/** Language models, completions and embeddings. Images bear receipts too, which the SDK has no place for: `onReceipt` is told of them. */
export type CountersignProvider = OpenAICompatibleProvider

/**
 * @example
 * import { generateText } from 'ai'
 * import { createCountersign } from 'countersign/ai-sdk'
 * const countersign = createCountersign({ baseURL: 'https://gw.example.com/v1', apiKey, policy, lock })
 * const { text, providerMetadata } = await generateText({ model: countersign('llama'), prompt: 'Hello' })
 * providerMetadata.countersign.token
 */
export function createCountersign({
  name = 'countersign',
  ...settings
}: CountersignProviderSettings): CountersignProvider {
  const attested = createAttestedFetch(attestedFetchOptions(settings))
  const provider = (fetch: typeof globalThis.fetch): OpenAICompatibleProvider =>
    createOpenAICompatible({ ...settings, name, fetch })
  // A provider of its own for each call: what its fetch sees belongs to that call, however many run at once.
  const begin = (): Call => {
    const attempts = createAttempts()
    return { provider: provider(noting(attested, attempts)), attempts }
  }
  const plain = provider(attested)
  const chatModel: CountersignProvider['chatModel'] = (id) =>
    wrapLanguageModel({
      model: plain.chatModel(id),
      middleware: languageMiddleware(() => beginModel(begin, (call) => call.chatModel(id))),
    })
  const completionModel: CountersignProvider['completionModel'] = (id) =>
    wrapLanguageModel({
      model: plain.completionModel(id),
      middleware: languageMiddleware(() => beginModel(begin, (call) => call.completionModel(id))),
    })
  const embeddingModel: CountersignProvider['embeddingModel'] = (id) =>
    wrapEmbeddingModel({
      model: plain.embeddingModel(id),
      middleware: embeddingMiddleware(() => beginModel(begin, (call) => call.embeddingModel(id))),
    })
  return Object.assign((id: string) => chatModel(id), {
    specificationVersion: 'v3' as const,
    languageModel: chatModel,
    chatModel,
    completionModel,
    embeddingModel,
    textEmbeddingModel: embeddingModel,
    imageModel: (id: string) => plain.imageModel(id),
  })
}

interface Call {
  readonly provider: OpenAICompatibleProvider
  readonly attempts: Attempts
}

function beginModel<M>(
  begin: () => Call,
  modelOf: (provider: OpenAICompatibleProvider) => M,
): { readonly model: M; readonly attempts: Attempts } {
  const { provider, attempts } = begin()
  return { model: modelOf(provider), attempts }
}

function noting(fetch: typeof globalThis.fetch, attempts: Attempts): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    attempts.note(receiptOf(response))
    return response
  }
}
