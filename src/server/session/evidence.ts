/** One attempt at attested evidence: statement over the newest checkpoint, quote, self-verification. wire.md section 1. @module */
import { type Attestation, verifyAttestation } from '../../core/evidence/attestation.ts'
import { type EndorsedQuote, measurementsOf } from '../../core/evidence/hardware.ts'
import type { Quote, Quoter } from '../../core/evidence/quoter.ts'
import { encodeStatement, STATEMENT_PROFILE, statementReportData } from '../../core/evidence/statement.ts'
import type { SignedCheckpoint } from '../../core/log/index.ts'
import { formatMeasurements, sameMeasurements } from '../../core/measurement/measurements.ts'
import { assertVerified, type Verified } from '../../core/verdict.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import type { RunningSession } from '../boot/running-boot.ts'
import type { LogFrontier } from '../log/index.ts'
import type { BootClock } from './boot-clock.ts'
import { selfTrust } from './self-policy.ts'

/** Evidence that passed the gateway's own verification. */
export interface AttestedEvidence {
  readonly session: Uint8Array
  readonly statement: Uint8Array
  readonly quote: EndorsedQuote
  readonly attestation: Verified<Attestation>
  /** The quoted checkpoint with its signature. */
  readonly checkpoint: SignedCheckpoint
  /** Milliseconds from asking the device to its answer. */
  readonly deviceMs: number
}

/** A statement that waits for its quote. */
export interface PreparedStatement {
  readonly octets: Uint8Array
  readonly checkpoint: SignedCheckpoint
}

/** States a checkpoint. Checkpoint and counts are of one instant, and `iat` was read after both. */
export function prepareStatement(
  { digest }: RunningSession,
  { counts, ...checkpoint }: SignedCheckpoint & LogFrontier,
  { iat, life }: { readonly iat: number; readonly life: number },
): PreparedStatement {
  const octets = encodeStatement({
    eat_profile: STATEMENT_PROFILE,
    iat,
    exp: iat + life,
    session: digest,
    counts: { intents: counts.intents, receipts: counts.receipts, open: counts.open },
    checkpoint: checkpoint.body,
  })
  return { octets, checkpoint }
}

/** The report data are computed here, from the statement: no caller ever chooses them. */
export function requestQuote(quoter: Quoter, statement: PreparedStatement): Promise<Quote> {
  return quoter.quote(statementReportData(statement.octets))
}

/**
 * Judges the quote as a client would. The device answers through the host, so its octets are the host's until this passes.
 * @throws CountersignError ERR_QUOTE with the refusal as cause
 */
export async function verifyOwnQuote(
  { quote, deviceMs }: { readonly quote: EndorsedQuote; readonly deviceMs: number },
  { octets: statement, checkpoint }: PreparedStatement,
  { session, clock, simulated }: { session: RunningSession; clock: BootClock; simulated: boolean },
): Promise<AttestedEvidence> {
  try {
    const verdict = await verifyAttestation(
      { session: session.octets, statement, quote },
      selfTrust(quote, simulated),
      { source: 'as-given', at: clock.date() },
    )
    const attestation = assertVerified(verdict)
    return { session: session.octets, statement, quote, attestation, checkpoint, deviceMs }
  } catch (cause) {
    if (cause instanceof MalformedError || (cause instanceof CountersignError && cause.code === 'ERR_NOT_VERIFIED'))
      throw new CountersignError('ERR_QUOTE', `the device's quote did not verify: ${cause.message}`, { cause })
    throw cause
  }
}

/**
 * A boot runs one software from its first quote to its last: a quote of other software is of another machine, whoever brought it here.
 * @throws CountersignError ERR_QUOTE
 */
export function requireSameSoftware({ attestation }: AttestedEvidence, earlier: AttestedEvidence | undefined): void {
  if (earlier === undefined) return
  const seen = measurementsOf(attestation.hardware)
  if (sameMeasurements(seen, measurementsOf(earlier.attestation.hardware))) return
  throw new CountersignError('ERR_QUOTE', `the device's quote is of other software: ${formatMeasurements(seen)}`)
}
