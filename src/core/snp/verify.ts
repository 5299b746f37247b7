/** Judges an SEV-SNP report: limits, decode, chain, signature, binding, freshness, policy. @module */
import { sha384, verifySignature } from '../crypto/index.ts'
import { encodeHex, isZero, sameBytes } from '../encoding/bytes.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import type { Certificate, TrustedRoots } from '../x509/index.ts'
import { appraiseFirmware } from './appraise-firmware.ts'
import { appraiseGuestPolicy, appraiseIdentity } from './appraise-guest.ts'
import { appraiseMitigations, appraisePlatform } from './appraise-platform.ts'
import { checkChip, checkFirmware, checkProduct, checkProvider, checkReportData, paddedHwId } from './binding.ts'
import { checkChain } from './chain.ts'
import { SNP_CHECKS, type SnpCheck } from './checks.ts'
import { decodeSnpPolicy } from './decode-policy.ts'
import { copyKey, decodeEndorsementKey, type EndorsementKey } from './endorsement-key.ts'
import { type EndorsementPath, endorsementPath, type SnpEndorsements, type SnpSignerKind } from './endorsements.ts'
import type { SnpPolicy } from './policy.ts'
import type { SnpProduct } from './product.ts'
import { decodeSnpReport, SNP_REPORT_SIZE, SNP_SIGNED_SIZE, type SnpReport } from './report.ts'

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
  /** Whose key signed: a chip's own, or one of a cloud provider. */
  readonly key: EndorsementKey
  /** End of that key's certificate: no statement under this report lives longer. */
  readonly notAfter: Date
  /** `sha256:` of the root that the chain ends in. */
  readonly rootFingerprint: string
  /** SHA-384 over the signed octets, hex. The signature is malleable, so it identifies nothing. */
  readonly reportDigest: string
}

const MAX_EVIDENCE_SIZE = 65_536
const ECDSA_P384_SHA384 = 1
/** SIGNING_KEY of KEY_INFO: 0 VCEK, 1 VLEK, 7 none, the others reserved. */
const SIGNING_KEYS: Readonly<Record<SnpSignerKind, number>> = { vcek: 0, vlek: 1 }
const NO_KEY = 7

const ASSUMPTIONS = [
  'nobody tampers with the memory or the buses of the machine',
  "AMD's firmware and AMD's keys are honest",
] as const

/**
 * Judges a report with the certificates that came with it.
 *
 * All of `evidence` and `endorsements` is the sender's: it counts from the pinned root downwards. Debugging and migration are never
 * negotiable. The code of the verdict is that of the first failure, in the order of the checks.
 * @throws CountersignError ERR_USAGE when `expectations.at` is no date
 * @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID for a policy made by hand that no file could hold
 */
export function verifySnpReport(
  evidence: SnpEvidence,
  endorsements: SnpEndorsements,
  demanded: SnpPolicy,
  expectations: SnpExpectations,
): Promise<Verdict<SnpAttestation>> {
  return judge(SNP_CHECKS, async (check: Checker<SnpCheck>) => {
    check.assume(...ASSUMPTIONS)
    const policy = decodeSnpPolicy(demanded)
    const given = endorsementPath(endorsements)
    checkLimits(check, evidence, given)
    // A copy of its own: whoever gave the octets could write others there between decoding and the signature.
    const bytes = new Uint8Array(evidence.report)
    const report = check.decode('report', () => decodeSnpReport(bytes))
    check.pass('report', { seen: `${bytes.length} bytes`, wanted: `${SNP_REPORT_SIZE} bytes` })
    checkHead(check, report, given, policy)
    const { leaf, chain, rootFingerprint } = await checkChain(check, given, policy, expectations)
    const key = check.decode('endorsement', () => decodeEndorsementKey(leaf, given.kind))
    check.pass('endorsement', {
      seen: `${key.kind.toUpperCase()} of ${key.productName}`,
      wanted: 'each extension once',
    })
    await checkSignature(check, bytes, report, { leaf, key })
    const product = checkProduct(check, report, { chain, key }, policy)
    checkFirmware(check, report, key)
    checkChip(check, report, key, policy)
    checkProvider(check, key, policy)
    checkReportData(check, report, expectations.reportData)
    appraiseGuestPolicy(check, report, policy)
    appraisePlatform(check, report, policy)
    appraiseFirmware(check, report, product, policy)
    appraiseMitigations(check, report, policy)
    appraiseIdentity(check, report, policy, expectations.measurements)
    const reportDigest = encodeHex(sha384(bytes.subarray(0, SNP_SIGNED_SIZE)))
    return { report, product, key: copyKey(key), notAfter: new Date(leaf.notAfter), rootFingerprint, reportDigest }
  })
}

