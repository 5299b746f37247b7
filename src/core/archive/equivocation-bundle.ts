/** Two contradicting receipts and their session in one file, for `verifyEquivocation`: what a client keeps when a gateway is caught. @module */
import { CountersignError } from '../../errors.ts'
import { decodeJson } from '../encoding/json.ts'
import { decodeAscii, encodeUtf8 } from '../encoding/utf8.ts'
import { SESSION_TYPE } from '../evidence/session.ts'
import type { EquivocationEvidence } from '../receipt/equivocation.ts'
import { RECEIPT_TYPE } from '../receipt/receipt.ts'
import {
  CMW_EVIDENCE,
  type CmwRecord,
  decodeRecordOf,
  encodeRecord,
  matchCollectionType,
  openCollection,
} from './cmw.ts'

export const EQUIVOCATION_PROFILE = 'urn:countersign:equivocation:1'
const MAX_BUNDLE_SIZE = 1 << 18

function record(mediaType: string, octets: Uint8Array): CmwRecord {
  return encodeRecord({ mediaType, octets }, CMW_EVIDENCE)
}

/** @throws CountersignError ERR_USAGE when the bundle would be larger than a reader takes */
export function encodeEquivocation({ session, receipts }: EquivocationEvidence): Uint8Array {
  const [first, second] = receipts
  const bytes = encodeUtf8(
    JSON.stringify({
      __cmwc_t: EQUIVOCATION_PROFILE,
      session: record(SESSION_TYPE, session),
      first: record(RECEIPT_TYPE, encodeUtf8(first)),
      second: record(RECEIPT_TYPE, encodeUtf8(second)),
    }),
  )
  if (bytes.length > MAX_BUNDLE_SIZE)
    throw new CountersignError('ERR_USAGE', `a pair of receipts has at most ${MAX_BUNDLE_SIZE} octets`)
  return bytes
}

/** @throws MalformedError EVIDENCE_TOO_LARGE, PARSE_*, JSON_*, BASE64_STRICT, UTF8_INVALID */
export function decodeEquivocation(bytes: Uint8Array): EquivocationEvidence {
  const reader = openCollection(decodeJson(bytes, { maxSize: MAX_BUNDLE_SIZE }), 'equivocation')
  matchCollectionType(reader, EQUIVOCATION_PROFILE)
  const octetsOf = (name: string, type: string): Uint8Array => decodeRecordOf(reader, name, CMW_EVIDENCE, type)
  const session = octetsOf('session', SESSION_TYPE)
  const first = decodeAscii(octetsOf('first', RECEIPT_TYPE))
  const second = decodeAscii(octetsOf('second', RECEIPT_TYPE))
  reader.end()
  return { session, receipts: [first, second] }
}
