/**
 * Vectors of texts by a model of this gateway's configuration. They are asked for as any client would, through the same upstream, whose
 * every octet in return is judged before it counts.
 * @module
 */
import { concatBytes } from '../../../core/encoding/bytes.ts'
import { ForwardedOctets } from '../../../core/transform/forwarded-octets.ts'
import { CountersignError } from '../../../errors.ts'
import { decodeEmbeddings, embeddingsSize, type UnitVector } from '../../../retrieval/index.ts'
import type { ServedModel, Upstream, UpstreamResponse } from '../../upstream/types.ts'
import { UpstreamFailure } from '../../upstream/upstream-failure.ts'

export type FindModel = (modelId: string) => { readonly model: ServedModel; readonly upstream: Upstream } | undefined

export interface Embedder {
  /** As served now. @throws CountersignError ERR_UPSTREAM where it is not */
  readonly model: () => ServedModel
  /**
   * One vector for each text, in their order.
   * @throws CountersignError ERR_UPSTREAM; the message holds nothing of the texts or the answer
   */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly UnitVector[]>
}

const PATH = '/v1/embeddings'

/** @param find asked at each use: models are served only once the context of requests is there */
export function createEmbedder(modelId: string, find: FindModel): Embedder {
  const served = (): NonNullable<ReturnType<FindModel>> => {
    const found = find(modelId)
    if (found === undefined) throw failed('is not served')
    // Nobody can say any more what computes the vectors, and the receipt would name what was measured.
    if (found.model.weights?.change !== undefined) throw failed('has weights that changed on disk')
    return found
  }
  return {
    model: () => served().model,
    embed: async (texts, signal) => {
      const { model, upstream } = served()
      const asked = JSON.stringify({ model: modelId, input: texts.map(wellFormed), encoding_format: 'float' })
      const body = new TextEncoder().encode(asked)
      const forwarded = ForwardedOctets.make(body, upstream.transforms(body, model))
      const octets = await answered(upstream.send({ path: PATH, body: forwarded, signal }), texts.length)
      return decodeEmbeddings(octets, texts.length)
    },
  }
}

async function answered(sent: Promise<UpstreamResponse>, texts: number): Promise<Uint8Array> {
  try {
    const response = await sent
    const octets = await readBounded(response, embeddingsSize(texts))
    if (response.status !== 200) throw failed(`answered with status ${response.status}`)
    return octets
  } catch (error) {
    // Its own words would blame the client, and here the time is over more often than that one has left.
    if (error instanceof UpstreamFailure && error.reason === 'aborted') throw failed('gave no answer in time')
    throw error
  }
}

/** A client may write half a surrogate pair, on which tokenizers fail. */
function wellFormed(text: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text))
}

/** To the end, also of an error: then the connection can be used again. */
async function readBounded({ body }: UpstreamResponse, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body) {
    size += part.length
    if (size > limit) throw failed(`answered with more than ${limit} octets`)
    parts.push(part)
  }
  return concatBytes(...parts)
}

function failed(what: string): CountersignError {
  return new CountersignError('ERR_UPSTREAM', `the embedding model ${what}`)
}
