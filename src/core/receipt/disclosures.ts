/** SD-JWT disclosures (RFC 9901), exactly the names that the profile knows. wire.md section 2. @module */
import { MalformedError } from '../../errors.ts'
import { encodeBase64UrlText, sha256, sha256Ascii } from '../crypto/index.ts'
import { decodeBase64Url, encodeBase64Url } from '../encoding/base64.ts'
import type { JsonValue } from '../encoding/json.ts'
import { decodeJson } from '../encoding/json.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import type { Disclosed } from './disclosed.ts'
import { decodeDependencies, decodeExchange, decodeForwarded, decodeOctets } from './disclosed.ts'

export const DISCLOSURE_NAMES = ['request', 'forwarded', 'response', 'dependencies', 'exchange'] as const
export type DisclosureName = (typeof DISCLOSURE_NAMES)[number]

/** One disclosure as text, with the digest that the receipt's `_sd` holds for it. */
export interface Disclosure {
  readonly name: DisclosureName
  readonly encoded: string
  readonly digest: string
}

const SALT = /^[A-Za-z0-9_-]{21}[AQgw]$/

function invalid(what: string): MalformedError {
  return new MalformedError('DISCLOSURE_INVALID', what)
}

function disclosureDigest(encoded: string): string {
  return encodeBase64Url(sha256(encodeUtf8(encoded)))
}

/**
 * @param salt 16 random octets, fresh for each disclosure: without it a short prompt could be guessed from its digest
 * @param value plain JSON data
 */
export function encodeDisclosure(name: DisclosureName, value: object, salt: Uint8Array): Disclosure {
  const encoded = encodeBase64UrlText(JSON.stringify([encodeBase64Url(salt), name, value]))
  return { name, encoded, digest: encodeBase64Url(sha256Ascii(encoded)) }
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** @throws MalformedError DISCLOSURE_INVALID, BASE64_STRICT, JSON_* */
export function decodeDisclosure(encoded: string): { readonly name: DisclosureName; readonly value: JsonValue } {
  const json = decodeJson(decodeBase64Url(encoded), { maxDepth: 12, numbers: 'any' })
  if (!isArray(json) || json.length !== 3) throw invalid('a disclosure is not [salt, name, value]')
  const [salt, name, value] = json
  if (typeof salt !== 'string' || !SALT.test(salt)) throw invalid('a salt is not 16 octets')
  const known = DISCLOSURE_NAMES.find((candidate) => candidate === name)
  if (known === undefined || value === undefined) throw invalid('a disclosure has an unknown name')
  return { name: known, value }
}

/**
 * Decodes the disclosures of a receipt against its `_sd`.
 * The holder of a receipt may withhold any, so the attacker chooses the subset, never the content.
 * @throws MalformedError DISCLOSURE_INVALID when one is unknown, doubled or not covered; BASE64_STRICT, JSON_*
 */
export function decodeDisclosures(encoded: readonly string[], sd: readonly string[]): Disclosed {
  const values: { -readonly [Name in DisclosureName]?: JsonValue } = {}
  for (const text of encoded) {
    if (!sd.includes(disclosureDigest(text))) throw invalid('a disclosure is not covered by the receipt')
    const { name, value } = decodeDisclosure(text)
    if (values[name] !== undefined) throw invalid(`disclosure ${name} appears twice`)
    values[name] = value
  }
  return {
    ...(values.request === undefined ? {} : { request: decodeOctets(values.request, 'request') }),
    ...(values.forwarded === undefined ? {} : { forwarded: decodeForwarded(values.forwarded) }),
    ...(values.response === undefined ? {} : { response: decodeOctets(values.response, 'response') }),
    ...(values.dependencies === undefined ? {} : { dependencies: decodeDependencies(values.dependencies) }),
    ...(values.exchange === undefined ? {} : { exchange: decodeExchange(values.exchange) }),
  }
}

export type { Disclosed }
