/** How verdicts look on a terminal. @module */
import { FAILURE_CODES } from '../core/failure-codes.ts'
import { type Check, failedCheck, type Verdict } from '../core/verdict.ts'
import { printable } from './printable.ts'

export { printable, renderFields } from './printable.ts'

const MARKS = { pass: '✓', fail: '✗', 'not-performed': '–' } as const
const COLOURS = { pass: '32', fail: '31', 'not-performed': '33' } as const

/** Wraps text in an ANSI colour where the terminal shows it. */
export function paint(text: string, code: string, colour: boolean): string {
  return colour ? `\u001b[${code}m${text}\u001b[0m` : text
}

/** What stands above everything that rests on a simulated TEE. */
export const SIMULATED_BANNER = 'SIMULATED TEE: this shows how verification works and proves nothing about hardware'

/** Digests are for comparing by eye here; `--json` shows them whole. */
function shorten(detail: string): string {
  return detail.replace(/[0-9a-f]{40,}/g, (digits) => `${digits.slice(0, 16)}…`)
}

/** How much of a check is shown. */
export interface ChecksView {
  readonly colour: boolean
  /** For every check, not only for those that failed: the value wanted, and the section that asks for it. */
  readonly explain?: boolean
}

/** What passed must not push what failed out of sight. */
const COLUMNS = 100
/** What verdicts say of checks behind the one that failed. */
export const NOT_REACHED = 'not reached'

/** Seen, wanted and section in one line; what the details say already is not said twice. */
function explainCheck({ detail, seen, wanted, spec }: Check): string {
  const shown = shorten(detail === '' ? (seen ?? '') : detail)
  const due = wanted === undefined ? '' : shorten(wanted)
  const parts = [
    shown,
    ...(seen === undefined || shown.includes(shorten(seen)) ? [] : [`seen ${shorten(seen)}`]),
    ...(due === '' || shown.includes(due) ? [] : [`wanted ${due}`]),
  ].filter((part) => part !== '')
  return `${parts.join('; ')}${spec === undefined ? '' : `${parts.length > 0 ? ' ' : ''}[${spec}]`}`
}

function renderCheck(check: Check, width: number, { colour, explain = false }: ChecksView): string {
  const mark = paint(MARKS[check.status], COLOURS[check.status], colour)
  const code = check.code === undefined ? '' : `${paint(check.code, '31', colour)} `
  const missing = check.required && check.status === 'not-performed' && check.detail !== NOT_REACHED
  const whole = explain || check.status === 'fail' || missing
  const detail = printable(whole ? explainCheck(check) : shorten(check.detail))
  const room = COLUMNS - width - 6
  const cut = whole || detail.length <= room ? detail : `${detail.slice(0, room - 1)}…`
  return `  ${mark} ${check.name.padEnd(width)}  ${code}${cut}`.trimEnd()
}

/** One line per check: mark, name, failure code, value seen; for failed ones the value wanted and the section that asks for it. */
export function renderChecks(checks: readonly Check[], view: ChecksView): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  return checks.map((check) => renderCheck(check, width, view)).join('\n')
}

export interface VerdictView extends ChecksView {
  /** What is verified. */
  readonly result: string
  /** What would supply what is missing, in sentences. */
  readonly hints?: readonly string[]
}

/** A whole verdict for people: checks, what is taken for granted, the result, and what to do when it is not ok. */
export function renderVerdict(verdict: Verdict<unknown>, { result, hints = [], ...view }: VerdictView): string {
  const { colour } = view
  const lines = [renderChecks(verdict.checks, view)]
  if (verdict.assumptions.length > 0)
    lines.push('', 'Taken for granted:', ...verdict.assumptions.map((sentence) => `  · ${printable(sentence)}`))
  lines.push('')
  if (verdict.simulated) lines.push(paint(SIMULATED_BANNER, '33;1', colour))
  if (verdict.ok) {
    const simulated = verdict.simulated ? ' (simulated)' : ''
    lines.push(paint(`verified${simulated}: ${printable(result)}`, '32;1', colour))
  } else {
    const [meaning, remedy] = FAILURE_CODES[verdict.code]
    lines.push(paint(`NOT VERIFIED: ${verdict.code}`, '31;1', colour), `  ${meaning}`, `  ${remedy}`)
    lines.push(...hints.map((sentence) => `  ${printable(sentence)}`))
  }
  return `${lines.join('\n')}\n`
}

/** A verdict in one line: what was verified, or the code and the check that failed. */
export function verdictWords(verdict: Verdict<unknown>, result: string): string {
  if (verdict.ok) return `verified${verdict.simulated ? ' (simulated)' : ''}: ${result}`
  const check = failedCheck(verdict.checks)
  return `NOT VERIFIED: ${verdict.code}, check ${check?.name ?? 'unknown'}${check?.detail ? `: ${check.detail}` : ''}`
}

/** A verdict for machines. */
export function verdictJson(verdict: Verdict<unknown>, more: Readonly<Record<string, unknown>> = {}): string {
  const { ok, simulated, checks, assumptions } = verdict
  return `${JSON.stringify({ verified: ok, ...(verdict.ok ? {} : { code: verdict.code }), simulated, ...more, checks, assumptions })}\n`
}
