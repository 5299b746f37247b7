/** API keys: made once, kept as digests, looked up in constant time. @module */
import { sha256 } from '../../core/crypto/index.ts'
import { encodeBase64Url } from '../../core/encoding/base64.ts'
import { encodeHex } from '../../core/encoding/bytes.ts'
import { CountersignError } from '../../errors.ts'
import type { ApiKeyConfig } from './types.ts'

/** A new key. `key` is shown once and never stored; `sha256` goes into the configuration. */
export interface CreatedApiKey {
  readonly key: string
  readonly sha256: string
}

const KEY_OCTETS = 32
/** Longer than any key that makes sense; what is longer is not hashed. */
const MAX_PRESENTED = 512

/**
 * `cs_` and 32 random octets in base64url.
 * @param random gives as many random octets as it is asked for
 * @throws CountersignError ERR_USAGE when it does not
 */
export function createApiKey(random: (size: number) => Uint8Array): CreatedApiKey {
  const octets = random(KEY_OCTETS)
  if (octets.length !== KEY_OCTETS) throw new CountersignError('ERR_USAGE', `random must give ${KEY_OCTETS} octets`)
  const key = `cs_${encodeBase64Url(octets)}`
  return { key, sha256: hashApiKey(key) }
}

/** SHA-256 over the key as UTF-8 text, lower-case hexadecimal. A plain hash is enough: keys have 256 random bits. */
export function hashApiKey(key: string): string {
  return encodeHex(sha256(new TextEncoder().encode(key)))
}

/** The entry of the key that a client presented. Looks at every entry to its end, so that the time tells nothing about digests. */
export function findApiKey(keys: readonly ApiKeyConfig[], presented: string): ApiKeyConfig | undefined {
  if (presented.length === 0 || presented.length > MAX_PRESENTED) return undefined
  const digest = hashApiKey(presented)
  let found: ApiKeyConfig | undefined
  for (const key of keys) if (equalText(key.sha256, digest)) found = key
  return found
}

function equalText(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}
