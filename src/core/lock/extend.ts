/** Adds rows to a lock. Refuses whatever would make it weaker than it reads. @module */
import { MalformedError } from '../../errors.ts'
import { type Lock, type LockedModel, type LockRow, modelsFault } from '../lock.ts'
import { sameMeasurements } from '../measurement/measurements.ts'
import { counts, rowId, rowTuple } from './tuple.ts'

function refuse(row: LockRow, what: string): never {
  throw new MalformedError('POLICY_INVALID', `row ${rowId(row)} ${what}`)
}

/** The same code, and a model of the same name, which the lock pins by digest and the row by none: the row would admit any weights. */
function isWeaker(row: LockRow, beside: LockRow): boolean {
  return row.models.some(
    ({ name, digest }) =>
      digest === 'none' && beside.models.some((model) => model.name === name && model.digest !== 'none'),
  )
}

function admits(models: readonly LockedModel[], { name, digest }: LockedModel): boolean {
  // Any weights of a model are those that were revoked, too.
  return models.some((model) => model.name === name && (model.digest === digest || model.digest === 'none'))
}

/**
 * Whether the row brings back what a revoked one admitted, under the same configuration of the same code: alone, or the last part of it.
 * Revoked is revoked, whatever else is named beside.
 */
function revives(row: LockRow, { status, models }: LockRow, beside: readonly LockRow[]): boolean {
  if (status !== 'revoked') return false
  const all = [row, ...beside].flatMap((other) => other.models)
  const adds = models.length === 0 || models.some((model) => admits(row.models, model))
  return adds && models.every((model) => admits(all, model))
}

function checkRow(row: LockRow, rows: readonly LockRow[], at: Date): void {
  if (row.models.length === 0) refuse(row, 'names no model: it would pin nothing of what answers')
  const fault = modelsFault(row.models)
  if (fault !== undefined) refuse(row, fault)
  if (row.status === 'revoked') refuse(row, 'is revoked already: nothing is pinned by it')
  if (!counts(row, at)) refuse(row, 'is past its last day')
  const known = rows.find((other) => rowTuple(other) === rowTuple(row))
  if (known !== undefined) refuse(row, `is in the lock already, with status ${known.status}`)
  const beside = rows.filter((other) => counts(other, at) && sameMeasurements(other, row))
  const alike = rows.filter((other) => other.config === row.config && sameMeasurements(other, row))
  const standing = alike.filter((other) => beside.includes(other))
  const revoked = alike.find((other) => revives(row, other, standing))
  if (revoked !== undefined) refuse(row, `admits all that row ${rowId(revoked)} did, which is revoked`)
  if (beside.some((other) => isWeaker(row, other)))
    refuse(row, 'admits any weights of a model that another row of this measurement pins')
  // Two deployments of one image under one status cannot be told apart by who reads the file: a change goes through `next`.
  if (row.status === 'active' && beside.length > 0)
    refuse(row, `has the measurement of row ${beside.map(rowId).join(', ')}: add it with status next, then rotate`)
}

/**
 * The lock with more rows, one revision later.
 * @param at now: a row past its last day is not added
 * @throws MalformedError POLICY_INVALID for no rows, for one that is there already, pins no model, or is weaker than one beside it
 */
export function extendLock(lock: Lock, rows: readonly LockRow[], at: Date): Lock {
  if (rows.length === 0) throw new MalformedError('POLICY_INVALID', 'there is no row to pin')
  const all = [...lock.rows]
  for (const row of rows) {
    checkRow(row, all, at)
    all.push(row)
  }
  return { ...lock, revision: lock.revision + 1, rows: all }
}
