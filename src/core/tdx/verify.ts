/** Judges a TDX quote: decode, chain, signatures, freshness, Intel's TCB, policy. @module */
import { judge, type Verdict } from '../verdict.ts'
import type { TrustedRoots } from '../x509/index.ts'
import { TDX_CHECKS } from './checks.ts'
import type { TdxCollateral } from './collateral.ts'
import type { TdxPolicy } from './policy.ts'
import { decodeTdxQuote, type TdxQuote } from './quote.ts'
import type { TdxTcb } from './tcb.ts'

/** What the hardware said: a quote, zero padding behind it allowed. */
export interface TdxEvidence {
  readonly quote: Uint8Array
}

/** Lower-case hex, 96 digits each. A row matches as a whole. RTMR3 grows while a guest runs and is judged by its events, not pinned. */
export interface TdxMeasurements {
  readonly mrTd: string
  readonly rtMr0: string
  readonly rtMr1: string
  readonly rtMr2: string
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

/** Judges a quote with the collateral that Intel publishes for its platform. */
export function verifyTdxQuote(
  { quote }: TdxEvidence,
  _collateral: TdxCollateral | undefined,
  _policy: TdxPolicy,
  _expectations: TdxExpectations,
): Promise<Verdict<TdxAttestation>> {
  return judge(TDX_CHECKS, async (check) => {
    check.decode('quote', () => decodeTdxQuote(quote))
    return check.incomplete('limits', 'not judged yet')
  })
}
