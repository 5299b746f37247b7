/**
 * What stands in clear before an encapsulated request. RFC 9458 section 4.1; the same in the chunked draft, section 4.
 *
 * ```
 * offset size
 *      0    1  key identifier
 *      1    2  HPKE KEM
 *      3    2  HPKE KDF
 *      5    2  HPKE AEAD
 *      7    n  encapsulated key: 32 octets (X25519), 1120 (X-Wing)
 * ```
 * @module
 */
import { concatBytes } from '../core/encoding/bytes.ts'
import { Reader } from '../core/encoding/reader.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import type { OhttpSuite } from '../core/ohttp/key-configs.ts'

/** Whole: RFC 9458. Chunked: the draft. They differ in their labels, so that neither opens as the other. */
export type OhttpForm = 'chunked' | 'whole'

export interface RequestHeader {
  readonly keyId: number
  readonly kem: number
  readonly suite: OhttpSuite
}

/** Octets before the encapsulated key. */
export const HEADER_SIZE = 7

const REQUEST_LABELS = { chunked: 'message/bhttp chunked request', whole: 'message/bhttp request' } as const
const RESPONSE_LABELS = { chunked: 'message/bhttp chunked response', whole: 'message/bhttp response' } as const

const u16 = (value: number): readonly number[] => [value >> 8, value & 0xff]

export function encodeRequestHeader({ keyId, kem, suite: { kdf, aead } }: RequestHeader): Uint8Array {
  return Uint8Array.from([keyId, ...u16(kem), ...u16(kdf), ...u16(aead)])
}

/** @param octets {@link HEADER_SIZE} of them */
export function decodeRequestHeader(octets: Uint8Array): RequestHeader {
  const r = new Reader(octets)
  const header = {
    keyId: r.u8('key identifier'),
    kem: r.u16be('KEM'),
    suite: { kdf: r.u16be('KDF'), aead: r.u16be('AEAD') },
  }
  r.end()
  return header
}

/** `info` of HPKE: it binds the header, so that nobody can have a request opened under another suite or key identifier. */
export function requestInfo(form: OhttpForm, header: RequestHeader): Uint8Array {
  return concatBytes(encodeUtf8(REQUEST_LABELS[form]), Uint8Array.of(0), encodeRequestHeader(header))
}

/** The context of HPKE's export, from which the keys of the response come. */
export function responseLabel(form: OhttpForm): Uint8Array {
  return encodeUtf8(RESPONSE_LABELS[form])
}
