/** Preimages of genesis and epoch leaves. wire: formats.md, Log. Layout only: the leaf says whether they are the log's. @module */
import { sameBytes } from '../core/encoding/bytes.ts'
import { encodeJcs } from '../core/encoding/jcs.ts'
import { decodeJson } from '../core/encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../core/encoding/shape.ts'
import { DIGEST_URI } from '../core/evidence/resource-descriptor.ts'
import { MalformedError } from '../errors.ts'

const CODES: ShapeCodes = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' }
const MAX_SIZE = 262_144

/** What a boot found of the history before it. */
export type Previous = {
  /** Origins that witnesses knew and the store did not have. */
  readonly missing: readonly string[]
} & (
  | { readonly source: 'none' }
  | {
      readonly source: 'disk' | 'witness'
      readonly origin: string
      /** Signed note, verbatim; empty where that log never signed one. */
      readonly checkpoint: string
      /** 0x05 leaves of the new log. */
      readonly recovered: number
      /** Intents of the log before for which no receipt was found. */
      readonly open: number
    }
)

export interface Genesis {
  /** `sha256:` of the first session. */
  readonly session: string
  readonly previous: Previous
}

export interface EpochRecord {
  /** `sha256:` of the session that ended, and of the one that began. */
  readonly from: string
  readonly to: string
  readonly epoch: number
  /** Of the last checkpoint that was quoted under the session that ended. */
  readonly size: number
}

/** Strict JSON that is its own canonical form (RFC 8785): one record, one text. */
function openCanonical(octets: Uint8Array, path: string): ObjectReader {
  const value = decodeJson(octets, { maxSize: MAX_SIZE })
  if (!sameBytes(encodeJcs(value), octets))
    throw new MalformedError('PARSE_INVALID', `${path} is not in canonical form`)
  return new ObjectReader(value, path, CODES)
}

function decodePrevious(reader: ObjectReader): Previous {
  const source = reader.oneOf('source', ['none', 'disk', 'witness'])
  const missing = reader.has('missing') ? reader.strings('missing') : []
  if (source === 'none') return { source, missing }
  return {
    source,
    missing,
    origin: reader.string('origin'),
    checkpoint: reader.string('checkpoint'),
    recovered: reader.integer('recovered'),
    open: reader.integer('open'),
  }
}

/** Members that this version does not know are passed over: they are in the digest, and later gateways may say more. @throws MalformedError */
export function decodeGenesis(octets: Uint8Array): Genesis {
  const reader = openCanonical(octets, 'genesis')
  return { session: reader.string('session', DIGEST_URI), previous: decodePrevious(reader.object('previous')) }
}

/** @throws MalformedError */
export function decodeEpoch(octets: Uint8Array): EpochRecord {
  const reader = openCanonical(octets, 'epoch')
  const record = {
    from: reader.string('from', DIGEST_URI),
    to: reader.string('to', DIGEST_URI),
    epoch: reader.integer('epoch', { min: 1 }),
    size: reader.integer('size'),
  }
  reader.end()
  return record
}
