/** Judges an archive offline: as of its own time, which decides, and beside that what its hardware evidence is worth now. @module */
import { type Attestation, type AttestationEvidence, type Trust, verifyAttestation } from '../evidence/attestation.ts'
import { verifyHardwareAt } from '../evidence/bare.ts'
import type { HardwareAttestation } from '../evidence/hardware.ts'
import { type AnswerEvidence, type AnswerTime, type VerifiedAnswer, verifyAnswer } from '../receipt/answer.ts'
import { readRunMembers } from '../receipt/run.ts'
import { checkSteps } from '../receipt/run-chain.ts'
import type { HeldExchange } from '../receipt/verify.ts'
import { judge, type Verdict } from '../verdict.ts'
import type { Archive } from './archive.ts'

/** When an archive is judged. */
export interface ArchiveTimes {
  /** By the verifier's own clock. */
  readonly now: Date
  /**
   * T where neither witnesses nor a Nitro document prove one and policy spells the time unchecked. By default that of the statement itself:
   * the word of the host, and the verdict says so.
   */
  readonly at?: Date
}

/** Two verdicts on one archive: `asOf` decides, `now` is shown beside it. */
export type ArchiveVerdicts =
  | {
      readonly subject: 'answer'
      readonly asOf: Verdict<VerifiedAnswer>
      readonly now: Verdict<HardwareAttestation>
    }
  | {
      readonly subject: 'gateway'
      readonly asOf: Verdict<Attestation>
      readonly now: Verdict<HardwareAttestation>
    }

/**
 * T is the time that witnesses prove, else that of a Nitro document where policy names it, else as given, else that of the statement. A nonce
 * that the archive names is nobody's own: it proves no time here.
 *
 * @example
 * const { asOf, now } = await verifyArchive(decodeArchive(bytes), held, { policy, lock }, { now: new Date() })
 */
export async function verifyArchive(
  archive: Archive,
  held: HeldExchange,
  trust: Trust,
  { now, at }: ArchiveTimes,
): Promise<ArchiveVerdicts> {
  const { receipt, proof, steps, ...attested } = archive
  const today = await verifyHardwareAt(archive, trust, now)
  if (receipt === undefined)
    return { subject: 'gateway', asOf: await judgeGateway(attested, trust, { now, at }), now: today }
  const evidence = { ...attested, receipt, ...(proof === undefined ? {} : { proof }) }
  const asOf = await judgeAnswer({ evidence, steps, held }, trust, {
    at: at ?? now,
    noncedAt: 'unknown',
    unproven: at === undefined ? 'statement' : 'as-given',
  })
  return { subject: 'answer', asOf, now: today }
}

interface JudgedAnswer {
  readonly evidence: AnswerEvidence
  readonly steps: Archive['steps']
  readonly held: HeldExchange
}

function judgeAnswer(
  { evidence, steps, held }: JudgedAnswer,
  trust: Trust,
  time: AnswerTime,
): Promise<Verdict<VerifiedAnswer>> {
  return judge(['run'], async (check) => {
    const answer = check.include('', await verifyAnswer(evidence, held, trust, time))
    const { run } = check.decode('run', () => readRunMembers(answer.signed.disclosed.exchange ?? {}))
    await checkSteps(check, { token: evidence.receipt, step: run?.step ?? 0, steps }, answer.attestation)
    return answer
  })
}

function judgeGateway(
  evidence: AttestationEvidence,
  trust: Trust,
  { now, at }: { readonly now: Date; readonly at: Date | undefined },
): Promise<Verdict<Attestation>> {
  return verifyAttestation(
    evidence,
    trust,
    at === undefined ? { source: 'statement', now } : { source: 'as-given', at },
  )
}
