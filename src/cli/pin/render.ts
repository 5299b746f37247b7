/** Rows of a lock and their differences, for people. @module */
import { type LockDiff, type LockDifference, rowId } from '../../core/lock/index.ts'
import type { LockRow } from '../../core/lock.ts'
import { formatMeasurements } from '../../core/measurement/measurements.ts'
import { paint, printable } from '../output.ts'

const MARKS = { added: '+', removed: '-', changed: '~' } as const
const COLOURS = { added: '32', removed: '31', changed: '33' } as const

function rowLines(row: LockRow): readonly string[] {
  const models = row.models.map(({ name, digest }) => `${name} ${digest.slice(0, 23)}`).join(', ')
  return [
    `${rowId(row)}  ${row.platform}  ${row.status}  ${row.shape}`,
    `              ${formatMeasurements(row)}`,
    `              configuration ${row.config.slice(0, 23)}, models ${models}`,
  ]
}

/** The row in three lines. */
export function renderRow(row: LockRow): string {
  return rowLines(row)
    .map((line) => `  ${printable(line)}\n`)
    .join('')
}

function differenceLines({ kind, row, members, sameCode }: LockDifference): readonly string[] {
  const changes = members.map(({ name, from, to }) => `              ${name}: ${from} -> ${to}`)
  const warning = '              the same code as before, with another configuration or other models'
  const [head = '', ...rest] = rowLines(row)
  return [`${MARKS[kind]} ${head}`, ...(kind === 'changed' ? changes : rest), ...(sameCode ? [warning] : [])]
}

/** Nothing where nothing differs. */
export function renderDiff({ rows, members }: LockDiff, colour: boolean): string {
  const own = members.map(({ name, from, to }) => `~ ${name}: ${from} -> ${to}\n`)
  const lines = rows.map((difference) =>
    differenceLines(difference)
      .map((line) => `${paint(printable(line), COLOURS[difference.kind], colour)}\n`)
      .join(''),
  )
  return [...own, ...lines].join('')
}
