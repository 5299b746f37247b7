/** in-toto ResourceDescriptor: names a thing by digest, says how the digest was made and who vouches for it. @module */

import type { JsonValue } from '../encoding/json.ts'
import type { ShapeCodes } from '../encoding/shape.ts'
import { ObjectReader } from '../encoding/shape.ts'

/** How the digest was computed from the thing. */
export const DIGEST_SCHEMES = ['raw', 'jcs', 'oms-v1', 'rfc6962', 'oci', 'dm-verity'] as const
/** Who vouches. A verifier shows `hardware` only after recomputing it; else the word is `gateway`. */
export const DIGEST_SOURCES = ['hardware', 'gateway', 'operator', 'client', 'upstream'] as const

export type DigestScheme = (typeof DIGEST_SCHEMES)[number]
export type DigestSource = (typeof DIGEST_SOURCES)[number]

export interface ResourceDescriptor {
  readonly name: string
  readonly uri?: string
  /** Lower-case hexadecimal SHA-256. */
  readonly digest: { readonly sha256: string }
  readonly mediaType?: string
  readonly annotations: { readonly scheme: DigestScheme; readonly role: string; readonly source: DigestSource }
}

export const ROLE: RegExp = /^[a-z][a-z0-9-]{0,63}$/
export const SHA256_HEX: RegExp = /^[0-9a-f]{64}$/
export const DIGEST_URI: RegExp = /^sha256:[0-9a-f]{64}$/
export const DIGEST_OR_NONE: RegExp = /^(?:none|sha256:[0-9a-f]{64})$/

/** @throws MalformedError with the codes of the document that holds the descriptor */
export function decodeResourceDescriptor(value: JsonValue, path: string, codes: ShapeCodes): ResourceDescriptor {
  return new ObjectReader(value, path, codes).whole((reader) => ({
    name: reader.string('name'),
    digest: reader.object('digest').whole((digest) => ({ sha256: digest.string('sha256', SHA256_HEX) })),
    annotations: reader.object('annotations').whole((annotations) => ({
      scheme: annotations.oneOf('scheme', DIGEST_SCHEMES),
      role: annotations.string('role', ROLE),
      source: annotations.oneOf('source', DIGEST_SOURCES),
    })),
    ...(reader.has('uri') && { uri: reader.string('uri') }),
    ...(reader.has('mediaType') && { mediaType: reader.string('mediaType') }),
  }))
}
