/** What an attested fetch can be told. @module */
import type { Lock } from '../core/lock.ts'
import type { Policy } from '../core/policy.ts'
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
