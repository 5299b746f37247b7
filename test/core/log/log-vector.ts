/** The forms of the vectors below attestation-fixtures/log. */
import type { FailureCode } from '../../../src/core/failure-codes.ts'

export type Expected =
  | { readonly ok: true }
  | { readonly ok: false; readonly check: string; readonly code: FailureCode }

export interface VectorBase {
  /** Row of the table of checks, or none. */
  readonly row: string
  readonly title: string
  /** The good vector that this one differs from, in what the title says. */
  readonly base?: string
  readonly expected: Expected
}

/** verifyInclusion. `entry` is hexadecimal. */
export interface InclusionVector extends VectorBase {
  readonly kind: 'inclusion'
  readonly proof: string
  readonly entry: string
  readonly vkey: string
  readonly origin: string
}

/** verifyConsistency over two checkpoint bodies; hashes in base64. */
export interface ConsistencyVector extends VectorBase {
  readonly kind: 'consistency'
  readonly older: string
  readonly newer: string
  readonly proof: readonly string[]
}

/** assertInclusion of an entry of any length; entry in hexadecimal, hashes in base64. */
export interface LeafVector extends VectorBase {
  readonly kind: 'leaf'
  readonly entry: string
  readonly index: number
  readonly size: number
  readonly proof: readonly string[]
  readonly root: string
}

/** verifyWitnessedCheckpoint; `policy` is the text of a witness policy, `time` is the proven one in seconds where the verdict is ok. */
export interface WitnessedVector extends VectorBase {
  readonly kind: 'witnessed'
  readonly checkpoint: string
  readonly vkey: string
  readonly origin: string
  readonly policy: string
  readonly time: number
}

/** verifyFollowing; hashes in base64, times in seconds. */
export interface FollowingVector extends VectorBase {
  readonly kind: 'following'
  readonly previous: string
  readonly next: string
  readonly proof: readonly string[]
  readonly vkey: string
  readonly origin: string
  readonly freshness: 'unchecked' | FreshnessVector
}

export interface FreshnessVector {
  readonly provenTime: number
  readonly now: number
  readonly maxStalenessSeconds: number
  readonly skewSeconds: number
}

/** verifyForkProof. */
export interface ForkVector extends VectorBase {
  readonly kind: 'fork'
  readonly proof: string
  readonly origin: string
}

export type LogVector =
  | InclusionVector
  | ConsistencyVector
  | LeafVector
  | WitnessedVector
  | FollowingVector
  | ForkVector

export const GOOD: Expected = { ok: true }

export function fails(check: string, code: FailureCode): Expected {
  return { ok: false, check, code }
}
