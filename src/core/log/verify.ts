/** What a log claims, judged: a signed checkpoint, an entry in it, one checkpoint that continues another. @module */

import { MalformedError } from '../../errors.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import { type Checkpoint, decodeCheckpoint, matchOriginKey, type SignedCheckpoint } from './checkpoint.ts'
import { decodeEntry, type LogEntry } from './entry.ts'
import { assertConsistency, assertInclusion, hashLeaf } from './merkle.ts'
import { decodeSignatures, decodeVkey, splitNote, verifyNoteSignature } from './note.ts'
import { decodeTlogProof } from './tlog-proof.ts'

/** Which log: the key as the attested session names it, and the origin that policy pins. */
export interface LogIdentity {
  /** C2SP verifier key. */
  readonly vkey: string
  readonly origin: string
}

/** The checks of every signed checkpoint, in order. */
export const CHECKPOINT_CHECKS = ['checkpoint-format', 'checkpoint-signature', 'log-origin'] as const
export type CheckpointCheck = (typeof CHECKPOINT_CHECKS)[number]

/** A checkpoint that the log signed. Witness signatures on it are not judged here. */
export function verifyCheckpoint({
  checkpoint,
  ...log
}: LogIdentity & { readonly checkpoint: string }): Promise<Verdict<SignedCheckpoint>> {
  return judge(CHECKPOINT_CHECKS, (check) => judgeCheckpoint(check, checkpoint, log))
}

/** The body of {@link verifyCheckpoint}, for verdicts that judge more than it. */
export async function judgeCheckpoint<Name extends string>(
  check: Checker<Name | CheckpointCheck>,
  note: string,
  { vkey, origin }: LogIdentity,
): Promise<SignedCheckpoint> {
  const { text: body, lines } = check.decode('checkpoint-format', () => splitNote(note))
  const checkpoint = check.decode('checkpoint-format', () => decodeCheckpoint(body))

  const key = check.decode('checkpoint-signature', () => decodeVkey(vkey), 'CHECKPOINT_SIGNATURE')
  const signatures = check.decode('checkpoint-signature', () => decodeSignatures(lines))
  const refusal = await verifyNoteSignature({ text: body, signatures }, key).then(() => undefined, refusalOf)
  if (refusal) check.fail('checkpoint-signature', refusal.failure, refusal.message)

  // One key could sign for two logs, and a log of a test gateway for that of another: the name under the signature must be the pinned one.
  const isPinned = checkpoint.origin === origin && key.name === origin
  check.that('log-origin', isPinned, 'LOG_ORIGIN', { fail: `signed by ${key.name} for ${checkpoint.origin}` })
  check.decode('log-origin', () => matchOriginKey(origin, key.publicKey))
  return { ...checkpoint, body, note }
}

function refusalOf(error: unknown): MalformedError {
  if (error instanceof MalformedError) return error
  throw error
}

const INCLUSION_CHECKS = ['proof-format', ...CHECKPOINT_CHECKS, 'inclusion'] as const

/** An entry that the log holds. */
export interface ProvenEntry {
  readonly entry: LogEntry
  readonly index: number
  /** Leaves of the checkpoint's tree. */
  readonly size: number
  readonly checkpoint: Checkpoint
  /** The checkpoint's signed text, verbatim, with its final line feed: compare it with `statement.checkpoint`. */
  readonly body: string
  /** The signed checkpoint with all its signature lines, verbatim. */
  readonly note: string
}

export interface InclusionEvidence extends LogIdentity {
  /** tlog-proof text: all of it is the attacker's. */
  readonly proof: string | Uint8Array
  /** The 33 octets that the verifier made of the preimage it holds. */
  readonly entry: Uint8Array
}

/**
 * Judges the inclusion of one entry in the checkpoint that the proof carries.
 *
 * @example
 * const verdict = await verifyInclusion({ proof, entry: createEntry('receipt', jwsOctets), vkey, origin })
 * if (verdict.ok) console.log(verdict.value.index, 'of', verdict.value.size)
 */
export function verifyInclusion({ proof, entry, ...log }: InclusionEvidence): Promise<Verdict<ProvenEntry>> {
  return judge(INCLUSION_CHECKS, async (check) => {
    const { index, hashes, checkpoint: note } = check.decode('proof-format', () => decodeTlogProof(proof))
    const { body, ...checkpoint } = await judgeCheckpoint(check, note, log)
    // An entry of another length cannot be a leaf of this log (RFC 6962 2.1: second preimages by 0x01 || left || right).
    const decoded = check.decode('inclusion', () => decodeEntry(entry), 'LOG_INCLUSION')
    const { origin, size, root } = checkpoint
    check.decode('inclusion', () => assertInclusion({ leafHash: hashLeaf(entry), index, size, proof: hashes }, root))
    return { entry: decoded, index, size, checkpoint: { origin, size, root }, body, note }
  })
}

const CONSISTENCY_CHECKS = ['log-origin', 'consistency'] as const

export interface ConsistentCheckpoints {
  readonly older: Checkpoint
  readonly newer: Checkpoint
}

/**
 * Judges that `newer` continues `older`. Both must come out of {@link verifyCheckpoint} or {@link verifyInclusion}: signatures are not judged here.
 * @param proof hashes as in RFC 6962 section 2.1.2
 */
export function verifyConsistency(
  older: Checkpoint,
  newer: Checkpoint,
  proof: readonly Uint8Array[],
): Promise<Verdict<ConsistentCheckpoints>> {
  return judge(CONSISTENCY_CHECKS, async (check: Checker<(typeof CONSISTENCY_CHECKS)[number]>) => {
    check.that('log-origin', older.origin === newer.origin, 'LOG_ORIGIN', { fail: 'the checkpoints are of two logs' })
    check.decode('consistency', () => assertConsistency(older, newer, proof))
    return { older, newer }
  })
}
