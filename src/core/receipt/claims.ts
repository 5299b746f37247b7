/** The claims of a receipt, an EAT (RFC 9711). wire.md section 2. @module */
import { decodeBase64Url } from '../encoding/base64.ts'
import type { JsonValue } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'
import { DIGEST_OR_NONE, DIGEST_URI } from '../evidence/resource-descriptor.ts'

export const RECEIPT_PROFILE = 'urn:countersign:receipt:1'
export const OUTCOMES = ['complete', 'incomplete', 'client_aborted', 'upstream_error', 'refused', 'error'] as const
export const DETERMINISM = ['bit-exact', 'batch-invariant', 'best-effort'] as const
export const UPSTREAM_KINDS = ['embedded', 'local', 'attested', 'remote'] as const

export type Outcome = (typeof OUTCOMES)[number]
export type Determinism = (typeof DETERMINISM)[number]
export type UpstreamKind = (typeof UPSTREAM_KINDS)[number]

/** `digest` is `none` where nobody measured the weights. */
export interface ModelClaim {
  readonly name: string
  readonly digest: string
}

export interface EngineClaim {
  readonly name: string
  readonly version: string
  readonly determinism: Determinism
  readonly flags: string
}

export interface ReceiptClaims {
  /** `https://<host>` of `log.origin`. */
  readonly iss: string
  /** Seconds since 1970, by the host's clock. */
  readonly iat: number
  /** First 16 octets of SHA-256(rid), base64url: blinds the log leaf. */
  readonly jti: string
  readonly eat_profile: typeof RECEIPT_PROFILE
  /** The client's nonce, base64url, verbatim; absent when none was sent. */
  readonly eat_nonce?: string
  readonly session: string
  /** 0-based ordinal of this receipt's 0x01 leaf in its log. */
  readonly seq: number
  readonly outcome: Outcome
  readonly model: ModelClaim
  readonly engine: EngineClaim
  readonly upstream: { readonly kind: UpstreamKind }
  readonly log: { readonly origin: string; readonly merge_by: number }
  readonly _sd_alg: 'sha-256'
  /** Base64url SHA-256 of each disclosure. */
  readonly _sd: readonly string[]
}

// R7: what this version does not know may change the meaning of what it does know.
const CODES: ShapeCodes = { missing: 'CLAIM_MISSING', unknown: 'RECEIPT_VERSION', invalid: 'PARSE_INVALID' }
const SHA256_BASE64URL = /^[A-Za-z0-9_-]{43}$/
const MAX_DISCLOSURES = 16

/** Whether text is a nonce of 32 to 64 octets in strict base64url. @throws MalformedError BASE64_STRICT */
export function isNonce(text: string): boolean {
  const { length } = decodeBase64Url(text)
  return length >= 32 && length <= 64
}

function decodeModel(reader: ObjectReader): ModelClaim {
  return { name: reader.string('name'), digest: reader.string('digest', DIGEST_OR_NONE) }
}

function decodeEngine(reader: ObjectReader): EngineClaim {
  return {
    name: reader.string('name'),
    version: reader.string('version'),
    determinism: reader.oneOf('determinism', DETERMINISM),
    flags: reader.string('flags', DIGEST_OR_NONE),
  }
}

function decodeLog(reader: ObjectReader): ReceiptClaims['log'] {
  return { origin: reader.string('origin', /^[\x21-\x7e]{1,512}$/), merge_by: reader.seconds('merge_by') }
}

/** @throws MalformedError CLAIM_MISSING, RECEIPT_VERSION (other profile or unknown claim), PARSE_INVALID */
export function decodeClaims(value: JsonValue): ReceiptClaims {
  const reader = new ObjectReader(value, 'receipt', CODES)
  if (reader.value('eat_profile') !== RECEIPT_PROFILE)
    throw new ObjectReader(value, 'receipt', { ...CODES, invalid: 'RECEIPT_VERSION' }).invalid(
      'eat_profile',
      `must be ${RECEIPT_PROFILE}`,
    )
  const iss = reader.string('iss', /^https:\/\/[^/\s]{1,255}$/)
  const iat = reader.seconds('iat')
  const jti = reader.string('jti', /^[A-Za-z0-9_-]{21}[AQgw]$/)
  const nonce = reader.has('eat_nonce') ? reader.string('eat_nonce') : undefined
  if (nonce !== undefined && !isNonce(nonce)) throw reader.invalid('eat_nonce', 'must be 32 to 64 octets')
  const claims = {
    iss,
    iat,
    jti,
    eat_profile: RECEIPT_PROFILE,
    ...(nonce === undefined ? {} : { eat_nonce: nonce }),
    session: reader.string('session', DIGEST_URI),
    seq: reader.integer('seq'),
    outcome: reader.oneOf('outcome', OUTCOMES),
    model: reader.object('model').whole(decodeModel),
    engine: reader.object('engine').whole(decodeEngine),
    upstream: reader.object('upstream').whole((upstream) => ({ kind: upstream.oneOf('kind', UPSTREAM_KINDS) })),
    log: reader.object('log').whole(decodeLog),
    _sd_alg: reader.oneOf('_sd_alg', ['sha-256']),
    _sd: reader.strings('_sd', SHA256_BASE64URL),
  } as const
  reader.end()
  // A promise that was due before it was given could be shown as broken by whoever holds the receipt.
  if (claims.log.merge_by < iat) throw reader.invalid('log', 'must have merge_by not before iat')
  if (claims._sd.length > MAX_DISCLOSURES || new Set(claims._sd).size !== claims._sd.length)
    throw reader.invalid('_sd', 'must be few and distinct')
  return claims
}
