/** `GET /v1/attestation`: the evidence in force, or with a nonce evidence that is newer than it. wire.md section 1. @module */
import type { Duplex } from 'node:stream'
import { ARCHIVE_TYPE, encodeArchive } from '../../core/archive/index.ts'
import { decodeBase64Url } from '../../core/encoding/base64.ts'
import { exporterChallenge } from '../../core/evidence/exporter.ts'
import { exporterOf } from '../tls/exporter.ts'
import { channelBindingUnavailable, evidenceUnavailable, invalidRequest, tooManyChallenges } from './api-error.ts'
import type { GatewayParts } from './parts.ts'
import { boundedWaitMs, isNonceText } from './preferences.ts'
import { proveIn } from './receipt-archive.ts'
import { respondError, respondOctets, respondPending } from './respond.ts'

const FRESH = { 'cache-control': 'no-store' } as const

export interface AttestationQuery {
  readonly nonce: string | undefined
  /** Seconds. */
  readonly wait: number | undefined
  readonly binding: string | undefined
  /** That the request came over. */
  readonly socket: Duplex
}

/** With an exporter value every nonce has one length, so that nothing of either can be taken for the other. */
const BOUND_NONCE_SIZE = 32

/** @throws CountersignError ERR_LOG_APPEND */
async function answerChallenge(parts: GatewayParts, preimage: Uint8Array, waitMs: number): Promise<Response> {
  // Of one boot, whichever runs when the wait is over.
  const { attester, boot } = parts
  const challenge = attester.challenge(preimage)
  if (challenge === undefined) return respondError(tooManyChallenges())
  await challenge.durable
  const evidence = await attester.quoted(challenge.index, waitMs)
  if (evidence === undefined) return respondPending(1)
  const proof = await proveIn(boot.log, challenge.index, evidence.checkpoint)
  return respondOctets(ARCHIVE_TYPE, encodeArchive({ ...evidence, proof }), FRESH)
}

/**
 * A challenge that shall be bound to its connection is bound or refused: whoever asked for it would take a plain one for a bound one, or
 * have to tell them apart.
 * @throws CountersignError ERR_LOG_APPEND
 */
async function answerBound(parts: GatewayParts, { nonce, wait, binding, socket }: AttestationQuery): Promise<Response> {
  const exporter = binding === 'tls-exporter' ? exporterOf(socket) : undefined
  if (exporter === undefined) return respondError(channelBindingUnavailable())
  const octets = nonce !== undefined && isNonceText(nonce) ? decodeBase64Url(nonce) : undefined
  if (octets?.length !== BOUND_NONCE_SIZE)
    return respondError(
      invalidRequest(`With \`binding\`, \`nonce\` must be ${BOUND_NONCE_SIZE} octets in base64url without padding.`, {
        param: 'nonce',
      }),
    )
  return answerChallenge(parts, exporterChallenge(octets, exporter), boundedWaitMs(parts.config, wait))
}

/** @throws CountersignError ERR_LOG_APPEND */
export async function showAttestation(parts: GatewayParts, query: AttestationQuery): Promise<Response> {
  if (query.binding !== undefined) return answerBound(parts, query)
  const { nonce, wait } = query
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
