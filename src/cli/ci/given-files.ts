/** The files that a run judges by: policy, lock with its approval, revocations, and who is to have built what is measured. @module */
import { readLock, readPolicy } from '../../client-node/trust-files.ts'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import { checkPolicy } from '../../core/evidence/attestation.ts'
import type { RevocationJudge, Trust } from '../../core/evidence/given-judges.ts'
import type { Lock } from '../../core/lock.ts'
import type { Policy } from '../../core/policy.ts'
import { openRevocations } from '../../core/revocation/index.ts'
import { judge } from '../../core/verdict.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import { readApproval } from '../approval.ts'
import { UsageError } from '../command.ts'
import { readInput } from '../files.ts'
import { type BuilderTrust, readBuilder } from './builder.ts'
import type { Subject } from './subject.ts'

export interface FileValues {
  readonly policy: string
  readonly lock: string
  readonly approval?: string | undefined
  readonly revocations?: string | undefined
  readonly provenance?: string | undefined
  readonly measurements?: string | undefined
  readonly 'trusted-root'?: string | undefined
  readonly issuer?: string | undefined
  readonly identity?: string | undefined
}

export interface GivenFiles {
  readonly trust: Trust & { readonly lock: Lock }
  readonly builder: BuilderTrust | undefined
}

async function readRevocations(
  file: string | undefined,
  policy: Policy,
  now: () => Date,
): Promise<RevocationJudge | undefined> {
  if (file === undefined) return undefined
  if (policy.revocations === 'unchecked')
    throw new UsageError(
      'policy names nobody who may revoke',
      'Name their keys in `revocations`, or leave --revocations out.',
    )
  try {
    const text = decodeUtf8(await readInput(file)).trim()
    return (await openRevocations(text, policy.revocations.keys, { now, atLeast: 0 })).judge
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new CountersignError('ERR_CONFIG', `${file}: ${cause.failure}: ${cause.message}`, { cause })
  }
}

export async function readGivenFiles(values: FileValues, now: () => Date): Promise<GivenFiles> {
  const policy = await readPolicy(values.policy)
  const lock = await readLock(values.lock)
  const builder = await readBuilder(values)
  const revocations = await readRevocations(values.revocations, policy, now)
  const builders = builder?.trust.signers ?? []
  const approval = await readApproval({ policy, lock: values.lock, builders }, values)
  return { trust: { policy, lock, revocations, approval }, builder }
}

/** Whether policy and lock go together, and who approved the lock. */
export async function judgeFiles(trust: Trust): Promise<Subject> {
  const verdict = await judge(['policy-revision', 'lock-approval'], async (check): Promise<object> => {
    checkPolicy(check, trust)
    return {}
  })
  return { kind: 'files', name: 'policy and lock', verdict, result: 'the lock may be used' }
}
