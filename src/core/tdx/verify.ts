/** Judges a TDX quote: limits, decode, chain, signatures, freshness, Intel's TCB, policy. @module */
import { equalBytes } from '../crypto/equal.ts'
import { sha384 } from '../crypto/index.ts'
import { encodeHex } from '../encoding/bytes.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import type { TrustedRoots } from '../x509/index.ts'
import { appraiseAttributes, appraiseModule, appraiseOwner, appraiseServiceTd } from './appraise.ts'
import { appraiseFloors, appraiseTcb, checkSeam } from './appraise-tcb.ts'
import { checkChain, checkPlatform } from './chain.ts'
import { TDX_CHECKS, type TdxCheck } from './checks.ts'
import type { SignedDocument, TdxCollateral } from './collateral.ts'
import { checkMeasurements, type TdxMeasurements } from './measurements.ts'
import { decodeTdxPolicy, type TdxPolicy } from './policy.ts'
import { decodeTdxQuote, INTEL_QE_VENDOR_ID, MAX_TDX_QUOTE_SIZE, type TdxQuote, tdxSignedSize } from './quote.ts'
import { checkQuoteSignature, checkQuotingEnclave } from './signatures.ts'
import type { TdxTcb } from './tcb.ts'

/** What the hardware said: a quote, zero padding behind it allowed. */
export interface TdxEvidence {
  readonly quote: Uint8Array
}

/** What this one judgement is about; the lasting demands are in the policy. */
export interface TdxExpectations {
  /** The time to judge certificates and collateral at. */
  readonly at: Date
  /** All 64 octets that REPORTDATA must be. Unchecked, a quote proves nothing about freshness. */
  readonly reportData: Uint8Array | 'unchecked'
  /** Any of the rows; an empty list matches none. */
  readonly measurements: readonly TdxMeasurements[] | 'unchecked'
  readonly roots: TrustedRoots
}

/** A quote that passed, and what vouches for it. */
export interface TdxAttestation {
  readonly quote: TdxQuote
  readonly tcb: TdxTcb | 'unchecked'
  /** Kind of platform, 12 lower-case hex digits. */
  readonly fmspc: string
  /** End of the PCK certificate's validity: no statement under this quote lives longer. */
  readonly notAfter: Date
  /** `sha256:` of the root that the chain ends in. */
  readonly rootFingerprint: string
  /** SHA-384 over the signed octets, hex. The signature is malleable, so it identifies nothing. */
  readonly quoteDigest: string
}

const MAX_COLLATERAL_SIZE = 1 << 20

const ASSUMPTIONS = [
  'nobody tampers with the memory or the buses of the machine',
  "Intel's firmware and Intel's keys are honest",
] as const
const UNREVOKED = 'certificates are not checked for revocation'
const CHAIN_ONLY = "Intel's TCB info is not asked: outdated or revoked firmware passes"

/**
 * Judges a quote with what Intel publishes about its platform.
 *
 * All of `evidence` and `collateral` is the sender's: it counts from the pinned root downwards. Debugging is never negotiable. The code of
 * the verdict is that of the first failure, in the order of the checks.
 * @param collateral undefined where there is none: the verdict is ok only where policy asks for none
 * @throws CountersignError ERR_USAGE when `expectations.at` is no date
 * @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID for a policy made by hand that no file could hold
 */
export function verifyTdxQuote(
  { quote: given }: TdxEvidence,
  givenCollateral: TdxCollateral | undefined,
  demanded: TdxPolicy,
  expectations: TdxExpectations,
): Promise<Verdict<TdxAttestation>> {
  return judge(TDX_CHECKS, async (check: Checker<TdxCheck>) => {
    const { roots } = expectations
    // Dates can be written into as well.
    const at = new Date(expectations.at)
    const policy = decodeTdxPolicy(demanded)
    assume(check, policy)
    checkLimits(check, given, givenCollateral)
    // Copies of its own: whoever gave the octets could write others there between decoding and the signatures.
    const bytes = new Uint8Array(given)
    const collateral = givenCollateral && copyCollateral(givenCollateral)
    const quote = check.decode('quote', () => decodeTdxQuote(bytes))
    checkHead(check, quote, policy)
    const signer = await checkChain(check, quote.signatureData.pckChain, { at, roots, collateral, policy })
    const pck = checkPlatform(check, signer.leaf, policy)
    const { qeReport, attestationKey } = await checkQuotingEnclave(check, quote.signatureData, signer.leaf)
    await checkQuoteSignature(check, { bytes, quote }, attestationKey)
    checkReportData(check, quote, expectations.reportData)
    const { rootFingerprint, leaf } = signer
    const subject = { body: quote.body, qeReport, pck, rootFingerprint }
    appraiseFloors(check, subject, policy)
    checkSeam(check, quote.body)
    const tcb = await appraiseTcb(check, subject, policy, { at, collateral })
    appraiseModule(check, quote.body, policy)
    appraiseAttributes(check, quote.body, policy)
    appraiseServiceTd(check, quote.body, policy)
    checkMeasurements(check, quote.body, expectations.measurements)
    appraiseOwner(check, quote.body, policy)
    const quoteDigest = encodeHex(sha384(bytes.subarray(0, tdxSignedSize(quote))))
    return { quote, tcb, fmspc: pck.fmspc, notAfter: new Date(leaf.notAfter), rootFingerprint, quoteDigest }
  })
}

