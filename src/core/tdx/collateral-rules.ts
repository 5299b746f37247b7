/** Holds authentic collateral against the time, the policy and the platform, and the quoting enclave against its identity. @module */
import { encodeHex, sameBytes } from '../encoding/bytes.ts'
import type { Checker } from '../verdict.ts'
import type { TdxCheck } from './checks.ts'
import type { TdxDocuments } from './documents.ts'
import type { PckExtension } from './pck.ts'
import type { PcsDocument } from './pcs-fields.ts'
import type { TdxPolicy } from './policy.ts'
import type { QeIdentity } from './qe-identity.ts'
import type { QeReport } from './qe-report.ts'

/** Dates of both documents, bounds included, in whole seconds as they are written. */
export function checkWindows(check: Checker<TdxCheck>, { tcbInfo, qeIdentity }: TdxDocuments, time: Date): void {
  const at = Math.floor(time.getTime() / 1000) * 1000
  for (const [name, { issueDate, nextUpdate }] of named(tcbInfo, qeIdentity)) {
    const code = codeOfWindow(at, issueDate, nextUpdate)
    if (code !== undefined) {
      const seen = instant(new Date(at))
      const wanted = `${instant(issueDate)} to ${instant(nextUpdate)}`
      check.that('collateral-window', false, code, { fail: `${name}: ${wanted}, judged at ${seen}`, seen, wanted })
    }
  }
  const last = new Date(Math.min(tcbInfo.nextUpdate.getTime(), qeIdentity.nextUpdate.getTime()))
  check.pass('collateral-window', `current until ${instant(last)}`)
}

function codeOfWindow(
  at: number,
  issueDate: Date,
  nextUpdate: Date,
): 'COLLATERAL_FUTURE' | 'COLLATERAL_EXPIRED' | undefined {
  if (issueDate.getTime() > at) return 'COLLATERAL_FUTURE'
  return at > nextUpdate.getTime() ? 'COLLATERAL_EXPIRED' : undefined
}

/** Documents live for 30 days: whoever serves the older of two picks what is known of a platform. */
export function checkNumbers(
  check: Checker<TdxCheck>,
  { tcbInfo, qeIdentity }: TdxDocuments,
  { minimumEvaluationDataNumber: floor }: TdxPolicy,
): void {
  const seen = `TCB info ${tcbInfo.evaluationDataNumber}, QE identity ${qeIdentity.evaluationDataNumber}`
  if (!check.demands('collateral-number', floor, seen)) return
  const least = Math.min(tcbInfo.evaluationDataNumber, qeIdentity.evaluationDataNumber)
  check.that('collateral-number', least >= floor, 'COLLATERAL_ROLLBACK', { seen, wanted: `at least ${floor}` })
}

/** TCB info of another kind of platform would hold its levels against another's. */
export function checkPlatformKind(check: Checker<TdxCheck>, { tcbInfo }: TdxDocuments, pck: PckExtension): void {
  check.that('fmspc', tcbInfo.fmspc === pck.fmspc && tcbInfo.pceId === pck.pceId, 'TDX_FMSPC', {
    seen: `TCB info of ${tcbInfo.fmspc}, PCE ${tcbInfo.pceId}`,
    wanted: `${pck.fmspc}, PCE ${pck.pceId}`,
  })
}

/** The platform's key signs reports of any enclave: this one must be Intel's quoting enclave. */
export function checkQeIdentity(check: Checker<TdxCheck>, report: QeReport, identity: QeIdentity): void {
  const wrong = [
    ['MRSIGNER', sameBytes(report.mrSigner, identity.mrSigner)],
    ['ISVPRODID', report.isvProdId === identity.isvProdId],
    ['MISCSELECT', sameBytes(masked(report.miscSelect, identity.miscSelectMask), identity.miscSelect)],
    ['ATTRIBUTES', sameBytes(masked(report.attributes, identity.attributesMask), identity.attributes)],
  ]
    .filter(([, right]) => !right)
    .map(([name]) => name)
  const seen = formatEnclave(report)
  const wanted = formatEnclave(identity)
  check.that('qe-identity-match', wrong.length === 0, 'QE_IDENTITY_MISMATCH', {
    seen,
    wanted,
    fail: `${wrong.join(', ')} of the quoting enclave: ${formatBits(report, identity)}`,
  })
}

function formatEnclave({ mrSigner, isvProdId }: Pick<QeReport, 'mrSigner' | 'isvProdId'>): string {
  return `MRSIGNER ${encodeHex(mrSigner)}, ISVPRODID ${isvProdId}`
}

function formatBits(report: QeReport, identity: QeIdentity): string {
  const seen = `${formatEnclave(report)}, MISCSELECT ${encodeHex(report.miscSelect)}, ATTRIBUTES ${encodeHex(report.attributes)}`
  const miscSelect = `MISCSELECT ${encodeHex(identity.miscSelect)} under ${encodeHex(identity.miscSelectMask)}`
  const attributes = `ATTRIBUTES ${encodeHex(identity.attributes)} under ${encodeHex(identity.attributesMask)}`
  return `${seen}; ${formatEnclave(identity)}, ${miscSelect}, ${attributes} is due`
}

/** Each octet under the mask. */
export function masked(octets: Uint8Array, mask: Uint8Array): Uint8Array {
  return octets.map((octet, index) => octet & (mask[index] ?? 0))
}

/** As Intel writes it. */
export function instant(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z')
}

function named(tcbInfo: PcsDocument, qeIdentity: PcsDocument): readonly (readonly [string, PcsDocument])[] {
  return [
    ['TCB info', tcbInfo],
    ['QE identity', qeIdentity],
  ]
}
