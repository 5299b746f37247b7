/** Asks a live gateway for evidence under a nonce of our own. @module */
import { randomBytes } from 'node:crypto'
import { createClientDeps } from '../client/deps.ts'
import { pollDocument } from '../client/http.ts'
import { type Archive, decodeArchive } from '../core/archive/index.ts'
import { encodeBase64Url } from '../core/encoding/base64.ts'

export interface ChallengedGateway {
  readonly archive: Archive
  readonly nonce: Uint8Array
  readonly noncedAt: Date
}

/** @param address of the gateway, with or without `/v1` @throws CountersignError ERR_NETWORK */
export async function fetchAttestation(address: string): Promise<ChallengedGateway> {
  const deps = createClientDeps()
  const nonce = new Uint8Array(randomBytes(32))
  const noncedAt = deps.clock.now()
  const base = address.replace(/\/+$/, '').replace(/\/v1$/, '')
  const url = `${base}/v1/attestation?nonce=${encodeBase64Url(nonce)}&wait=10`
  const archive = decodeArchive(await pollDocument(url, { headers: {}, timeoutMs: 60_000 }, deps))
  return { archive, nonce, noncedAt }
}
