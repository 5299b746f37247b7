/** What an attested fetch can be told. @module */
import type { Lock } from '../core/lock.ts'
import type { Policy } from '../core/policy.ts'
import type { Channel } from './channel.ts'
import type { ClientDeps } from './deps.ts'
import type { Preference } from './prefer.ts'
import type { AttestedReceipt } from './receipt.ts'

export interface AttestedFetchOptions extends Preference {
  readonly policy: Policy
  /** Needed where the policy locks measurements or models. */
  readonly lock?: Lock
  /** Told of each verified receipt. */
  readonly onReceipt?: (receipt: AttestedReceipt) => void
  /** Longest unstreamed answer, and most that is held back of a stream, octets. */
  readonly maxAnswerSize?: number
  /** Binds every connection to keys of the verified session: of `countersign/ohttp` or `countersign/node`. */
  readonly channel?: Channel | 'none'
  readonly deps?: Partial<ClientDeps>
}
