/** `GET /v1/attestation`: the evidence in force, or with a nonce evidence that is newer than it. wire.md section 1. @module */
import { ARCHIVE_TYPE, encodeArchive } from '../../core/archive/index.ts'
import { decodeBase64Url } from '../../core/encoding/base64.ts'
import { encodeTlogProof } from '../../core/log/index.ts'
import type { AttestedEvidence } from '../session/evidence.ts'
import { evidenceUnavailable, invalidRequest, tooManyChallenges } from './api-error.ts'
import type { GatewayParts } from './parts.ts'
import { boundedWaitMs, isNonceText } from './preferences.ts'
import { respondError, respondOctets, respondPending } from './respond.ts'

const FRESH = { 'cache-control': 'no-store' } as const

/** C2SP tlog-proof of a leaf in exactly the quoted checkpoint. */
export async function proveLeaf(
  { boot }: GatewayParts,
  index: number,
  { checkpoint }: AttestedEvidence,
): Promise<string> {
  const hashes = await boot.log.inclusionProof(index, checkpoint.size)
  return encodeTlogProof({ index, hashes, checkpoint: checkpoint.note })
}

/** @throws CountersignError ERR_LOG_APPEND */
async function answerChallenge(parts: GatewayParts, nonce: Uint8Array, waitMs: number): Promise<Response> {
  const challenge = parts.attester.challenge(nonce)
  if (challenge === undefined) return respondError(tooManyChallenges())
  await challenge.durable
  const evidence = await parts.attester.quoted(challenge.index, waitMs)
  if (evidence === undefined) return respondPending(1)
  const proof = await proveLeaf(parts, challenge.index, evidence)
  return respondOctets(ARCHIVE_TYPE, encodeArchive({ ...evidence, proof }), FRESH)
}

/** @throws CountersignError ERR_LOG_APPEND */
export async function showAttestation(
  parts: GatewayParts,
  { nonce, wait }: { readonly nonce: string | undefined; readonly wait: number | undefined },
): Promise<Response> {
  if (nonce !== undefined) {
    if (!isNonceText(nonce))
      return respondError(
        invalidRequest('`nonce` must be 32 to 64 octets in base64url without padding.', { param: 'nonce' }),
      )
    return answerChallenge(parts, decodeBase64Url(nonce), boundedWaitMs(parts.config, wait))
  }
  const { evidence } = parts.attester
  if (evidence === undefined) return respondError(evidenceUnavailable(parts.attester.reason))
  return respondOctets(ARCHIVE_TYPE, encodeArchive(evidence), FRESH)
}
