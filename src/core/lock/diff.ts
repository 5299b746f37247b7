/** What differs between two locks, row by row. @module */
import type { Lock, LockRow } from '../lock.ts'
import { sameMeasurements } from '../measurement/measurements.ts'
import { rowId, rowTuple } from './tuple.ts'

export interface LockDifference {
  readonly kind: 'added' | 'removed' | 'changed'
  readonly id: string
  readonly row: LockRow
  /** Of `changed`: members, each with what it was and what it is. */
  readonly members: readonly { readonly name: string; readonly from: string; readonly to: string }[]
  /** Of `added`: the code is known, and it may run with another configuration or other models than before. */
  readonly sameCode: boolean
}

export interface LockDiff {
  readonly rows: readonly LockDifference[]
  /** Members of the lock itself. */
  readonly members: readonly { readonly name: string; readonly from: string; readonly to: string }[]
}

const ROW_MEMBERS = ['status', 'notAfter', 'shape', 'provenance'] as const
const LOCK_MEMBERS = ['revision', 'minimumPolicyRevision'] as const

function textOf(value: LockRow[(typeof ROW_MEMBERS)[number]]): string {
  if (typeof value === 'string') return value
  if (value instanceof Date) return value.toISOString()
  const { issuer, identity, bundle, subject } = value
  return `${identity} (${issuer}), bundle ${bundle}, subject ${subject}`
}

function changesOf(from: LockRow, to: LockRow): LockDifference['members'] {
  return ROW_MEMBERS.map((name) => ({ name, from: textOf(from[name]), to: textOf(to[name]) })).filter(
    (member) => member.from !== member.to,
  )
}

/** Rows are the same by their tuples, whatever their order. */
export function diffLocks(a: Lock, b: Lock): LockDiff {
  const before = new Map(a.rows.map((row) => [rowTuple(row), row]))
  const after = new Set(b.rows.map(rowTuple))
  const base = (row: LockRow) => ({ id: rowId(row), row, members: [], sameCode: false })
  const removed = a.rows
    .filter((row) => !after.has(rowTuple(row)))
    .map((row) => ({ ...base(row), kind: 'removed' as const }))
  const rest = b.rows.flatMap((row): readonly LockDifference[] => {
    const known = before.get(rowTuple(row))
    if (known === undefined) {
      const sameCode = a.rows.some((other) => sameMeasurements(other, row))
      return [{ ...base(row), kind: 'added', sameCode }]
    }
    const members = changesOf(known, row)
    return members.length === 0 ? [] : [{ ...base(row), kind: 'changed', members }]
  })
  const members = LOCK_MEMBERS.map((name) => ({ name, from: String(a[name]), to: String(b[name]) }))
  return { rows: [...removed, ...rest], members: members.filter(({ from, to }) => from !== to) }
}
