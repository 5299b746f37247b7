/** Judges an SEV-SNP report: decode, chain, signature, freshness, policy. specs/sev-snp.md section 15. @module */
import { sha384, verifySignature } from '../crypto/index.ts'
import { encodeHex, isZero, sameBytes } from '../encoding/bytes.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import { AMD_PROFILE, type Certificate, decodeCertificate, type TrustedRoots, verifyPath } from '../x509/index.ts'
import { appraiseGuestPolicy, appraiseIdentity, appraisePlatform, appraiseTcb } from './appraise.ts'
import { checkChip, checkFirmware, checkProduct, checkReportData, paddedHwId } from './binding.ts'
import type { SnpEndorsements } from './certificate-table.ts'
import { SNP_CHECKS, type SnpCheck } from './checks.ts'
import type { SnpPolicy } from './policy.ts'
import type { SnpProduct } from './product.ts'
import { decodeSnpReport, SNP_SIGNED_SIZE, type SnpReport } from './report.ts'
import { decodeVcek, type Vcek } from './vcek.ts'

/** What the hardware said: 1184 octets. */
export interface SnpEvidence {
  readonly report: Uint8Array
}

/** What this one judgement is about; the lasting demands are in the policy. */
export interface SnpExpectations {
  /** The time to judge certificates at. */
  readonly at: Date
  /** All 64 octets that REPORT_DATA must be. Unchecked, a report proves nothing about freshness. */
  readonly reportData: Uint8Array | 'unchecked'
  /** Lower-case hex launch digests, any of them; an empty list matches none. */
  readonly measurements: readonly string[] | 'unchecked'
  readonly roots: TrustedRoots
}

/** A report that passed, and what vouches for it. */
export interface SnpAttestation {
  readonly report: SnpReport
  readonly product: SnpProduct
  /** End of the VCEK's validity: no statement under this report lives longer. */
  readonly notAfter: Date
  /** `sha256:` of the root that the chain ends in. */
  readonly rootFingerprint: string
  /** SHA-384 over the signed octets, hex. The signature is malleable, so it identifies nothing. */
  readonly reportDigest: string
}

const MAX_EVIDENCE_SIZE = 65_536
const ECDSA_P384_SHA384 = 1
const SIGNING_KEYS: readonly string[] = [
  'VCEK',
  'VLEK',
  'reserved',
  'reserved',
  'reserved',
  'reserved',
  'reserved',
  'none',
]
const VCEK_KEY = 0

const ASSUMPTIONS = [
  'nobody tampers with the memory or the buses of the machine',
  "AMD's firmware and AMD's keys are honest",
  'certificates are not checked for revocation',
] as const

/**
 * Judges a report with the certificates that came with it.
 *
 * All of `evidence` and `endorsements` is the sender's: it counts from the pinned root downwards. Debugging and migration are never
 * negotiable. The code of the verdict is that of the first failure, in the order of the checks.
 * @throws CountersignError ERR_USAGE when `expectations.at` is no date
 */
export function verifySnpReport(
  evidence: SnpEvidence,
  endorsements: SnpEndorsements,
  policy: SnpPolicy,
  expectations: SnpExpectations,
): Promise<Verdict<SnpAttestation>> {
  return judge(SNP_CHECKS, async (check: Checker<SnpCheck>) => {
    check.assume(...ASSUMPTIONS)
    checkLimits(check, evidence, endorsements)
    const report = check.decode('report', () => decodeSnpReport(evidence.report))
    checkHead(check, report, policy)
    const { leaf, chain, rootFingerprint } = await checkChain(check, endorsements, expectations)
    const vcek = check.decode('endorsement', () => decodeVcek(leaf))
    await checkSignature(check, evidence.report, report, { leaf, vcek })
    const product = checkProduct(check, report, { chain, vcek }, policy)
    checkFirmware(check, report, vcek)
    checkChip(check, report, vcek)
    checkReportData(check, report, expectations.reportData)
    appraiseGuestPolicy(check, report, policy)
    appraisePlatform(check, report, policy)
    appraiseTcb(check, report, product, policy)
    appraiseIdentity(check, report, policy, expectations.measurements)
    check.unchecked('revocation', `policy: ${policy.revocation}`)
    const reportDigest = encodeHex(sha384(evidence.report.subarray(0, SNP_SIGNED_SIZE)))
    return { report, product, notAfter: leaf.notAfter, rootFingerprint, reportDigest }
  })
}

