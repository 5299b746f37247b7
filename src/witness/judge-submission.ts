/** Whether a checkpoint may be cosigned, by c2sp.org/tlog-witness. Pure: the whole of what protects history is in this file. @module */

import { sameBytes } from '../core/encoding/bytes.ts'
import { assertConsistency, emptyRoot } from '../core/log/index.ts'
import { MalformedError } from '../errors.ts'
import { type Answer, plain } from './answer.ts'
import type { ForkKind } from './fork-evidence.ts'
import type { Cosigned } from './origin-record.ts'
import type { Submission } from './submission.ts'

export interface Refusal {
  readonly answer: Answer
  /** What the checkpoint may prove. Only where the log signed it. */
  readonly evidence: ForkKind | undefined
}

/** The log must have signed the submission. Undefined: cosign it. */
export function judgeSubmission(submission: Submission, cosigned: Cosigned | undefined): Refusal | undefined {
  const { oldSize, size, root, proof } = submission
  const older = cosigned ?? { size: 0, root: emptyRoot() }
  if (oldSize > size) return { answer: plain(400, 'the old size is larger than the checkpoint'), evidence: undefined }
  const splits = size === older.size && !sameBytes(root, older.root)
  if (oldSize !== older.size)
    return { answer: sizeConflict(older.size), evidence: evidenceOf(submission, older.size, splits) }
  if (splits)
    return {
      answer: plain(409, 'another root of this size was cosigned'),
      evidence: evidenceOf(submission, older.size, true),
    }
  try {
    assertConsistency(older, submission, proof)
    return undefined
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return {
      answer: plain(422, 'the consistency proof does not hold'),
      evidence: size > older.size ? 'unproven' : undefined,
    }
  }
}

function evidenceOf({ size }: Submission, cosignedSize: number, splits: boolean): ForkKind | undefined {
  if (splits) return 'split'
  return size < cosignedSize ? 'smaller' : undefined
}

function sizeConflict(size: number): Answer {
  return { status: 409, type: 'text/x.tlog.size', body: `${size}\n` }
}
