/** Compares an authentic report with the certificate that vouches for it, and with what the guest should have said. @module */
import { equalBytes } from '../crypto/equal.ts'
import { concatBytes, encodeHex, isZero, sameBytes } from '../encoding/bytes.ts'
import type { Checker } from '../verdict.ts'
import type { Certificate } from '../x509/index.ts'
import type { SnpCheck } from './checks.ts'
import type { SnpPolicy } from './policy.ts'
import { productOfCpuid, productOfName, type SnpProduct } from './product.ts'
import type { SnpReport } from './report.ts'
import { tcbLayout } from './tcb.ts'
import type { Vcek } from './vcek.ts'

/** ARK, ASK, VCEK and, from version 3, the processor must all be of one product line, and the policy must list it. */
export function checkProduct(
  check: Checker<SnpCheck>,
  { cpuid }: SnpReport,
  { chain, vcek }: { chain: readonly Certificate[]; vcek: Vcek },
  policy: SnpPolicy,
): SnpProduct {
  const [leafName, askName, arkName] = chain.map(({ subject }) =>
    subject.commonNames.length === 1 ? subject.commonNames[0] : undefined,
  )
  const named = productOfName(arkName, 'ARK-')
  const agree = named === vcek.product && productOfName(askName, 'SEV-') === named && leafName === 'SEV-VCEK'
  const seen = `${arkName}, ${askName}, ${leafName} of ${vcek.productName}`
  const running = cpuid && productOfCpuid(cpuid)
  const processor = cpuid
    ? `family ${cpuid.family} model ${cpuid.model} (${running ?? 'unknown'})`
    : 'not in the report'
  check.that('product', agree && (cpuid === undefined || running === vcek.product), 'SNP_PRODUCT_MISMATCH', {
    pass: `${vcek.product}; processor ${processor}`,
    fail: `certificates ${seen}; processor ${processor}`,
  })
  check.that('product-allowed', policy.products.includes(vcek.product), 'PLATFORM_DENIED', {
    pass: vcek.product,
    fail: `${vcek.product}, policy lists ${policy.products.join(', ')}`,
  })
  return vcek.product
}

/** The key of a VCEK is derived from the chip and these levels: another level would be another key. */
export function checkFirmware(check: Checker<SnpCheck>, { reportedTcb }: SnpReport, vcek: Vcek): void {
  const differing = tcbLayout(vcek.product)
    .filter(([, octet]) => reportedTcb[octet] !== vcek.tcb[octet])
    .map(
      ([component, octet]) =>
        `${component} is ${reportedTcb[octet]} in the report, ${vcek.tcb[octet]} in the certificate`,
    )
  check.that('tcb-certificate', sameBytes(reportedTcb, vcek.tcb), 'SNP_TCB_CERT_MISMATCH', {
    pass: encodeHex(vcek.tcb),
    fail: differing.join('; ') || 'reserved octets differ',
  })
}

export function checkChip(check: Checker<SnpCheck>, { chipId }: SnpReport, vcek: Vcek): void {
  const masked = isZero(chipId)
  check.that('chip', !masked && sameBytes(paddedHwId(vcek), chipId), 'SNP_CHIP_MISMATCH', {
    pass: encodeHex(vcek.hwId),
    fail: masked ? 'the host masks CHIP_ID' : `report ${encodeHex(chipId)}, certificate ${encodeHex(vcek.hwId)}`,
  })
}

/** Turin: 8 octets of id, and zeros up to the 64 of CHIP_ID. */
export function paddedHwId({ hwId }: Vcek): Uint8Array {
  return concatBytes(hwId, new Uint8Array(64 - hwId.length))
}

/** All 64 octets: a prefix would let an attacker choose the rest. */
export function checkReportData(
  check: Checker<SnpCheck>,
  report: SnpReport,
  reportData: Uint8Array | 'unchecked',
): void {
  if (reportData === 'unchecked') {
    check.unchecked('report-data', 'left to the caller: unchecked')
    return
  }
  check.that('report-data', equalBytes(report.reportData, reportData), 'REPORT_DATA_MISMATCH', {
    pass: encodeHex(reportData),
    fail: `${encodeHex(report.reportData)}, ${encodeHex(reportData)} is due`,
  })
}
