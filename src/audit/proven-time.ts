/** The newest time that a checkpoint can prove: that of the newest quoted statement below it. A checkpoint itself has none. @module */
import { decodeArchive } from '../core/archive/index.ts'
import { type Trust, verifyAttestation } from '../core/evidence/attestation.ts'
import { decodeStatement } from '../core/evidence/statement.ts'
import { decodeCheckpoint, type SignedCheckpoint } from '../core/log/index.ts'
import { failedCheck } from '../core/verdict.ts'
import { MalformedError } from '../errors.ts'
import { assertContinues, type LogSource } from './continues.ts'
import { atGivenTime } from './hardware.ts'

/**
 * @param trust what the quote under the statement must satisfy; `unchecked`: the time is the host's word
 * @returns undefined when the log keeps no record of evidence that the checkpoint covers
 * @throws MalformedError when the record, or the tree that it quotes, is not of the log
 */
export async function readProvenTime(
  source: LogSource,
  checkpoint: SignedCheckpoint,
  trust: Trust | 'unchecked',
): Promise<Date | undefined> {
  const { reader, id } = source
  // A host that holds checkpoints back could show quotes that are newer than the one it shows: they say nothing of its age.
  const size = (await reader.evidenceSizes(id)).findLast((listed) => listed <= checkpoint.size)
  const octets = size === undefined ? undefined : await reader.read(id, `evidence/${size}`)
  if (octets === undefined) return undefined
  const archive = decodeArchive(octets)
  const statement = decodeStatement(archive.statement)
  const quoted = decodeCheckpoint(statement.checkpoint)
  if (quoted.origin !== checkpoint.origin)
    throw new MalformedError('LOG_ORIGIN', `the newest statement is of ${quoted.origin}`)
  if (quoted.size !== size)
    throw new MalformedError('CHECKPOINT_NOT_QUOTED', `the record of size ${size} quotes ${quoted.size} leaves`)
  await assertContinues(source, quoted, checkpoint)
  const at = new Date(statement.iat * 1000)
  if (trust === 'unchecked') return at
  const verdict = await verifyAttestation(archive, atGivenTime(trust), { source: 'as-given', at })
  if (verdict.ok) return at
  const failed = failedCheck(verdict.checks)
  throw new MalformedError(verdict.code, `the newest quote: ${failed?.name ?? ''}: ${failed?.detail ?? ''}`)
}
