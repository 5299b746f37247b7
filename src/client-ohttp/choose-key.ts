/** Which of the keys that a verified session names is encrypted to. @module */
import type { Session } from '../core/evidence/session.ts'
import { KEM_X_WING, KEM_X25519, type OhttpKeyConfig, readOhttpKeyConfigs } from '../core/ohttp/key-configs.ts'
import { offersSuite } from '../ohttp/index.ts'
import { refused } from './refused.ts'

/**
 * - `hybrid` X-Wing: what is recorded today stays closed to a quantum computer later, and to whoever breaks ML-KEM alone
 * - `x25519` X25519
 * - `any` X-Wing where the session names such a key, else X25519
 */
export type OhttpKem = 'hybrid' | 'x25519' | 'any'

const WANTED: Readonly<Record<OhttpKem, readonly number[]>> = {
  hybrid: [KEM_X_WING],
  x25519: [KEM_X25519],
  any: [KEM_X_WING, KEM_X25519],
}

/** @throws NotVerifiedError CHANNEL_BINDING_LEVEL where the session names no such key: what was asked for is never dropped */
export function chooseKey({ keys }: Session, kem: OhttpKem): OhttpKeyConfig {
  const named = keys.ohttp === undefined ? [] : readOhttpKeyConfigs(keys.ohttp)
  for (const wanted of WANTED[kem]) {
    const config = named.find((each) => each.kem === wanted && offersSuite(each))
    if (config !== undefined) return config
  }
  throw refused('CHANNEL_BINDING_LEVEL', `the session names no OHTTP key that can be used (asked for: ${kem})`)
}
