/** Moves a lock on: from the code that ran to the code that is to run, and away from code that nobody should trust. @module */
import { MalformedError } from '../../errors.ts'
import type { Lock, LockRow } from '../lock.ts'
import { counts, rowId } from './tuple.ts'

const SECOND_MS = 1000

/** The lock's dates are whole seconds. */
function wholeSecond(at: Date): Date {
  return new Date(Math.floor(at.getTime() / SECOND_MS) * SECOND_MS)
}

export interface Rotation {
  readonly at: Date
  /** Until when rows that were active still count, so that what they answered can be audited; without it they are revoked at once. */
  readonly keepUntil?: Date | undefined
}

function retire(row: LockRow, { at, keepUntil }: Rotation): LockRow {
  if (keepUntil === undefined) return { ...row, status: 'revoked', notAfter: wholeSecond(at) }
  const end = wholeSecond(keepUntil)
  // Nothing is made to last longer than it did.
  return row.notAfter === 'none' || row.notAfter > end ? { ...row, notAfter: end } : row
}

/**
 * Rows `next` become `active`; rows that were active, on the platforms that have a successor, are retired.
 * @throws MalformedError POLICY_INVALID where no row is next, or rows would be kept until a day that has passed
 */
export function rotateLock(lock: Lock, rotation: Rotation): Lock {
  const { at, keepUntil } = rotation
  // A row past its last day succeeds nothing: what runs would be retired for code that never counts.
  const isNext = (row: LockRow): boolean => row.status === 'next' && counts(row, at)
  const platforms = new Set(lock.rows.filter(isNext).map(({ platform }) => platform))
  if (platforms.size === 0) throw new MalformedError('POLICY_INVALID', 'no row is next: there is nothing to rotate to')
  if (keepUntil !== undefined && !(keepUntil > at))
    throw new MalformedError('POLICY_INVALID', 'rows cannot be kept until a day that has passed')
  const rows = lock.rows.map((row): LockRow => {
    if (isNext(row)) return { ...row, status: 'active' }
    return row.status === 'active' && platforms.has(row.platform) ? retire(row, rotation) : row
  })
  return { ...lock, revision: lock.revision + 1, rows }
}

/**
 * @param id as {@link rowId}; it is short, and whoever proposes rows can have two share one: all that have it are revoked
 * @throws MalformedError POLICY_INVALID where no row has it, or all that have it are revoked already
 */
export function revokeRow(lock: Lock, id: string, at: Date): Lock {
  const found = lock.rows.filter((row) => rowId(row) === id)
  if (found.length === 0) throw new MalformedError('POLICY_INVALID', `no row is ${id}`)
  const standing = found.filter(({ status }) => status !== 'revoked')
  if (standing.length === 0) throw new MalformedError('POLICY_INVALID', `row ${id} is revoked already`)
  const rows = lock.rows.map(
    (row): LockRow => (standing.includes(row) ? { ...row, status: 'revoked', notAfter: wholeSecond(at) } : row),
  )
  return { ...lock, revision: lock.revision + 1, rows }
}