function assume(check: Checker<TdxCheck>, { revocation, tcb }: TdxPolicy): void {
  check.assume(...ASSUMPTIONS)
  if (revocation === 'unchecked') check.assume(UNREVOKED)
  if (tcb === 'unchecked') check.assume(CHAIN_ONLY)
}

/** Sizes, before anything is read: the sender chose all of these octets. */
function checkLimits(check: Checker<TdxCheck>, quote: Uint8Array, collateral: TdxCollateral | undefined): void {
  const size = collateral === undefined ? 0 : sizeOf(collateral)
  check.that('limits', quote.length <= MAX_TDX_QUOTE_SIZE && size <= MAX_COLLATERAL_SIZE, 'EVIDENCE_TOO_LARGE', {
    seen: `quote ${quote.length} bytes, collateral ${size}`,
    wanted: `at most ${MAX_TDX_QUOTE_SIZE} and ${MAX_COLLATERAL_SIZE}`,
  })
}

function sizeOf({ tcbInfo, qeIdentity, pckCrl, rootCaCrl }: TdxCollateral): number {
  const documents = [tcbInfo, qeIdentity].flatMap(({ body, signature, issuerChain }) => [
    body,
    signature,
    ...issuerChain,
  ])
  return [...documents, pckCrl, rootCaCrl].reduce((sum, { length }) => sum + length, 0)
}

function copyCollateral({ tcbInfo, qeIdentity, pckCrl, rootCaCrl }: TdxCollateral): TdxCollateral {
  return {
    tcbInfo: copyDocument(tcbInfo),
    qeIdentity: copyDocument(qeIdentity),
    pckCrl: new Uint8Array(pckCrl),
    rootCaCrl: new Uint8Array(rootCaCrl),
  }
}

function copyDocument({ body, signature, issuerChain }: SignedDocument): SignedDocument {
  return {
    body: new Uint8Array(body),
    signature: new Uint8Array(signature),
    issuerChain: issuerChain.map((der) => new Uint8Array(der)),
  }
}

/** What decides how to go on: these fields are not authentic yet, and are signed, so the signature settles them. */
function checkHead(check: Checker<TdxCheck>, { version, body, qeVendorId }: TdxQuote, policy: TdxPolicy): void {
  const listed = policy.quoteVersions.includes(version) && policy.bodyTypes.includes(body.bodyType)
  check.that('quote-version', listed, 'TDX_HEADER', {
    seen: `version ${version}, body type ${body.bodyType}`,
    wanted: `version ${policy.quoteVersions.join(' or ')}, body type ${policy.bodyTypes.join(' or ')}`,
  })
  const vendor = encodeHex(qeVendorId)
  check.that('qe-vendor', vendor === INTEL_QE_VENDOR_ID, 'TDX_QE_VENDOR', { seen: vendor, wanted: INTEL_QE_VENDOR_ID })
}

/** All 64 octets: a prefix would let an attacker choose the rest. */
function checkReportData(check: Checker<TdxCheck>, { body }: TdxQuote, reportData: Uint8Array | 'unchecked'): void {
  if (reportData === 'unchecked') {
    check.unchecked('report-data', 'left to the caller: unchecked')
    return
  }
  check.that('report-data', equalBytes(body.reportData, reportData), 'REPORT_DATA_MISMATCH', {
    seen: encodeHex(body.reportData),
    wanted: encodeHex(reportData),
  })
}
