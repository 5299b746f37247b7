/** What one audit works with, and the logs that it is about. @module */
import type { Trust } from '../core/evidence/attestation.ts'
import type { WitnessPolicy } from '../core/log/index.ts'
import type { MalformedError } from '../errors.ts'
import type { Genesis } from './genesis.ts'
import type { LogReader } from './log-reader.ts'

/** What one audit demands and tells. */
export interface AuditContext {
  readonly reader: LogReader
  readonly host: string | undefined
  /** Policy and lock for the quotes; `missing` where nobody gave any; `unchecked` where the auditor said so. */
  readonly trust: Trust | 'missing' | 'unchecked'
  /** Whose cosignatures count. */
  readonly witnesses: WitnessPolicy | 'unchecked'
  onProgress(id: string, leaves: number, size: number): void
}

/** A log as the listing of the host shows it, not judged. */
export interface ListedLog {
  readonly id: string
  readonly genesisOctets: Uint8Array | undefined
  readonly genesis: Genesis | undefined
  /** Why the genesis record did not decode. */
  readonly refusal: MalformedError | undefined
  /** Sizes of it that later logs name. */
  readonly named: readonly number[]
}
