/** What an attested fetch can be told. @module */
import type { ApprovalJudge, RevocationJudge } from '../core/evidence/given-judges.ts'
import type { Lock } from '../core/lock.ts'
import type { Policy } from '../core/policy.ts'
import { CountersignError } from '../errors.ts'
import type { Channel } from './channel.ts'
import type { ClientDeps } from './deps.ts'
import type { NotVerifiedError } from './errors.ts'
import type { Preference } from './prefer.ts'
import type { AttestedReceipt } from './receipt.ts'
import type { ReceiptStore } from './store.ts'

export interface AttestedFetchOptions extends Preference {
  /** By default {@link defaultPolicy} of the lock. */
  readonly policy?: Policy
  /** Needed where the policy locks measurements or models. */
  readonly lock?: Lock
  /** Needed where the policy asks for revocations: of `countersign/revocations`. */
  readonly revocations?: RevocationJudge
  /** Needed where the policy asks who approved the lock. */
  readonly approval?: ApprovalJudge
  /**
   * `observe`, for a migration: answers are delivered whatever the verdict, and each failure is warned of; `receiptOf` rejects with it. A
   * channel that was asked for and cannot be had still stops the request, and so does a redirect.
   */
  readonly verify?: 'enforce' | 'observe'
  /** Told of each failure that `observe` lets through. */
  readonly onObserved?: (error: NotVerifiedError) => void
  /** Told of each verified receipt. */
  readonly onReceipt?: (receipt: AttestedReceipt) => void
  /** Keeps answers with their receipts, and follows logs: of `countersign/receipts` or `countersign/node`. */
  readonly store?: ReceiptStore
  /** Longest unstreamed answer, most that is held back of a stream, and most of one that a store is given, octets. */
  readonly maxAnswerSize?: number
  /** Binds every connection to keys of the verified session: of `countersign/ohttp` or `countersign/node`. */
  readonly channel?: Channel | 'none'
  readonly deps?: Partial<ClientDeps>
}

const NAMES: Readonly<Record<keyof AttestedFetchOptions, true>> = {
  policy: true,
  lock: true,
  revocations: true,
  approval: true,
  verify: true,
  onObserved: true,
  onReceipt: true,
  store: true,
  maxAnswerSize: true,
  channel: true,
  deps: true,
  grade: true,
  wait: true,
}

/**
 * A misspelt option would drop what was asked for in silence: `chanel` would leave every connection unbound.
 * @throws CountersignError ERR_CONFIG
 */
export function refuseUnknownOptions(options: object): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name))
  if (unknown === undefined) return
  throw new CountersignError(
    'ERR_CONFIG',
    `there is no option ${JSON.stringify(unknown.slice(0, 64))}: an attested fetch takes ${Object.keys(NAMES).join(', ')}`,
  )
}

/** Those of an attested fetch among options that are for somebody else too. */
export function attestedFetchOptions(options: AttestedFetchOptions): AttestedFetchOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(NAMES, name)))
}
