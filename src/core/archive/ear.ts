/**
 * An archive's verdicts as claims of an EAT Attestation Result (draft-ietf-rats-ear-03, JSON) with the trustworthiness vector of AR4SI. For
 * systems that read such results: nothing here is signed, and no judgement of ours reads one.
 *
 * A claim is made only where the verdict shows it; where a check before it failed, its aspect is left out, which means "no assertion". @module
 */
import { digestUri } from '../crypto/index.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import { decodeJson, type JsonObject } from '../encoding/json.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import type { Attestation, Trust } from '../evidence/attestation.ts'
import type { HardwareAttestation } from '../evidence/hardware.ts'
import type { FailureCode } from '../failure-codes.ts'
import { encodeLock } from '../lock.ts'
import type { ReceiptClaims } from '../receipt/claims.ts'
import type { Verdict } from '../verdict.ts'
import type { Archive } from './archive.ts'
import type { ArchiveVerdicts } from './verify.ts'

const EAR_PROFILE = 'tag:ietf.org,2026:rats/ear#03'
const EXTENSION = 'urn:countersign:ear:1'
const SUBMODS = { snp: 'sev-snp', tdx: 'tdx', nitro: 'nitro' } as const

/** AR4SI section 2.3.4. */
export type TrustworthinessVector = {
  readonly [Aspect in
    | 'instance-identity'
    | 'configuration'
    | 'executables'
    | 'hardware'
    | 'runtime-opaque'
    | 'sourced-data']?: number
}

/** AR4SI section 2.3.2. */
export type TrustTier = 'none' | 'affirming' | 'warning' | 'contraindicated'

const AFFIRMED = 2
const WARNED = 32
const UNRECOGNISED_CODE = 33
const CONFIGURATION_UNAVAILABLE = 36
const CONTRAINDICATED = 96
const UNRECOGNISED_HARDWARE = 97
const BROKEN_CRYPTOGRAPHY = 99

const DEBUG_CODES: readonly FailureCode[] = ['SNP_DEBUG_ALLOWED', 'TDX_DEBUG', 'QE_DEBUG', 'NITRO_DEBUG']
const FOREIGN_CODES: readonly FailureCode[] = ['X509_UNTRUSTED_ROOT', 'SIMULATED_EVIDENCE', 'PLATFORM_NOT_ALLOWED']
const HARDWARE_CRYPTOGRAPHY =
  /^(?:(?:X509|SNP|TDX|COSE)_BAD_SIGNATURE|(?:QE_IDENTITY|TCB_INFO|TDX_QE_REPORT)_SIGNATURE|TDX_QE_HASH|SIG_MALFORMED|(?:REPORT|USER)_DATA_MISMATCH)$/
const HARDWARE_CODE = /^(?:X509|CRL|SNP|TDX|NITRO|PCK|QE|TCB)_/
/** Endorsements that are missing or out of date: nothing is said of the machine. */
const UNDATED_CODE = /_(?:EXPIRED|NOT_YET_VALID|MISSING|TIMESTAMP)$/

/** What a failure says of the attester; of what was not reached it says nothing. */
function vectorOfFailure(code: FailureCode): TrustworthinessVector {
  if (DEBUG_CODES.includes(code)) return { 'runtime-opaque': CONTRAINDICATED }
  if (code === 'MEASUREMENT_MISMATCH') return { executables: UNRECOGNISED_CODE }
  if (code === 'MEASUREMENT_RETIRED') return { executables: CONTRAINDICATED }
  if (code === 'CONFIG_UNMEASURED') return { configuration: CONFIGURATION_UNAVAILABLE }
  if (FOREIGN_CODES.includes(code)) return { hardware: UNRECOGNISED_HARDWARE }
  if (HARDWARE_CRYPTOGRAPHY.test(code)) return { hardware: BROKEN_CRYPTOGRAPHY }
  if (UNDATED_CODE.test(code)) return { hardware: 0 }
  if (code === 'PLATFORM_DENIED' || HARDWARE_CODE.test(code)) return { hardware: CONTRAINDICATED }
  return { hardware: 0 }
}

/** A TDX platform may pass with a status that policy accepts although it is not up to date, or without one. */
function hardwareOf(hardware: HardwareAttestation): number {
  if (hardware.tee !== 'tdx') return AFFIRMED
  const { tcb } = hardware.attested
  if (tcb === 'unchecked') return 0
  return tcb.status === 'UpToDate' ? AFFIRMED : WARNED
}

