/** Private keys of OHTTP: made at boot, never written, gone with the process. @module */

import type { OhttpSuite } from '../core/ohttp/key-configs.ts'
import { encodeOhttpKeyConfig, encodeOhttpKeyConfigs, KEM_X_WING, KEM_X25519 } from '../core/ohttp/key-configs.ts'
import { MalformedError } from '../errors.ts'
import {
  algorithmsOf,
  generateKeyPair,
  type HpkeKeyPair,
  publicOctets,
  type RecipientContext,
  SUITES,
  setupRecipient,
} from './hpke.ts'
import { type OhttpForm, type RequestHeader, requestInfo } from './request-header.ts'

/** Keys that requests are encrypted to. The private parts stay in closures. */
export interface OhttpKeys {
  /** `application/ohttp-keys`, in order of preference: X-Wing, then X25519. */
  readonly configs: Uint8Array
  /** @throws MalformedError E2EE_KEY, E2EE_SUITE: before anything else of the request is read */
  readonly select: (header: RequestHeader) => SelectedKey
}

/** A key and a suite that a request names. */
export interface SelectedKey {
  /** Octets of the encapsulated key. */
  readonly encSize: number
  /** Octets of a key of the AEAD. */
  readonly keySize: number
  /** @throws MalformedError E2EE_DECRYPT */
  readonly receive: (enc: Uint8Array, form: OhttpForm) => Promise<RecipientContext>
}

export interface HeldKey {
  readonly keyId: number
  readonly kem: number
  readonly suites: readonly OhttpSuite[]
  readonly keyPair: HpkeKeyPair
}

/** Makes a key of each KEM. The hybrid one comes first: it holds as long as one of its two parts does. */
export async function createOhttpKeys(): Promise<OhttpKeys> {
  const held = await Promise.all(
    [KEM_X_WING, KEM_X25519].map(async (kem, index) => ({
      keyId: index + 1,
      kem,
      suites: SUITES,
      keyPair: await generateKeyPair(kem),
    })),
  )
  return holdKeys(held)
}

/** Keys that are at hand already: for vectors. */
export async function holdKeys(held: readonly HeldKey[]): Promise<OhttpKeys> {
  const configs = await Promise.all(
    held.map(async ({ keyPair, ...config }) =>
      encodeOhttpKeyConfig({ ...config, publicKey: await publicOctets(config.kem, keyPair) }),
    ),
  )
  return { configs: encodeOhttpKeyConfigs(configs), select: (header) => selectKey(held, header) }
}

function selectKey(held: readonly HeldKey[], header: RequestHeader): SelectedKey {
  const key = held.find(({ keyId }) => keyId === header.keyId)
  if (key === undefined) throw new MalformedError('E2EE_KEY', 'encrypted to a key that is not held')
  const { kdf, aead } = header.suite
  // Only what the configuration lists: an attacker must not choose how a client's words are encrypted.
  if (key.kem !== header.kem || !key.suites.some((suite) => suite.kdf === kdf && suite.aead === aead))
    throw new MalformedError('E2EE_SUITE', 'encrypted with a suite that the key was not offered for')
  const algorithms = algorithmsOf(key.kem, header.suite)
  return {
    encSize: algorithms.encSize,
    keySize: algorithms.keySize,
    receive: (enc, form) => setupRecipient(algorithms, { keyPair: key.keyPair, enc, info: requestInfo(form, header) }),
  }
}
