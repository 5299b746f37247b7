/** `GET /v1/attestation`: the evidence in force, or with a nonce evidence that is newer than it. wire.md section 1. @module */
import { ARCHIVE_TYPE, encodeArchive } from '../../core/archive/index.ts'
import { decodeBase64Url } from '../../core/encoding/base64.ts'
import { evidenceUnavailable, invalidRequest, tooManyChallenges } from './api-error.ts'
import type { GatewayParts } from './parts.ts'
import { boundedWaitMs, isNonceText } from './preferences.ts'
import { proveIn } from './receipt-archive.ts'
import { respondError, respondOctets, respondPending } from './respond.ts'

const FRESH = { 'cache-control': 'no-store' } as const

/** @throws CountersignError ERR_LOG_APPEND */
async function answerChallenge(parts: GatewayParts, nonce: Uint8Array, waitMs: number): Promise<Response> {
  // Of one boot, whichever runs when the wait is over.
  const { attester, boot } = parts
  const challenge = attester.challenge(nonce)
  if (challenge === undefined) return respondError(tooManyChallenges())
  await challenge.durable
  const evidence = await attester.quoted(challenge.index, waitMs)
  if (evidence === undefined) return respondPending(1)
  const proof = await proveIn(boot.log, challenge.index, evidence.checkpoint)
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
