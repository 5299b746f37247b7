/**
 * The key configurations of Oblivious HTTP: who can be encrypted to, and how. RFC 9458 sections 3.1 and 3.2 (`application/ohttp-keys`).
 *
 * ```
 * offset size
 *      0    2  octets of the configuration that follows; then the next one
 *      2    1  key identifier
 *      3    2  HPKE KEM: 0x0010 P-256, 0x0020 X25519, 0x647a X-Wing
 *      5    n  public key: 65 octets (P-256), 32 (X25519), 1216 (X-Wing: ML-KEM-768, then X25519)
 *    5+n    2  octets of the list that follows, a multiple of 4, not 0
 *    7+n       pairs of HPKE KDF and AEAD, two octets each
 * ```
 * @module
 */
import { MalformedError } from '../../errors.ts'
import { decodeBase64Url } from '../encoding/base64.ts'
import { concatBytes, decodeHex, sameBytes } from '../encoding/bytes.ts'
import { Reader } from '../encoding/reader.ts'

/** Identifiers of key encapsulation mechanisms, from the registry of HPKE. */
export const KEM_P256 = 0x0010
export const KEM_X25519 = 0x0020
/** Hybrid of ML-KEM-768 and X25519. */
export const KEM_X_WING = 0x647a

const X25519_SIZE = 32
const X25519_SPKI = '302a300506032b656e032100'
/** Lengths, and what stands before the key in a SubjectPublicKeyInfo (RFC 5480, RFC 8410). */
const KEMS: ReadonlyMap<number, { readonly size: number; readonly spkiPrefix: string | 'none' }> = new Map([
  [KEM_P256, { size: 65, spkiPrefix: '3059301306072a8648ce3d020106082a8648ce3d030107034200' }],
  [KEM_X25519, { size: X25519_SIZE, spkiPrefix: X25519_SPKI }],
  [KEM_X_WING, { size: 1216, spkiPrefix: 'none' }],
])
const PAIR_SIZE = 4
const MAX_CONFIGS = 8

/** How a key may be used. */
export interface OhttpSuite {
  readonly kdf: number
  readonly aead: number
}

export interface OhttpKeyConfig {
  readonly keyId: number
  readonly kem: number
  /** As in the configuration. */
  readonly publicKey: Uint8Array
  readonly suites: readonly OhttpSuite[]
  /** The configuration's own octets, without the length before them. */
  readonly octets: Uint8Array
}

/** A key that stands in a configuration, whole or as a part of a hybrid one. */
export interface OhttpKey {
  readonly publicKey: Uint8Array
  /** The same key as a certificate would name it; undefined where certificates know no such key. */
  readonly spki: Uint8Array | undefined
}

function decodeConfig(octets: Uint8Array): OhttpKeyConfig {
  const r = new Reader(octets)
  const keyId = r.u8('key identifier')
  const kem = r.u16be('KEM')
  const known = KEMS.get(kem)
  // Keys must be told from each other, so one whose length nobody knows has no place here.
  if (known === undefined) throw new MalformedError('SESSION_INVALID', 'an OHTTP key is for a KEM that is not known')
  const publicKey = r.bytes('public key', known.size)
  const listed = r.u16be('length of the algorithms')
  if (listed === 0 || listed % PAIR_SIZE !== 0)
    throw new MalformedError('SESSION_INVALID', 'an OHTTP key configuration lists no whole algorithms')
  const suites: OhttpSuite[] = []
  for (let at = 0; at < listed; at += PAIR_SIZE) suites.push({ kdf: r.u16be('KDF'), aead: r.u16be('AEAD') })
  r.end()
  return { keyId, kem, publicKey, suites, octets }
}

/**
 * The configurations that a session names, in its order of preference.
 * @throws MalformedError SESSION_INVALID for another KEM, an empty list or two of one identifier; EVIDENCE_TRUNCATED, PARSE_TRAILING
 */
export function decodeOhttpKeyConfigs(octets: Uint8Array): readonly OhttpKeyConfig[] {
  const r = new Reader(octets)
  const configs: OhttpKeyConfig[] = []
  while (r.remaining > 0 && configs.length <= MAX_CONFIGS)
    configs.push(decodeConfig(r.bytes('configuration', r.u16be('length of a configuration'))))
  r.end()
  const ids = new Set(configs.map(({ keyId }) => keyId))
  if (configs.length === 0 || configs.length > MAX_CONFIGS || ids.size !== configs.length)
    throw new MalformedError('SESSION_INVALID', 'OHTTP keys are few, and each has an identifier of its own')
  return configs
}

/** @throws MalformedError as {@link decodeOhttpKeyConfigs}; BASE64_STRICT */
export function readOhttpKeyConfigs(text: string): readonly OhttpKeyConfig[] {
  return decodeOhttpKeyConfigs(decodeBase64Url(text))
}

/**
 * Whether a list names a configuration, by its octets.
 * @param text of a verified session, whose verification has decoded it
 */
export function namesOhttpKeyConfig(text: string, config: Uint8Array): boolean {
  const octets = decodeBase64Url(text)
  for (let at = 0; at < octets.length; ) {
    const begin = at + 2
    const end = begin + (((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0))
    if (sameBytes(octets.subarray(begin, end), config)) return true
    at = end
  }
  return false
}

const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff)

/** One configuration, without the length before it. */
export function encodeOhttpKeyConfig({ keyId, kem, publicKey, suites }: Omit<OhttpKeyConfig, 'octets'>): Uint8Array {
  const listed = suites.flatMap(({ kdf, aead }) => [u16(kdf), u16(aead)])
  return concatBytes(Uint8Array.of(keyId), u16(kem), publicKey, u16(suites.length * PAIR_SIZE), ...listed)
}

/** `application/ohttp-keys`. @param configs each as {@link encodeOhttpKeyConfig} makes it */
export function encodeOhttpKeyConfigs(configs: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...configs.flatMap((config) => [u16(config.length), config]))
}

/** Every key of a configuration, so that it can be told from the other keys of a session: of a hybrid one its X25519 part, too. */
export function ohttpKeysOf({ kem, publicKey }: OhttpKeyConfig): readonly OhttpKey[] {
  const prefix = KEMS.get(kem)?.spkiPrefix ?? 'none'
  if (prefix !== 'none') return [{ publicKey, spki: concatBytes(decodeHex(prefix), publicKey) }]
  const classical = publicKey.slice(-X25519_SIZE)
  return [
    { publicKey, spki: undefined },
    { publicKey: classical, spki: concatBytes(decodeHex(X25519_SPKI), classical) },
  ]
}
