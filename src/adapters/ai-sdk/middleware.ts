/** Puts the receipt of each call into its `providerMetadata`, before the SDK takes the answer for finished. @module */
import type { EmbeddingModelMiddleware, LanguageModelMiddleware } from 'ai'
import type { AttestedReceipt } from '../../client/index.ts'
import type { Attempts } from '../attempts.ts'
import { type ReceiptRecord, recordOf } from '../receipt-record.ts'

type WrapStream = NonNullable<LanguageModelMiddleware['wrapStream']>
type LanguageModel = Parameters<WrapStream>[0]['model']
type EmbeddingModel = Parameters<NonNullable<EmbeddingModelMiddleware['wrapEmbed']>>[0]['model']
type StreamResult = Awaited<ReturnType<LanguageModel['doStream']>>
type StreamPart = StreamResult['stream'] extends ReadableStream<infer Part> ? Part : never

/** A model that serves one call, and where its receipts go. */
export interface ModelCall<M> {
  readonly model: M
  readonly attempts: Attempts
}

export function languageMiddleware(begin: () => ModelCall<LanguageModel>): LanguageModelMiddleware {
  return {
    specificationVersion: 'v3',
    wrapGenerate: async ({ params }) => {
      const { model, attempts } = begin()
      const result = await model.doGenerate(params)
      return { ...result, providerMetadata: { ...result.providerMetadata, ...metadataOf(await attempts.last()) } }
    },
    wrapStream: async ({ params }) => {
      const { model, attempts } = begin()
      const result = await model.doStream(params)
      return { ...result, stream: result.stream.pipeThrough(finishing(attempts)) }
    },
  }
}

export function embeddingMiddleware(begin: () => ModelCall<EmbeddingModel>): EmbeddingModelMiddleware {
  return {
    specificationVersion: 'v3',
    wrapEmbed: async ({ params }) => {
      const { model, attempts } = begin()
      const result = await model.doEmbed(params)
      return { ...result, providerMetadata: { ...result.providerMetadata, ...metadataOf(await attempts.last()) } }
    },
  }
}

function metadataOf(receipt: AttestedReceipt): { countersign: ReceiptRecord } {
  return { countersign: recordOf(receipt) }
}

/** The part that ends a stream comes after its last octet, so the receipt has verified by then; where it has not, there is no such part. */
function finishing(attempts: Attempts): TransformStream<StreamPart, StreamPart> {
  return new TransformStream({
    async transform(part, controller) {
      if (part.type !== 'finish') return controller.enqueue(part)
      const metadata = metadataOf(await attempts.last())
      controller.enqueue({ ...part, providerMetadata: { ...part.providerMetadata, ...metadata } })
    },
  })
}
