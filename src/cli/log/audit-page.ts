/** An audit for people, on one page: what was proven, what was not, and the first failure with its place. @module */
import type { AuditCheck, AuditReport, LogAudit } from '../../audit/index.ts'
import type { Check } from '../../core/check.ts'
import { FAILURE_CODES } from '../../core/failure-codes.ts'
import { paint, printable, renderChecks, SIMULATED_BANNER } from '../output.ts'
import { grouped } from './progress.ts'

/** Logs in the table; what is older is in the sums alone. */
const ROWS = 8

function instant(seconds: number | undefined): string {
  return seconds === undefined ? '–' : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

function shortId(id: string): string {
  return id.length > 11 ? `${id.slice(0, 10)}…` : id
}

const COLUMNS: readonly (readonly [string, (log: LogAudit) => string])[] = [
  ['log', ({ id }) => shortId(id)],
  ['leaves', ({ size }) => (size === undefined ? 'none' : grouped(size))],
  ['receipts', ({ receipts }) => grouped(receipts)],
  ['quotes', ({ quotes }) => grouped(quotes)],
  ['epochs', ({ epochs }) => grouped(epochs)],
  ['recovered', ({ recovered }) => grouped(recovered)],
  ['quoted until', ({ quoted }) => instant(quoted?.iat)],
  ['witnessed until', ({ witnessed }) => instant(witnessed?.time)],
]

function renderTable(logs: readonly LogAudit[]): readonly string[] {
  const shown = logs.slice(-ROWS)
  const cells = [COLUMNS.map(([name]) => name), ...shown.map((log) => COLUMNS.map(([, cell]) => cell(log)))]
  const widths = COLUMNS.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  const older = logs.length - shown.length
  const rows = cells.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
  return older > 0 ? [...rows, `  and ${grouped(older)} older logs`] : rows
}

const RANK = { fail: 2, 'not-performed': 1, pass: 0 } as const

/** Each check once, by the log that fares worst. */
function summariseChecks(logs: readonly LogAudit[]): readonly Check[] {
  const worst = new Map<string, AuditCheck>()
  // A log that never signed anything has nothing to check.
  for (const check of logs
    .filter(({ size, checks }) => size !== undefined || failures(checks))
    .flatMap(({ checks }) => checks)) {
    const known = worst.get(check.name)
    const rank = (at: AuditCheck): number => 2 * RANK[at.status] + (at.required ? 1 : 0)
    if (known === undefined || rank(check) > rank(known)) worst.set(check.name, check)
  }
  return [...worst.values()].map((check) =>
    check.status === 'pass'
      ? { ...check, detail: logs.length === 1 ? check.detail : '' }
      : { ...check, detail: whereOf(check) },
  )
}

function failures(checks: readonly AuditCheck[]): boolean {
  return checks.some(({ status }) => status === 'fail')
}

function whereOf({ log, detail, failures: count }: AuditCheck): string {
  return `${shortId(log)}: ${detail}${count > 1 ? ` (and ${count - 1} more)` : ''}`
}

function sum(logs: readonly LogAudit[], of: (log: LogAudit) => number | undefined): number {
  return logs.reduce((total, log) => total + (of(log) ?? 0), 0)
}

/** `1 log`, `2 logs`. */
function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

/** What the checks that passed show. */
function provenBy({ logs }: AuditReport): readonly string[] {
  const quotes = sum(logs, ({ records }) => records)
  const dated = sum(logs, ({ dated: count }) => count)
  const until = logs.map(({ witnessed }) => witnessed?.time).findLast((time) => time !== undefined)
  const leaves = sum(logs, ({ size }) => size)
  const receipts = sum(logs, (log) => log.receipts)
  const epochs = sum(logs, (log) => log.epochs)
  const recovered = sum(logs, (log) => log.recovered)
  const newest = until === undefined ? '' : `; the newest they saw by ${instant(until)}`
  return [
    `${counted(logs.length, 'log')}, ${counted(leaves, 'leaf', 'leaves')}, ${counted(receipts, 'receipt')}`,
    `${counted(quotes, 'quote')} held against the tree, ${grouped(dated)} dated by witnesses${newest}`,
    `${counted(epochs, 'change')} of epoch, ${counted(recovered, 'receipt')} carried over from the boot before`,
  ]
}

function unprovenBy({ logs, gaps, assumptions }: AuditReport): readonly string[] {
  const newest = logs.at(-1)
  const behind = (newest?.receipts ?? 0) - (newest?.quoted?.receipts ?? 0)
  const open = sum(logs, ({ quoted }) => quoted?.open)
  return [
    ...(behind > 0 ? [`${counted(behind, 'receipt')} behind the newest quote: no hardware vouches for them yet`] : []),
    ...(open > 0
      ? [`${counted(open, 'request')} open at the newest quotes of their boots: asked, and no receipt below`]
      : []),
    ...gaps,
    ...assumptions,
  ]
}

/** @param place what was audited */
export function renderAudit(report: AuditReport, place: string, colour: boolean): string {
  const { ok, code, first, logs, host, simulated } = report
  const checks = summariseChecks(logs)
  const lines = [
    `Audit of ${printable(host ?? place)}, oldest log first`,
    '',
    ...renderTable(logs),
    '',
    ...(checks.length === 0 ? [] : [renderChecks(checks, { colour }), '']),
    ok ? 'Proven:' : 'Seen:',
    ...provenBy(report).map((line) => `  · ${line}`),
    '',
    'Not proven:',
    ...unprovenBy(report).map((line) => `  · ${printable(line)}`),
    '',
  ]
  if (simulated) lines.push(paint(SIMULATED_BANNER, '33;1', colour))
  if (ok) lines.push(paint(`verified${simulated ? ' (simulated)' : ''}: ${resultOf(logs)}`, '32;1', colour))
  else if (code !== undefined) {
    const [meaning, remedy] = FAILURE_CODES[code]
    lines.push(paint(`NOT VERIFIED: ${code}`, '31;1', colour), `  ${meaning}`, `  ${remedy}`)
    if (first !== undefined)
      lines.push(printable(`  First: ${first.name} of log ${first.log}${placeOf(first)}: ${first.detail}`))
  }
  return `${lines.join('\n')}\n`
}

function resultOf(logs: readonly LogAudit[]): string {
  const judged = logs.some(({ checks }) => checks.some(({ name, status }) => name === 'hardware' && status === 'pass'))
  return judged
    ? 'every leaf, quote and link'
    : 'every leaf and link; the quotes were not judged: nothing says who wrote it'
}

function placeOf({ index }: AuditCheck): string {
  return index === undefined ? '' : ` at ${index}`
}

/** The whole of it, for machines. */
export function auditJson({ ok, logs, ...report }: AuditReport): string {
  const shown = logs.map(({ history: _, ...log }) => log)
  return `${JSON.stringify({ verified: ok, ...report, logs: shown })}\n`
}
