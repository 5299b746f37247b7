/** The two signatures inside a quote, and what ties the key of the one to the other. @module */

import { equalBytes } from '../crypto/equal.ts'
import { sha256, verifySignature } from '../crypto/index.ts'
import { concatBytes, decodeHex, encodeHex } from '../encoding/bytes.ts'
import type { Checker } from '../verdict.ts'
import { type Certificate, checkRawEcdsaSignature, decodeKeyKind } from '../x509/index.ts'
import type { QuoteSignatureData } from './certification-data.ts'
import type { TdxCheck } from './checks.ts'
import { decodeQeReport, isDebugEnclave, type QeReport } from './qe-report.ts'
import { type TdxQuote, tdxSignedSize } from './quote.ts'
import { Remembered } from './remembered.ts'

/** SubjectPublicKeyInfo of an uncompressed point on P-256, up to its coordinates. RFC 5480, 2. */
const P256_SPKI_PREFIX = decodeHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004')

// Reports that a PCK key was seen to sign: a platform's enclave shows the same one with every quote.
const SIGNED_REPORTS: Remembered<QeReport> = new Remembered()
const POINTS: Remembered<Uint8Array> = new Remembered()

/** The platform's key vouches for the quoting enclave, and the enclave for the key that signs quotes. */
export async function checkQuotingEnclave(
  check: Checker<TdxCheck>,
  data: QuoteSignatureData,
  pck: Certificate,
): Promise<{ readonly qeReport: QeReport; readonly attestationKey: Uint8Array }> {
  const qeReport = await checkQeReport(check, data, pck)
  check.that('qe-debug', !isDebugEnclave(qeReport), 'QE_DEBUG', {
    pass: 'off',
    fail: `ATTRIBUTES ${encodeHex(qeReport.attributes)} have bit 1, DEBUG`,
  })
  // All 64 octets: a tail left unread would be a place for another meaning.
  const bound = concatBytes(sha256(data.attestationKey, data.qeAuthData), new Uint8Array(32))
  check.that('qe-binding', equalBytes(qeReport.reportData, bound), 'TDX_QE_HASH', {
    seen: encodeHex(qeReport.reportData),
    wanted: encodeHex(bound),
  })
  const attestationKey = check.decode('attestation-key', () =>
    POINTS.recall(encodeHex(data.attestationKey), () => spkiOfPoint(data.attestationKey)),
  )
  return { qeReport, attestationKey }
}

/** Over the octets as they came: a decoded and re-encoded quote would sign away whatever the decoder drops. */
export async function checkQuoteSignature(
  check: Checker<TdxCheck>,
  { bytes, quote }: { readonly bytes: Uint8Array; readonly quote: TdxQuote },
  attestationKey: Uint8Array,
): Promise<void> {
  const { signature } = quote.signatureData
  const size = tdxSignedSize(quote)
  check.decode('quote-signature', () => checkRawEcdsaSignature(signature, 'ES256'))
  const verifies = await verifySignature('ES256', attestationKey, signature, bytes.subarray(0, size))
  check.that('quote-signature', verifies, 'TDX_BAD_SIGNATURE', {
    pass: `over bytes 0 to ${size - 1}`,
    fail: `bytes 0 to ${size - 1} do not verify under the attestation key`,
  })
}

async function checkQeReport(
  check: Checker<TdxCheck>,
  { qeReport: bytes, qeReportSignature: signature }: QuoteSignatureData,
  { spki }: Certificate,
): Promise<QeReport> {
  // Signature and report have one size each: no two triples share these octets.
  const key = encodeHex(sha256(signature, bytes, spki))
  const known = SIGNED_REPORTS.get(key)
  if (known === undefined) {
    check.decode('qe-report-signature', () => checkRawEcdsaSignature(signature, 'ES256'))
    const verifies = await verifySignature('ES256', spki, signature, bytes)
    check.that('qe-report-signature', verifies, 'TDX_QE_REPORT_SIGNATURE', {
      fail: 'the report of the quoting enclave does not verify under the key of the PCK certificate',
    })
  }
  check.pass('qe-report-signature', `over ${bytes.length} bytes`)
  const report = check.decode('qe-report', () => known ?? decodeQeReport(bytes))
  check.pass('qe-report', `MRENCLAVE ${encodeHex(report.mrEnclave)}, ISVSVN ${report.isvSvn}`)
  SIGNED_REPORTS.keep(key, report)
  return report
}

/** Off the curve a signature means nothing; infinity cannot be spelled in 64 octets. @throws MalformedError X509_BAD_KEY */
function spkiOfPoint(point: Uint8Array): Uint8Array {
  const spki = concatBytes(P256_SPKI_PREFIX, point)
  decodeKeyKind(spki)
  return spki
}
