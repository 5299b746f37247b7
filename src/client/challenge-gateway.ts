/** Asks a live gateway once for evidence under a nonce of one's own: nothing is judged here. @module */
import { type Archive, decodeArchive } from '../core/archive/index.ts'
import { encodeBase64Url } from '../core/encoding/base64.ts'
import type { ClientDeps } from './deps.ts'
import { pollDocument } from './http.ts'

const NONCE_SIZE = 32
const TIMEOUT_MS = 60_000

export interface ChallengedGateway {
  readonly archive: Archive
  readonly nonce: Uint8Array
  readonly noncedAt: Date
}

/**
 * @param address of the gateway, with or without `/v1`
 * @throws CountersignError ERR_NETWORK; NotVerifiedError CHANNEL_CHANGED; MalformedError what decodeArchive throws
 */
export async function challengeGateway(address: string, deps: ClientDeps): Promise<ChallengedGateway> {
  const nonce = deps.random(NONCE_SIZE)
  const noncedAt = deps.clock.now()
  const base = address.replace(/\/+$/, '').replace(/\/v1$/, '')
  const url = `${base}/v1/attestation?nonce=${encodeBase64Url(nonce)}&wait=10`
  const archive = decodeArchive(await pollDocument(url, { headers: {}, timeoutMs: TIMEOUT_MS }, deps))
  return { archive, nonce, noncedAt }
}
