/** JSON records and collections of conceptual message wrappers (RFC 9999), in the narrow form that archives use. @module */
import { MalformedError } from '../../errors.ts'
import { decodeBase64Url, encodeBase64Url } from '../encoding/base64.ts'
import type { JsonValue } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'

/** What a record is to RATS (RFC 9999, `cm-type`); here each record has exactly one role. */
export const CMW_ENDORSEMENTS = 2
export const CMW_EVIDENCE = 4
export const CMW_RESULTS = 8
export type CmwRole = typeof CMW_ENDORSEMENTS | typeof CMW_EVIDENCE | typeof CMW_RESULTS

/** `[media type, base64url, role]`. */
export type CmwRecord = readonly [string, string, CmwRole]

export interface CmwMessage {
  readonly mediaType: string
  readonly octets: Uint8Array
}

export const CMW_CODES: ShapeCodes = {
  missing: 'PARSE_INVALID',
  unknown: 'PARSE_INVALID',
  invalid: 'PARSE_INVALID',
}
// RFC 9110 section 8.3.1, without obs-text: what can stand in a Content-Type header.
const MEDIA_TYPE = /^[!-~]{1,127}\/[ -~]{1,255}$/

export function encodeRecord({ mediaType, octets }: CmwMessage, role: CmwRole): CmwRecord {
  return [mediaType, encodeBase64Url(octets), role]
}

/** @throws MalformedError PARSE_INVALID unless the member is a record of this role; BASE64_STRICT */
export function decodeRecord(reader: ObjectReader, name: string, role: CmwRole): CmwMessage {
  const [mediaType, text, ind, ...more] = reader.array(name)
  if (typeof mediaType !== 'string' || !MEDIA_TYPE.test(mediaType) || typeof text !== 'string' || more.length > 0)
    throw reader.invalid(name, 'must be [media type, base64url, role]')
  if (ind !== role) throw reader.invalid(name, `must have the role ${role}`)
  return { mediaType, octets: decodeBase64Url(text) }
}

/** As {@link decodeRecord}, for a record whose media type is fixed. */
export function decodeRecordOf(reader: ObjectReader, name: string, role: CmwRole, type: string): Uint8Array {
  const { mediaType, octets } = decodeRecord(reader, name, role)
  if (mediaType !== type) throw reader.invalid(name, `must have the media type ${type}`)
  return octets
}

/** @throws MalformedError PARSE_INVALID unless it is an object */
export function openCollection(value: JsonValue, path: string): ObjectReader {
  return new ObjectReader(value, path, CMW_CODES)
}

/** @throws MalformedError PARSE_INVALID when the type tag is another */
export function matchCollectionType(reader: ObjectReader, tag: string): void {
  if (reader.value('__cmwc_t') !== tag)
    throw new MalformedError('PARSE_INVALID', `the collection is not of type ${tag}`)
}
