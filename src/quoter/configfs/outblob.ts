/**
 * What the kernel handed out, before it leaves this process. All of it is the host's: older kernels give an empty blob, or octets of their
 * own memory behind the quote, where a call to the host failed. guest-interfaces.md section 1. @module
 */
import { sha256 } from '../../core/crypto/index.ts'
import { concatBytes, sameBytes } from '../../core/encoding/bytes.ts'
import { Reader } from '../../core/encoding/reader.ts'
import { decodeSnpReport, SNP_REPORT_SIZE } from '../../core/snp/index.ts'
import { decodePckChain, decodeQeReport, decodeTdxQuote, type QuoteSignatureData } from '../../core/tdx/index.ts'
import { CountersignError, MalformedError } from '../../errors.ts'

const HEADER_SIZE = 48
const TD_10_SIZE = 584
/** Major types 4 to 6 of CBOR begin here: arrays, maps, tags. A quote begins with its version, 4 or 5. */
const FIRST_CBOR = 0x80

/**
 * @returns the report, and whether it is over `reportData`: another answer belongs to somebody else's request
 * @throws CountersignError ERR_QUOTE
 */
export function readSnpReport(outblob: Uint8Array, reportData: Uint8Array): Uint8Array | 'of-another' {
  refuseEmpty(outblob)
  if (outblob.length !== SNP_REPORT_SIZE)
    throw unusable(`a report of ${outblob.length} octets, ${SNP_REPORT_SIZE} are due`)
  const report = decoding(() => decodeSnpReport(outblob))
  return sameBytes(report.reportData, reportData) ? outblob : 'of-another'
}

/**
 * @returns header, body and signature data alone, and whether it is over `reportData`
 * @throws CountersignError ERR_QUOTE
 */
export function readTdxQuote(outblob: Uint8Array, reportData: Uint8Array): Uint8Array | 'of-another' {
  refuseEmpty(outblob)
  refuseToken(outblob)
  const quote = outblob.slice(
    0,
    decoding(() => quoteSize(outblob)),
  )
  const { body, signatureData } = decoding(() => decodeTdxQuote(quote))
  decoding(() => requireOwnOctets(signatureData))
  return sameBytes(body.reportData, reportData) ? quote : 'of-another'
}

function refuseEmpty({ length }: Uint8Array): void {
  if (length === 0)
    throw unusable(
      'an empty blob: the host failed, and this kernel does not say why (Linux before 6.18). Look at the quote generation service of the host',
    )
}

/** Platforms with DICE answer a CBOR Web Token (the kernel's word for it is the same file). */
function refuseToken([first = 0]: Uint8Array): void {
  if (first >= FIRST_CBOR)
    throw unusable(
      'a CBOR Web Token in place of a quote: this platform attests by DICE, which is not supported; use a host whose quoting enclave makes ECDSA quotes',
    )
}

/** Where the quote ends, as it says itself. */
function quoteSize(outblob: Uint8Array): number {
  const r = new Reader(outblob)
  const version = r.u16le('version')
  if (version !== 4 && version !== 5)
    throw new MalformedError('TDX_HEADER', `quote version ${version}, 4 and 5 are known`)
  r.skip('header', HEADER_SIZE - 2)
  if (version === 5) r.skip('body type', 2)
  r.skip('body', version === 5 ? r.u32le('body size') : TD_10_SIZE)
  r.skip('signature data', r.u32le('signature data length'))
  return r.offset
}

/**
 * The host says how long these two parts are, and no signature covers that: stretched over memory that the kernel copied behind the quote, they
 * would carry it out of the guest inside of a quote. Octets that the host does not know are no row of certificates, and it cannot have put
 * their digest into the enclave's report. @throws MalformedError
 */
function requireOwnOctets({ pckChain, qeReport, attestationKey, qeAuthData }: QuoteSignatureData): void {
  decodePckChain(pckChain)
  const bound = concatBytes(sha256(attestationKey, qeAuthData), new Uint8Array(32))
  if (!sameBytes(decodeQeReport(qeReport).reportData, bound))
    throw new MalformedError(
      'TDX_QE_HASH',
      'the report of the quoting enclave is over another key or authentication data',
    )
}

function decoding<T>(decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw unusable(`octets that are no evidence (${cause.message})`, cause)
  }
}

function unusable(what: string, cause?: MalformedError): CountersignError {
  return new CountersignError('ERR_QUOTE', `the device gave ${what}`, cause && { cause })
}
