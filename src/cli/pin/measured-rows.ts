/** Rows as `countersign measure … --lock-row` prints them: calculated from images, never seen to run. @module */

import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import { decodeLock, type LockRow } from '../../core/lock.ts'
import { MalformedError } from '../../errors.ts'

/**
 * Rows, one a line.
 * @throws MalformedError for what is no row, for provenance that nothing was given to prove, and for rows of another status than `next`:
 *   what was calculated counts beside what runs until somebody rotates to it
 */
export function decodeMeasuredRows(octets: Uint8Array): readonly LockRow[] {
  const lines = decodeUtf8(octets)
    .split('\n')
    .filter((line) => line.trim() !== '')
  const { rows } = decodeLock(`{"version":1,"revision":0,"minimumPolicyRevision":0,"rows":[${lines.join(',')}]}`)
  for (const { status, provenance } of rows) {
    if (status !== 'next') throw new MalformedError('POLICY_INVALID', 'a measured row has the status next')
    // A claim that nobody verified would read like one that somebody did.
    if (provenance !== 'none')
      throw new MalformedError('PROVENANCE_FORMAT', 'a row claims provenance, and no bundle is given')
  }
  return rows
}
