/** What a test may hold against a lock: a gateway's address, an archive's octets, or an answer of an attested fetch. @module */
import { type ChallengedGateway, challengeGateway } from '../client/challenge-gateway.ts'
import { type ClientDeps, createClientDeps } from '../client/deps.ts'
import { defaultPolicy, NotVerifiedError, receiptOf } from '../client/index.ts'
import { decodeArchive, verifyArchive } from '../core/archive/index.ts'
import { challengeAnchor, type Trust, verifyAttestation } from '../core/evidence/attestation.ts'
import type { FailureCode } from '../core/failure-codes.ts'
import type { Lock } from '../core/lock.ts'
import type { Policy } from '../core/policy.ts'
import type { Check, Verdict } from '../core/verdict.ts'
import { CountersignError, MalformedError } from '../errors.ts'
import { holdArchived } from './hold-archived.ts'

/** Address of a gateway, octets of an archive, or an answer as an attested fetch gave it. */
export type Received = string | URL | Uint8Array | Response

export interface Reference extends Omit<Trust, 'policy'> {
  readonly lock: Lock
  readonly policy: Policy | undefined
  readonly at: Date | undefined
}

/** As much of a verdict as a test shows. */
export type Judged =
  | { readonly ok: true; readonly simulated: boolean }
  | { readonly ok: false; readonly code: FailureCode; readonly checks: readonly Check[] }

/** A page to sign in, or of a proxy that is down, is nothing that could be judged: `.not` must not hold of it. */
async function challenge(address: string, deps: ClientDeps): Promise<ChallengedGateway> {
  try {
    return await challengeGateway(address, deps)
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new CountersignError('ERR_NETWORK', `the address gave no attestation: ${cause.failure}`, { cause })
  }
}

async function judgeGateway(address: string, trust: Trust): Promise<Verdict<object>> {
  const deps = createClientDeps()
  const { archive, nonce, noncedAt } = await challenge(address, deps)
  const anchor = challengeAnchor({ nonce, noncedAt, at: deps.clock.now(), proof: archive.proof })
  return await verifyAttestation(archive, trust, anchor)
}

async function judgeArchive(octets: Uint8Array, trust: Trust, at: Date | undefined): Promise<Verdict<object>> {
  const archive = decodeArchive(octets)
  const held = holdArchived(archive)
  const { asOf } = await verifyArchive(archive, held, trust, { now: new Date(), ...(at && { at }) })
  return asOf
}

/** It verified by the trust of its fetch; here its archive has to verify by the lock of the test. */
async function archiveOf(answer: Response): Promise<Uint8Array> {
  const receipt = await receiptOf(answer)
  const { archive } = receipt.archive === undefined ? await receipt.upgrade('quoted') : receipt
  if (archive === undefined) throw new CountersignError('ERR_USAGE', 'this answer has no archive')
  return archive
}

async function judge(received: Received, { policy, at, ...others }: Reference): Promise<Verdict<object>> {
  const trust = { ...others, policy: policy ?? defaultPolicy(others.lock) }
  if (received instanceof Uint8Array) return await judgeArchive(received, trust, at)
  if (received instanceof Response) return await judgeArchive(await archiveOf(received), trust, at)
  const address = String(received)
  if (!/^https?:\/\//.test(address))
    throw new CountersignError(
      'ERR_USAGE',
      'give the address of a gateway, the octets of an archive, or an answer of an attested fetch',
    )
  return await judgeGateway(address, trust)
}

/** @throws CountersignError whatever keeps it from being judged: nobody knows then whether it would verify */
export async function judgeReceived(received: Received, reference: Reference): Promise<Judged> {
  try {
    return await judge(received, reference)
  } catch (error) {
    if (error instanceof NotVerifiedError) return { ok: false, code: error.failure, checks: error.checks }
    if (!(error instanceof MalformedError)) throw error
    const { failure: code, message: detail } = error
    return { ok: false, code, checks: [{ name: 'archive', status: 'fail', required: true, detail, code }] }
  }
}
