/** Signature data of a quote, with the certification data nested in it. Layout only. None of it is covered by the quote signature. @module */
import { MalformedError } from '../../errors.ts'
import { decodePem } from '../encoding/pem.ts'
import { Reader } from '../encoding/reader.ts'
import { decodeAscii } from '../encoding/utf8.ts'
import { Writer } from '../encoding/writer.ts'
import { QE_REPORT_SIZE } from './qe-report.ts'

/** What proves a quote: its signature, the key, and the chain of vouching from the key up to Intel. */
export interface QuoteSignatureData {
  /** r || s over header and body, 64 octets. */
  readonly signature: Uint8Array
  /** x || y on P-256, 64 octets. */
  readonly attestationKey: Uint8Array
  /** 384 octets as the PCK key signed them; {@link decodeQeReport} reads them. */
  readonly qeReport: Uint8Array
  /** r || s over `qeReport`, 64 octets. */
  readonly qeReportSignature: Uint8Array
  /** Of any length: hashed with the attestation key into the QE report. */
  readonly qeAuthData: Uint8Array
  /** PEM of PCK certificate, Platform or Processor CA and root; {@link decodePckChain} reads it. */
  readonly pckChain: Uint8Array
}

const PCK_CHAIN = 5
const QE_REPORT_CERTIFICATION = 6
const MAX_AUTH_DATA = 0xffff

/**
 * Reads signature data to its end.
 *
 * ```
 * signature 64 | attestation key 64 | type 2 = 6 | size 4 | QE report 384 | signature 64 | auth data size 2 | auth data
 *                                                         | type 2 = 5 | size 4 | PEM
 * ```
 * @throws MalformedError TDX_LENGTH for sizes that do not add up; PARSE_INVALID for other types: an encrypted PPID (2, 3) needs a lookup
 *   of the certificate, which nobody signs
 */
export function decodeQuoteSignatureData(bytes: Uint8Array): QuoteSignatureData {
  return inLength(() => {
    const r = new Reader(bytes)
    const signature = r.bytes('signature', 64)
    const attestationKey = r.bytes('attestationKey', 64)
    readType(r, QE_REPORT_CERTIFICATION)
    readSize(r)
    const qeReport = r.bytes('qeReport', QE_REPORT_SIZE)
    const qeReportSignature = r.bytes('qeReportSignature', 64)
    const qeAuthData = r.bytes('qeAuthData', r.u16le('QE auth data size'))
    readType(r, PCK_CHAIN)
    const pckChain = r.bytes('pckChain', readSize(r))
    return { signature, attestationKey, qeReport, qeReportSignature, qeAuthData, pckChain }
  })
}

/** The mirror of {@link decodeQuoteSignatureData}. */
export function encodeQuoteSignatureData(data: QuoteSignatureData): Uint8Array {
  if (data.qeAuthData.length > MAX_AUTH_DATA) throw new RangeError(`QE auth data of ${data.qeAuthData.length} bytes`)
  const inner = QE_REPORT_SIZE + 64 + 2 + data.qeAuthData.length + 6 + data.pckChain.length
  const w = new Writer(128 + 6 + inner)
  w.bytes(data.signature).bytes(data.attestationKey).u16le(QE_REPORT_CERTIFICATION).u32le(inner)
  w.bytes(data.qeReport).bytes(data.qeReportSignature).u16le(data.qeAuthData.length).bytes(data.qeAuthData)
  return w.u16le(PCK_CHAIN).u32le(data.pckChain.length).bytes(data.pckChain).finish()
}

/**
 * The DER of a chain's certificates, leaf first.
 * @param pem text of the sender's; one NUL may end it, as Intel's quoting library writes it
 * @throws MalformedError PARSE_INVALID, PEM_INVALID, BASE64_STRICT
 */
export function decodePckChain(pem: Uint8Array): readonly Uint8Array[] {
  const text = decodeAscii(pem.at(-1) === 0 ? pem.subarray(0, -1) : pem)
  // Nothing but certificates: text between them would be read by some and passed over by others.
  if (!CHAIN_FORM.test(text)) throw new MalformedError('PEM_INVALID', 'the PCK chain is not a row of certificates')
  return decodePem(text, 'CERTIFICATE')
}

const CHAIN_FORM = /^(?:-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n?)+$/

function readType(r: Reader, due: number): void {
  const type = r.u16le('certification data type')
  if (type !== due) throw new MalformedError('PARSE_INVALID', `certification data of type ${type}, ${due} is due`)
}

/** Both certification data end where the signature data do. */
function readSize(r: Reader): number {
  const size = r.u32le('certification data size')
  if (size !== r.remaining)
    throw new MalformedError('TDX_LENGTH', `certification data of ${size} bytes, ${r.remaining} are there`)
  return size
}

/** Fields that run out of the signature data contradict its length. */
function inLength<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof MalformedError && cause.failure === 'EVIDENCE_TRUNCATED')
      throw new MalformedError('TDX_LENGTH', `signature data: ${cause.message}`, { cause })
    throw cause
  }
}
