/** Judges a live gateway as `countersign verify` does. A gateway that cannot be reached is not performed: nobody knows what it would show. @module */

import { NotVerifiedError } from '../../client/index.ts'
import { challengeAnchor, type Trust, verifyAttestation } from '../../core/evidence/attestation.ts'
import { measurementsOf } from '../../core/evidence/hardware.ts'
import type { Measurements } from '../../core/measurement/measurements.ts'
import { judge } from '../../core/verdict.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import type { Io } from '../command.ts'
import { type ChallengedGateway, fetchAttestation } from '../gateway-attestation.ts'
import type { Subject } from './subject.ts'

export interface JudgedGateway {
  readonly subject: Subject
  /** What its hardware measured; undefined unless it verified. */
  readonly measured: Measurements | undefined
}

const CHECKS = { reached: 'formats.md, Archive' } as const

/** The challenge's archive, or a verdict on why there is none. */
async function challenge(address: string): Promise<ChallengedGateway | Subject['verdict']> {
  try {
    return await fetchAttestation(address)
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error
    return await judge(CHECKS, async (check): Promise<object> => {
      if (error instanceof NotVerifiedError) check.fail('reached', error.failure, error.message)
      if (error instanceof MalformedError) check.fail('reached', error.failure, error.message)
      return check.incomplete('reached', error.message)
    })
  }
}

export async function judgeGateway(address: string, trust: Trust, io: Pick<Io, 'now'>): Promise<JudgedGateway> {
  const shown = { kind: 'gateway', name: `gateway ${address}`, result: 'newer than a nonce of this run' } as const
  const challenged = await challenge(address)
  if (!('archive' in challenged)) return { subject: { ...shown, verdict: challenged }, measured: undefined }
  const { archive, nonce, noncedAt } = challenged
  const anchor = challengeAnchor({ nonce, noncedAt, at: io.now(), proof: archive.proof })
  const verdict = await verifyAttestation(archive, trust, anchor)
  return { subject: { ...shown, verdict }, measured: verdict.ok ? measurementsOf(verdict.value.hardware) : undefined }
}
