/** The row that a gateway's evidence makes: everything that policy asks for is judged, but for the lock, which is being made. @module */
import { decodeArchive, verifyArchive } from '../../core/archive/index.ts'
import { type Attestation, challengeAnchor, type Trust, verifyAttestation } from '../../core/evidence/attestation.ts'
import { measurementsOf } from '../../core/evidence/hardware.ts'
import type { LockedModel, LockRow } from '../../core/lock.ts'
import type { HeldExchange } from '../../core/receipt/verify.ts'
import type { Verdict } from '../../core/verdict.ts'
import type { Io } from '../command.ts'
import { readInput } from '../files.ts'
import { fetchAttestation } from '../gateway-attestation.ts'

export type PinTrust = Pick<Trust, 'policy' | 'revocations'>

/** Rows are tuples: where nothing is locked yet, neither measurement nor model can be asked of a lock, nor who approved it. */
function withoutLock({ policy, revocations }: PinTrust): Trust {
  return {
    policy: { ...policy, measurements: 'unchecked', models: 'unchecked', lockApproval: 'unchecked' },
    lock: undefined,
    revocations,
  }
}

const NOTHING_HELD: HeldExchange = {
  nonce: 'unchecked',
  request: 'not-held',
  response: 'not-held',
  outcome: 'any',
  seen: new Set(),
  channel: 'not-observed',
  prev: 'unchecked',
  replay: 'not-held',
}

export interface Judgements {
  readonly attestation: Verdict<Attestation>
  /** Verdicts that must pass too: of an archive, what its hardware evidence is worth today. */
  readonly more: readonly Verdict<object>[]
}

/** @param source address of a gateway, or the file of an archive */
export async function judgeSource(source: string, given: PinTrust, io: Io): Promise<Judgements> {
  const trust = withoutLock(given)
  if (/^https?:\/\//.test(source)) {
    const { archive, nonce, noncedAt } = await fetchAttestation(source)
    const anchor = challengeAnchor({ nonce, noncedAt, at: io.now(), proof: archive.proof })
    return { attestation: await verifyAttestation(archive, trust, anchor), more: [] }
  }
  // What is pinned is the gateway. An answer beside it says nothing of the code, and need not be held.
  const { receipt: _receipt, proof: _proof, steps: _steps, ...archive } = decodeArchive(await readInput(source))
  const verdicts = await verifyArchive(archive, NOTHING_HELD, trust, { now: io.now() })
  if (verdicts.subject !== 'gateway') throw new TypeError('an archive without a receipt shows a gateway')
  return { attestation: verdicts.asOf, more: [verdicts.now] }
}

export interface RowWords {
  readonly shape: string
  readonly status: 'active' | 'next'
  /** Models that the session leaves out, because nobody measured them. */
  readonly models: readonly LockedModel[]
}

const SHAPE_SIZE = 120

/** A simulated root shows in the row for as long as the row stands. */
export function simulatedShape(shape: string, simulated: boolean): string {
  if (!simulated) return shape
  return shape === '-' ? 'simulated' : `simulated: ${shape}`.slice(0, SHAPE_SIZE)
}

/** @param attestation of a full pass */
export function rowOf(
  { hardware, configuration, session }: Attestation,
  { shape, status, models }: RowWords,
  simulated: boolean,
): LockRow {
  const named = session.dependencies
    .filter(({ annotations }) => annotations.role === 'model')
    .map(({ name, digest }) => ({ name, digest: `sha256:${digest.sha256}` }))
    // Two servers may serve one model.
    .filter(
      (model, i, all) => all.findIndex(({ name, digest }) => name === model.name && digest === model.digest) === i,
    )
  return {
    ...measurementsOf(hardware),
    shape: simulatedShape(shape, simulated),
    status,
    notAfter: 'none',
    config: configuration.digest,
    models: [...named, ...models],
    provenance: 'none',
  }
}