function checkLimits(check: Checker<SnpCheck>, { report }: SnpEvidence, { path, crls }: EndorsementPath): void {
  const size = [report, ...path, ...crls].reduce((sum, { length }) => sum + length, 0)
  check.that('limits', size <= MAX_EVIDENCE_SIZE, 'EVIDENCE_TOO_LARGE', {
    seen: `${size} bytes`,
    wanted: `at most ${MAX_EVIDENCE_SIZE}`,
  })
}

/** What decides how to go on: these fields are not authentic yet, and are signed, so the signature settles them. */
function checkHead(
  check: Checker<SnpCheck>,
  report: SnpReport,
  { kind }: EndorsementPath,
  { reportVersions, signerKinds }: SnpPolicy,
): void {
  check.that('report-version', reportVersions.includes(report.version), 'SNP_VERSION', {
    seen: `version ${report.version}`,
    wanted: reportVersions.join(' or '),
  })
  check.that('signature-algorithm', report.signatureAlgo === ECDSA_P384_SHA384, 'SNP_SIG_ALG', {
    seen: `SIGNATURE_ALGO ${report.signatureAlgo}`,
    wanted: '1, ECDSA P-384 with SHA-384',
  })
  const { signingKey, maskChipKey } = report.keyInfo
  const isOfKind = signingKey === SIGNING_KEYS[kind] && !maskChipKey
  check.that('signer-kind', isOfKind && signerKinds.includes(kind), 'SNP_SIGNER_KIND', {
    seen: `${nameSigner(signingKey, maskChipKey)}, certificate of a ${kind.toUpperCase()}`,
    wanted: signerKinds.map((listed) => listed.toUpperCase()).join(' or '),
  })
}

function nameSigner(signingKey: number, masked: boolean): string {
  if (masked) return 'the host keeps the chip key from signing'
  if (signingKey === SIGNING_KEYS.vcek) return 'signed by a VCEK'
  if (signingKey === SIGNING_KEYS.vlek) return 'signed by a VLEK'
  return signingKey === NO_KEY ? 'signed by no key' : `signed by a key of the reserved kind ${signingKey}`
}

async function checkSignature(
  check: Checker<SnpCheck>,
  bytes: Uint8Array,
  report: SnpReport,
  { leaf, key }: { leaf: Certificate; key: EndorsementKey },
): Promise<void> {
  // Over the octets as they came: a decoded and re-encoded report would sign away whatever the decoder drops.
  const signed = bytes.subarray(0, SNP_SIGNED_SIZE)
  const verifies = !isZero(report.signature) && (await verifySignature('ES384', leaf.spki, report.signature, signed))
  const foreign = key.kind === 'vcek' && !sameBytes(paddedHwId(key), report.chipId)
  check.that('signature', verifies, 'SNP_BAD_SIGNATURE', {
    seen: `ECDSA P-384 over bytes 0x000 to 0x29F, ${verifies ? 'verified' : 'not verified'}`,
    wanted: `a signature of the ${key.kind.toUpperCase()}`,
    fail: `the report does not verify under the key of the ${key.kind.toUpperCase()}${foreign ? '; the certificate is of another chip than the report names' : ''}`,
  })
}