function vectorOfPass(
  { hardware, rows }: Attestation,
  { policy }: Trust,
  { simulated, claims }: { readonly simulated: boolean; readonly claims: ReceiptClaims | undefined },
): TrustworthinessVector {
  const locked = rows !== 'unchecked'
  const isRemote = claims !== undefined && claims.upstream.kind !== 'embedded'
  const knowsChip = hardware.tee === 'snp' && policy.snp !== undefined && policy.snp.chipIds !== 'unchecked'
  return {
    // A simulator is no hardware, whatever policy trusts it for.
    hardware: simulated ? UNRECOGNISED_HARDWARE : hardwareOf(hardware),
    ...(knowsChip && !simulated ? { 'instance-identity': AFFIRMED } : {}),
    ...(locked ? { executables: AFFIRMED, configuration: AFFIRMED } : {}),
    // Nitro enclaves are kept apart by the hypervisor; memory that AWS could read is not opaque to it.
    ...(simulated ? {} : { 'runtime-opaque': hardware.tee === 'nitro' ? WARNED : AFFIRMED }),
    // The evidence of an upstream that calls itself attested is not judged here either.
    ...(isRemote ? { 'sourced-data': WARNED } : {}),
  }
}

function tierOf(value: number): TrustTier {
  if (value >= CONTRAINDICATED) return 'contraindicated'
  if (value >= WARNED) return 'warning'
  return value >= AFFIRMED ? 'affirming' : 'none'
}

/** Never higher than the worst aspect, nor than the verdict: what is not verified is affirmed in nothing. */
function statusOf(verdict: Verdict<unknown>, vector: TrustworthinessVector): TrustTier {
  if (!verdict.ok) return verdict.code === 'CHECK_NOT_PERFORMED' ? 'none' : 'contraindicated'
  const tiers = Object.values(vector).map(tierOf)
  const worst = (['contraindicated', 'warning'] as const).find((tier) => tiers.includes(tier))
  if (worst !== undefined) return worst
  return vector.hardware === AFFIRMED && vector.executables === AFFIRMED ? 'affirming' : 'none'
}

/** Digests of the policy and the lock that judged, so that a reader can tell by which demands. */
function policyIds({ policy, lock }: Trust): readonly string[] {
  const canonical = encodeJcs(decodeJson(JSON.stringify(policy)))
  return [digestUri(canonical), ...(lock === undefined ? [] : [digestUri(encodeUtf8(encodeLock(lock)))])]
}

export interface EarContext {
  readonly archive: Archive
  readonly trust: Trust
  /** When the result is made, by the verifier's own clock. */
  readonly now: Date
  /** Name and version of the verifier. */
  readonly build: string
}

function readView(verdicts: ArchiveVerdicts): {
  readonly attestation: Attestation | undefined
  readonly claims: ReceiptClaims | undefined
  readonly grade: string | undefined
} {
  if (!verdicts.asOf.ok) return { attestation: undefined, claims: undefined, grade: undefined }
  if (verdicts.subject === 'gateway') return { attestation: verdicts.asOf.value, claims: undefined, grade: undefined }
  const { attestation, signed, grade } = verdicts.asOf.value
  return { attestation, claims: signed.claims, grade }
}

/** The claims set of an unsigned result: it says so itself. */
export function encodeEar(verdicts: ArchiveVerdicts, { archive, trust, now, build }: EarContext): JsonObject {
  const { asOf } = verdicts
  const { attestation, claims, grade } = readView(verdicts)
  const vector =
    asOf.ok && attestation !== undefined
      ? vectorOfPass(attestation, trust, { simulated: asOf.simulated, claims })
      : vectorOfFailure(asOf.ok ? 'CHECK_NOT_PERFORMED' : asOf.code)
  const status = statusOf(asOf, vector)
  return {
    eat_profile: EAR_PROFILE,
    iat: Math.floor(now.getTime() / 1000),
    ear_status: status,
    ear_verifier_id: { developer: 'countersign', build },
    submods: {
      [SUBMODS[archive.quote.tee]]: {
        ear_status: status,
        ear_trustworthiness_vector: { ...vector },
        ear_appraisal_policy_ids: policyIds(trust),
      },
    },
    [EXTENSION]: {
      signed: false,
      simulated: asOf.simulated,
      subject: verdicts.subject,
      as_of: {
        verified: asOf.ok,
        ...(asOf.ok ? {} : { code: asOf.code }),
        ...(attestation === undefined ? {} : { time: attestation.judgedAt.toISOString(), source: attestation.time }),
        ...(grade === undefined ? {} : { grade }),
      },
      now: { verified: verdicts.now.ok, ...(verdicts.now.ok ? {} : { code: verdicts.now.code }) },
      assumptions: asOf.assumptions,
    },
  }
}