function checkLimits(check: Checker<SnpCheck>, { report }: SnpEvidence, { vcek, ask, ark }: SnpEndorsements): void {
  const size = report.length + vcek.length + ask.length + ark.length
  check.that('limits', size <= MAX_EVIDENCE_SIZE, 'EVIDENCE_TOO_LARGE', {
    pass: `${size} bytes`,
    fail: `${size} bytes, at most ${MAX_EVIDENCE_SIZE}`,
  })
}

/** What decides how to go on: these fields are not authentic yet, and are signed, so the signature settles them. */
function checkHead(check: Checker<SnpCheck>, report: SnpReport, policy: SnpPolicy): void {
  check.that('report-version', policy.reportVersions.includes(report.version), 'SNP_VERSION', {
    pass: `version ${report.version}`,
    fail: `version ${report.version}, policy lists ${policy.reportVersions.join(', ')}`,
  })
  check.that('signature-algorithm', report.signatureAlgo === ECDSA_P384_SHA384, 'SNP_SIG_ALG', {
    pass: 'ECDSA P-384 with SHA-384',
    fail: `SIGNATURE_ALGO ${report.signatureAlgo}, 1 is due`,
  })
  const { signingKey, maskChipKey } = report.keyInfo
  const kind = SIGNING_KEYS[signingKey] ?? 'unknown'
  check.that(
    'signer-kind',
    signingKey === VCEK_KEY && !maskChipKey && policy.signerKinds.includes('vcek'),
    'SNP_SIGNER_KIND',
    {
      pass: kind,
      fail: maskChipKey
        ? 'the host keeps the chip key from signing'
        : `signed by ${kind}, policy lists ${policy.signerKinds.join(', ')}`,
    },
  )
}

interface ProvenChain {
  readonly leaf: Certificate
  readonly chain: readonly Certificate[]
  readonly rootFingerprint: string
}

async function checkChain(
  check: Checker<SnpCheck>,
  { vcek, ask, ark }: SnpEndorsements,
  { at, roots }: SnpExpectations,
): Promise<ProvenChain> {
  const path = await verifyPath([vcek, ask, ark], AMD_PROFILE, {
    at,
    roots: [...roots.vendor, ...roots.simulated],
    revocation: 'unchecked',
  })
  if (!path.ok) {
    const simulated = path.code === 'X509_UNTRUSTED_ROOT' && claimsSimulation(ark)
    return check.fail('chain', simulated ? 'SIMULATED_EVIDENCE' : path.code, path.detail)
  }
  const { chain, rootFingerprint } = path
  const [leaf] = chain
  if (leaf === undefined) return check.fail('chain', 'X509_CHAIN_BROKEN', 'no leaf')
  const simulated = !roots.vendor.includes(rootFingerprint)
  if (simulated) check.simulated()
  check.pass('chain', `${simulated ? 'SIMULATED ' : ''}root ${rootFingerprint}, at ${at.toISOString()}`)
  return { leaf, chain, rootFingerprint }
}

/** For the message only: whoever made the root chose these words, and either way it is refused. The path rules have decoded it. */
function claimsSimulation(root: Uint8Array): boolean {
  return decodeCertificate(root).subject.organizations.some((name) => /simulated/i.test(name))
}

async function checkSignature(
  check: Checker<SnpCheck>,
  bytes: Uint8Array,
  report: SnpReport,
  { leaf, vcek }: { leaf: Certificate; vcek: Vcek },
): Promise<void> {
  // Over the octets as they came: a decoded and re-encoded report would sign away whatever the decoder drops.
  const signed = bytes.subarray(0, SNP_SIGNED_SIZE)
  const verifies = !isZero(report.signature) && (await verifySignature('ES384', leaf.spki, report.signature, signed))
  const hint = sameBytes(paddedHwId(vcek), report.chipId)
    ? ''
    : '; the certificate is of another chip than the report names'
  check.that('signature', verifies, 'SNP_BAD_SIGNATURE', {
    pass: 'over bytes 0x000 to 0x29F',
    fail: `the report does not verify under the key of the VCEK${hint}`,
  })
}
