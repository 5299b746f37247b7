/** Compares an authentic report with the certificate that vouches for it, and with what the guest should have said. @module */
import { equalBytes } from '../crypto/equal.ts'
import { concatBytes, encodeHex, isZero, sameBytes } from '../encoding/bytes.ts'
import type { Checker } from '../verdict.ts'
import type { Certificate } from '../x509/index.ts'
import type { SnpCheck } from './checks.ts'
import type { EndorsementKey, Vcek } from './endorsement-key.ts'
import type { SnpPolicy } from './policy.ts'
import { productOfCpuid, productOfName, type SnpProduct } from './product.ts'
import type { SnpReport } from './report.ts'
import { tcbLayout } from './tcb.ts'

/** Common names below `ARK-<product>`: AMD 57230. */
const NAMES = {
  vcek: { leaf: 'SEV-VCEK', issuer: 'SEV-' },
  vlek: { leaf: 'SEV-VLEK', issuer: 'SEV-VLEK-' },
} as const

/** ARK, issuer, leaf and, from version 3, the processor must all be of one product line, and the policy must list it. */
export function checkProduct(
  check: Checker<SnpCheck>,
  { cpuid }: SnpReport,
  { chain, key }: { chain: readonly Certificate[]; key: EndorsementKey },
  policy: SnpPolicy,
): SnpProduct {
  const [leafName, issuerName, arkName] = chain.map(({ subject }) =>
    subject.commonNames.length === 1 ? subject.commonNames[0] : undefined,
  )
  const names = NAMES[key.kind]
  const { product } = key
  const agree =
    productOfName(arkName, 'ARK-') === product &&
    productOfName(issuerName, names.issuer) === product &&
    leafName === names.leaf
  const running = cpuid && productOfCpuid(cpuid)
  const processor = cpuid
    ? `family ${cpuid.family} model ${cpuid.model} (${running ?? 'unknown'})`
    : 'not in the report'
  check.that('product', agree && (cpuid === undefined || running === product), 'SNP_PRODUCT_MISMATCH', {
    seen: `${arkName}, ${issuerName}, ${leafName} of ${key.productName}; processor ${processor}`,
    wanted: `one product line, ${names.leaf} under ${names.issuer}${product}`,
  })
  check.that('product-allowed', policy.products.includes(product), 'PLATFORM_DENIED', {
    seen: product,
    wanted: policy.products.join(' or '),
  })
  const { deniedProducts } = policy
  if (deniedProducts === 'unchecked') check.unchecked('product-denied')
  else
    check.that('product-denied', !deniedProducts.includes(product), 'PLATFORM_DENIED', {
      seen: product,
      wanted: `none of ${deniedProducts.join(', ')}`,
    })
  return product
}

/** The signing key is derived from these levels: another level would be another key. */
export function checkFirmware(check: Checker<SnpCheck>, { reportedTcb }: SnpReport, key: EndorsementKey): void {
  const wanted = encodeHex(key.tcb)
  if (sameBytes(reportedTcb, key.tcb)) check.pass('tcb-certificate', { seen: wanted, wanted })
  else
    check.fail('tcb-certificate', 'SNP_TCB_CERT_MISMATCH', {
      seen: encodeHex(reportedTcb),
      wanted,
      fail: differingLevels(reportedTcb, key),
    })
}

function differingLevels(reportedTcb: Uint8Array, { product, tcb }: EndorsementKey): string {
  const differing = tcbLayout(product)
    .filter(([, octet]) => reportedTcb[octet] !== tcb[octet])
    .map(
      ([component, octet]) => `${component} is ${reportedTcb[octet]} in the report, ${tcb[octet]} in the certificate`,
    )
  return differing.join('; ') || 'reserved octets differ'
}

/**
 * The chip: that of the certificate, one that is listed, none that is denied. A VLEK is held by all machines of a provider: CHIP_ID beside
 * it, masked or not, is the word of any of them, so it passes no list, neither of those that may answer nor of those that may not.
 */
export function checkChip(check: Checker<SnpCheck>, report: SnpReport, key: EndorsementKey, policy: SnpPolicy): void {
  const { chipId } = report
  const masked = isZero(chipId)
  const seen = masked ? 'masked' : encodeHex(chipId)
  if (key.kind === 'vcek')
    check.that('chip', !masked && sameBytes(paddedHwId(key), chipId), 'SNP_CHIP_MISMATCH', {
      seen,
      wanted: encodeHex(key.hwId),
    })
  else check.unchecked('chip', `a VLEK names no chip; CHIP_ID is ${masked ? 'masked' : 'not proven'}`)
  const proven = key.kind === 'vcek'
  const shown = proven ? seen : `not proven by a VLEK (${seen})`
  const { chipIds, deniedChipIds } = policy
  if (chipIds === 'unchecked') check.unchecked('chip-allowed')
  else
    check.that('chip-allowed', proven && chipIds.includes(seen), 'PLATFORM_DENIED', {
      seen: shown,
      wanted: chipIds.length === 1 ? (chipIds[0] ?? '') : `one of ${chipIds.length}`,
    })
  if (deniedChipIds === 'unchecked') check.unchecked('chip-denied')
  else
    check.that('chip-denied', proven && !deniedChipIds.includes(seen), 'PLATFORM_DENIED', {
      seen: shown,
      wanted: `none of ${deniedChipIds.length}`,
    })
}

/** AMD gives a VLEK to one provider: another one's machines are other people's. */
export function checkProvider(check: Checker<SnpCheck>, key: EndorsementKey, { cspIds }: SnpPolicy): void {
  if (key.kind === 'vcek') check.unchecked('provider', 'a VCEK is the key of a chip and names no provider')
  else if (check.demands('provider', cspIds, key.cspId))
    check.that('provider', cspIds.includes(key.cspId), 'SNP_SIGNER_KIND', {
      seen: key.cspId,
      wanted: cspIds.join(' or '),
    })
}

/** Turin: 8 octets of id, and zeros up to the 64 of CHIP_ID. */
export function paddedHwId({ hwId }: Vcek): Uint8Array {
  return hwId.length === 64 ? hwId : concatBytes(hwId, new Uint8Array(64 - hwId.length))
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
  const wanted = encodeHex(reportData)
  const same = equalBytes(report.reportData, reportData)
  check.that('report-data', same, 'REPORT_DATA_MISMATCH', {
    seen: same ? wanted : encodeHex(report.reportData),
    wanted,
  })
}
