/** `GET /v1/collections/{id}/proof?chunk={id}`: that a chunk is in the index whose root receipts name. It shows no text. docs/formats.md, Resources. @module */
import { notFound } from './api-error.ts'
import type { GatewayParts } from './parts.ts'
import { respondError, respondOctets } from './respond.ts'

export const CHUNK_PROOF_ROUTE = '/v1/collections/:collection/proof'

/** @param asked both are the client's, whatever they are */
export function showChunkProof(
  { upstreams }: GatewayParts,
  { collection, chunk }: { readonly collection: string; readonly chunk: string },
): Response {
  const proof = upstreams.context.chunkProof(collection, chunk)
  return proof === undefined ? respondError(notFound()) : respondOctets('application/json', proof)
}
