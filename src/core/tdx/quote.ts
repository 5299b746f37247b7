/** TDX quotes, versions 4 and 5. Layout only: trust comes from {@link verifyTdxQuote}. @module */
import { MalformedError } from '../../errors.ts'
import { isZero } from '../encoding/bytes.ts'
import { Reader } from '../encoding/reader.ts'
import { Writer } from '../encoding/writer.ts'
import { decodeQuoteSignatureData, encodeQuoteSignatureData, type QuoteSignatureData } from './certification-data.ts'
import {
  readTdReport,
  TD_BODY_SIZES,
  TD_BODY_TYPES,
  type TdBodyType,
  type TdReport,
  writeTdReport,
} from './td-report.ts'

export const TDX_QUOTE_VERSIONS = [4, 5] as const
export type TdxQuoteVersion = (typeof TDX_QUOTE_VERSIONS)[number]

/** More than any genuine quote with its chain and padding. */
export const MAX_TDX_QUOTE_SIZE = 32_768
/** Intel's quoting enclaves; a quote that names another vendor follows rules that are not known here. */
export const INTEL_QE_VENDOR_ID = '939a7233f79c4ca9940a0db3957f0607'

const ECDSA_P256 = 2
const TEE_TDX = 0x81
const HEADER_SIZE = 48
const DESCRIPTOR_SIZE = 6

/** A decoded quote. */
export interface TdxQuote {
  readonly version: TdxQuoteVersion
  /** Octets 8 to 11: signed, and without a meaning that implementations agree on. */
  readonly reserved: Uint8Array
  /** 16 octets. */
  readonly qeVendorId: Uint8Array
  /** 20 octets, the host's; the first 16 are the QE's id. */
  readonly userData: Uint8Array
  readonly body: TdReport
  readonly signatureData: QuoteSignatureData
  /** Zero octets that follow the quote: kernels and stores pad. Not signed, and no part of the quote. */
  readonly paddingSize: number
}

/**
 * Decodes a quote. Integers are little-endian.
 *
 * ```
 * 00 version 2 | attestation key type 2 | tee type 4 | reserved 4 | qe vendor id 16 | user data 20
 * 30 version 4: TD report 1.0 (584); version 5: body type 2 | body size 4 | body
 *    signature data length 4 | signature data | zeros to the end
 * ```
 * @param bytes all of them the sender's until the quote signature is verified
 * @throws MalformedError EVIDENCE_TOO_LARGE; TDX_HEADER for another version, key type, TEE or body type; TDX_LENGTH for a length that
 *   contradicts the structure or octets behind it; PARSE_INVALID for certification data of another kind; EVIDENCE_TRUNCATED
 */
export function decodeTdxQuote(bytes: Uint8Array): TdxQuote {
  if (bytes.length > MAX_TDX_QUOTE_SIZE)
    throw new MalformedError('EVIDENCE_TOO_LARGE', `quote of ${bytes.length} bytes, at most ${MAX_TDX_QUOTE_SIZE}`)
  const r = new Reader(bytes)
  const version = readVersion(r)
  const header = {
    reserved: r.bytes('reserved', 4),
    qeVendorId: r.bytes('qeVendorId', 16),
    userData: r.bytes('userData', 20),
  }
  const body = readTdReport(r, version === 4 ? 2 : readBodyType(r))
  const length = r.u32le('signature data length')
  if (length > r.remaining)
    throw new MalformedError('TDX_LENGTH', `${length} bytes of signature data, ${r.remaining} are left`)
  const signatureData = decodeQuoteSignatureData(r.bytes('signature data', length))
  const paddingSize = r.remaining
  // Not signed: whoever carries the quote can append. Only what says nothing is let through.
  if (!isZero(r.bytes('padding', paddingSize)))
    throw new MalformedError('TDX_LENGTH', 'other than zeros follow the quote')
  return { version, ...header, body, signatureData, paddingSize }
}

/** The octets of a quote with its padding. A field of another size than its own is a bug and throws RangeError. */
export function encodeTdxQuote(quote: TdxQuote): Uint8Array {
  const signatureData = encodeQuoteSignatureData(quote.signatureData)
  const signedSize = tdxSignedSize(quote)
  const w = new Writer(signedSize + 4 + signatureData.length + quote.paddingSize)
  writeSigned(w, quote)
  return w.u32le(signatureData.length).bytes(signatureData).zero(quote.paddingSize).finish()
}

/**
 * The quote without the zeros behind it: what identifies it, however it was stored.
 * @throws MalformedError as {@link decodeTdxQuote}
 */
export function trimTdxQuote(bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, bytes.length - decodeTdxQuote(bytes).paddingSize)
}

/** The octets that the attestation key signs: header and body and, in version 5, the body's descriptor between them. */
export function encodeTdxSigned(
  quote: Pick<TdxQuote, 'version' | 'reserved' | 'qeVendorId' | 'userData' | 'body'>,
): Uint8Array {
  const w = new Writer(tdxSignedSize(quote))
  writeSigned(w, quote)
  return w.finish()
}

/** How many octets from the start of the quote are signed. */
export function tdxSignedSize({ version, body }: Pick<TdxQuote, 'version' | 'body'>): number {
  return HEADER_SIZE + (version === 5 ? DESCRIPTOR_SIZE : 0) + TD_BODY_SIZES[body.bodyType]
}

function writeSigned(
  w: Writer,
  quote: Pick<TdxQuote, 'version' | 'reserved' | 'qeVendorId' | 'userData' | 'body'>,
): void {
  w.u16le(quote.version).u16le(ECDSA_P256).u32le(TEE_TDX)
  w.bytes(quote.reserved).bytes(quote.qeVendorId).bytes(quote.userData)
  if (quote.version === 5) w.u16le(quote.body.bodyType).u32le(TD_BODY_SIZES[quote.body.bodyType])
  writeTdReport(w, quote.body)
}

/** What decides how to read on. An SGX quote read as one of TDX would put an enclave's fields where a trust domain's are due. */
function readVersion(r: Reader): TdxQuoteVersion {
  const value = r.u16le('version')
  const keyType = r.u16le('attestation key type')
  const tee = r.u32le('tee type')
  const version = TDX_QUOTE_VERSIONS.find((known) => known === value)
  if (version === undefined) throw new MalformedError('TDX_HEADER', `quote version ${value}, 4 and 5 are known`)
  if (keyType !== ECDSA_P256) throw new MalformedError('TDX_HEADER', `attestation key type ${keyType}, 2 is due`)
  if (tee !== TEE_TDX) throw new MalformedError('TDX_HEADER', `TEE type 0x${tee.toString(16)}, 0x81 is due`)
  return version
}

function readBodyType(r: Reader): TdBodyType {
  const value = r.u16le('body type')
  const size = r.u32le('body size')
  const bodyType = TD_BODY_TYPES.find((known) => known === value)
  if (bodyType === undefined) throw new MalformedError('TDX_HEADER', `body type ${value}, 2 and 3 are a trust domain's`)
  if (size !== TD_BODY_SIZES[bodyType])
    throw new MalformedError(
      'TDX_LENGTH',
      `a body of type ${value} with ${size} bytes, ${TD_BODY_SIZES[bodyType]} are due`,
    )
  return bodyType
}
