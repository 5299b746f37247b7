/** Decodes a Sigstore bundle, version 0.3, with a DSSE envelope around an in-toto statement. All of it is an attacker's until verified. @module */
import { BUNDLE_V03_LEGACY_MEDIA_TYPE, BUNDLE_V03_MEDIA_TYPE, type Bundle, bundleFromJSON } from '@sigstore/bundle'
import { decodeJson } from '../core/encoding/json.ts'
import type { FailureCode } from '../core/failure-codes.ts'
import { MalformedError } from '../errors.ts'

export interface SignedStatement {
  readonly bundle: Bundle
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

/** A statement on a hundred thousand files, in base64, twice: some logs keep it too. */
const MAX_SIZE = 48 * 1024 * 1024
const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
/** One is usual. */
const MAX_ENTRIES = 4
const MAX_CHECKPOINT_SIZE = 16 * 1024
/**
 * The library takes the name in a checkpoint's signature for a regular expression and matches it with an address that it trusts, before it
 * verifies anything. A name of these letters cannot make that long, nor match what it is not.
 */
const CHECKPOINT_SIGNATURE = /^\u2014 [A-Za-z0-9.:/_-]+ [A-Za-z0-9+/=]+$/

/** What every refusal carries: the caller's own code, as it is the caller who knows what the bundle was to vouch for. */
type Refuse = (why: string) => MalformedError

function parseBundle(octets: Uint8Array, refuse: Refuse): Bundle {
  const json = decodeJson(octets, { maxSize: MAX_SIZE })
  try {
    return bundleFromJSON(json)
  } catch {
    // The library's words, and those of the engine where it meets what it did not expect, may quote the bundle.
    throw refuse('it is not a Sigstore bundle')
  }
}

function assertCheckpoint(envelope: string, refuse: Refuse): void {
  if (envelope.length > MAX_CHECKPOINT_SIZE) throw refuse('a checkpoint is too large')
  // Every line that could be read as a signature, wherever it stands.
  const signatures = envelope.split('\n').filter((line) => line.includes('\u2014'))
  if (!signatures.every((line) => CHECKPOINT_SIGNATURE.test(line)))
    throw refuse('a checkpoint has an unusual signature')
}

function assertBounded({ verificationMaterial }: Bundle, refuse: Refuse): void {
  const { tlogEntries, timestampVerificationData } = verificationMaterial
  const timestamps = timestampVerificationData?.rfc3161Timestamps ?? []
  if (tlogEntries.length > MAX_ENTRIES || timestamps.length > MAX_ENTRIES) throw refuse('it has too many log entries')
  for (const { inclusionProof } of tlogEntries) assertCheckpoint(inclusionProof?.checkpoint?.envelope ?? '', refuse)
}

/**
 * @param code of every refusal that is not of the JSON itself
 * @throws MalformedError `code`, JSON_*, UTF8_INVALID, PARSE_*, EVIDENCE_TOO_LARGE
 */
export function decodeBundle(octets: Uint8Array, code: FailureCode): SignedStatement {
  const refuse: Refuse = (why) => new MalformedError(code, why)
  const bundle = parseBundle(octets, refuse)
  if (bundle.mediaType !== BUNDLE_V03_MEDIA_TYPE && bundle.mediaType !== BUNDLE_V03_LEGACY_MEDIA_TYPE)
    throw refuse('it is a bundle of another version than 0.3')
  if (bundle.content.$case !== 'dsseEnvelope') throw refuse('it holds no DSSE envelope')
  const { payload, payloadType, signatures } = bundle.content.dsseEnvelope
  const [signature, more] = signatures
  if (signature === undefined || more !== undefined) throw refuse('it has not one signature')
  if (payloadType !== PAYLOAD_TYPE) throw refuse('its payload is not an in-toto statement')
  assertBounded(bundle, refuse)
  return { bundle, payloadType, payload, signature: signature.sig }
}
