/** The TCB of a trust domain's platform as a verdict reports it. @module */
import type { ComponentStatus, PlatformStatus, TcbStatus } from './tcb-status.ts'

/** A level of a document that a platform reached. */
export interface MatchedLevel<Status> {
  readonly status: Status
  readonly tcbDate: Date
  readonly advisoryIds: readonly string[]
}

/** One evaluation: under the module of the launch, or the one that runs now. */
export interface TcbPass {
  /** The three converged. */
  readonly status: PlatformStatus
  readonly platform: MatchedLevel<PlatformStatus>
  /** Absent where the module has no identity of its own (major version 0). */
  readonly module?: MatchedLevel<ComponentStatus> & { readonly id: string }
  readonly qe: MatchedLevel<ComponentStatus>
}

export interface TdxTcb {
  readonly status: TcbStatus
  /** Of every level that was matched, in either pass; sorted. */
  readonly advisoryIds: readonly string[]
  /** The earliest date of those levels. */
  readonly tcbDate: Date
  /** With TEE_TCB_SVN, and with TEE_TCB_SVN2; the same for TD 1.0. */
  readonly launch: TcbPass
  readonly current: TcbPass
  /** tcbEvaluationDataNumber of TCB info and QE identity. */
  readonly evaluationDataNumber: number
  readonly qeEvaluationDataNumber: number
  /** `sha256:` over the collateral that decided: a later judgement needs the same. */
  readonly collateralDigest: string
}
