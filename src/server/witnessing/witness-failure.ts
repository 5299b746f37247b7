/** Why a witness gave no cosignature. A reason is one word of a fixed list: nothing that a witness wrote gets into logs. @module */

export type WitnessFailureReason =
  /** No connection, or it broke off. */
  | 'unreachable'
  | 'timeout'
  /** More octets than any honest answer has. */
  | 'too-large'
  /** An answer that the protocol does not know; a redirect is one. */
  | 'protocol'
  /** It does not follow this log, and there was nothing to enrol with. */
  | 'unknown-origin'
  /** It does not take what it was shown for enrolment. */
  | 'not-enrolled'
  /** It answered with another refusal. */
  | 'refused'
  /** It cosigned another tree of this size: history was forked, or the witness lies. */
  | 'split-view'
  /** It cosigned a checkpoint larger than this log ever was: an older copy of the log runs here. */
  | 'ahead'
  /** Its cosignature is absent, doubled, or does not verify. */
  | 'bad-cosignature'
  /** Its cosignature is dated too far from now. */
  | 'bad-time'
  /** The log could not make the proof that the witness needs. */
  | 'no-proof'
  | 'closed'

export class WitnessFailure extends Error {
  readonly reason: WitnessFailureReason

  constructor(reason: WitnessFailureReason, options?: { cause?: unknown }) {
    super(`witness: ${reason}`, options)
    this.name = 'WitnessFailure'
    this.reason = reason
  }
}
