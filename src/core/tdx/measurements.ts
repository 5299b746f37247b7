/** The registers that identify the code of a trust domain, and their comparison with pinned rows. @module */
import { encodeHex } from '../encoding/bytes.ts'
import type { Checker } from '../verdict.ts'
import type { TdxCheck } from './checks.ts'
import type { TdxQuote } from './quote.ts'
import type { TdReport } from './td-report.ts'

/** Lower-case hex, 96 digits each. A row matches as a whole. RTMR3 grows while a guest runs and is judged by its events, not pinned. */
export interface TdxMeasurements {
  readonly mrTd: string
  readonly rtMr0: string
  readonly rtMr1: string
  readonly rtMr2: string
}

const REGISTERS = ['mrTd', 'rtMr0', 'rtMr1', 'rtMr2'] as const

/** What a quote measured. */
export function tdxMeasurements({ body }: Pick<TdxQuote, 'body'>): TdxMeasurements {
  return {
    mrTd: encodeHex(body.mrTd),
    rtMr0: encodeHex(body.rtMr0),
    rtMr1: encodeHex(body.rtMr1),
    rtMr2: encodeHex(body.rtMr2),
  }
}

/** One row in all its registers: firmware of one release under the kernel of another is no release. */
export function checkMeasurements(
  check: Checker<TdxCheck>,
  body: TdReport,
  rows: readonly TdxMeasurements[] | 'unchecked',
): void {
  const seen = tdxMeasurements({ body })
  if (rows === 'unchecked') {
    check.unchecked('measurement', `${format(seen)}; unchecked`)
    return
  }
  const differing = rows.map((row) => REGISTERS.filter((register) => row[register] !== seen[register]))
  const matches = differing.some((registers) => registers.length === 0)
  check.that('measurement', matches, 'MEASUREMENT_MISMATCH', {
    fail: describe(seen, rows, differing),
    seen: format(seen),
    wanted: rows.map(format).join(' or ') || 'no row is pinned',
  })
}

/** Names the registers in which the nearest row differs. */
function describe(
  seen: TdxMeasurements,
  rows: readonly TdxMeasurements[],
  differing: readonly (readonly (typeof REGISTERS)[number][])[],
): string {
  const least = Math.min(...differing.map(({ length }) => length))
  const at = differing.findIndex(({ length }) => length === least)
  const [row, registers] = [rows[at], differing[at]]
  if (row === undefined || registers === undefined) return `${format(seen)}; no row is pinned`
  const faults = registers.map((register) => `${register} is ${seen[register]}, ${row[register]} is due`)
  return `${rows.length > 1 ? `nearest of ${rows.length} rows: ` : ''}${faults.join('; ')}`
}

function format(measurements: TdxMeasurements): string {
  return REGISTERS.map((register) => `${register} ${measurements[register]}`).join(', ')
}
