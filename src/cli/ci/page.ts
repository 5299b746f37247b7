/** A report for people on a terminal, and for machines. @module */
import { paint, printable, renderVerdict, SIMULATED_BANNER, verdictJson } from '../output.ts'
import { exitOf, isSimulated, type Subject } from './subject.ts'

/** A row that nobody rebuilt is told by name; what policy leaves out is told as a number here, and whole by `--json`. */
function renderOpen({ kind, verdict }: Subject): string {
  const open = verdict.checks.filter(({ status, required }) => status === 'not-performed' && !required)
  if (open.length === 0) return '\n'
  if (kind !== 'rows') return `; ${open.length} not checked\n`
  return `\n${open.map(({ name, detail }) => `      – ${name}: ${printable(detail)}\n`).join('')}`
}

function renderSubject(subject: Subject, colour: boolean): string {
  const { name, verdict, result } = subject
  if (!verdict.ok) {
    const told = renderVerdict(verdict, { result, colour }).replace(/^(?=.)/gm, '    ')
    return `  ${paint('✗', '31', colour)} ${printable(name)}\n${told}`
  }
  const simulated = verdict.simulated ? ' (simulated)' : ''
  return `  ${paint('✓', '32', colour)} ${printable(name)}${simulated}: ${printable(result)}${renderOpen(subject)}`
}

export function renderPage(subjects: readonly Subject[], colour: boolean): string {
  const exit = exitOf(subjects)
  const failed = subjects.filter(({ verdict }) => !verdict.ok).length
  const last =
    exit === 0
      ? paint('verified', '32;1', colour)
      : paint(`NOT VERIFIED: ${failed} of ${subjects.length}`, '31;1', colour)
  const banner = isSimulated(subjects) ? `${paint(SIMULATED_BANNER, '33;1', colour)}\n` : ''
  return `${subjects.map((subject) => renderSubject(subject, colour)).join('')}\n${banner}${last}\n`
}

export function pageJson(subjects: readonly Subject[]): string {
  const judged = subjects.map(({ kind, name, verdict }) => ({ kind, name, ...JSON.parse(verdictJson(verdict)) }))
  const exit = exitOf(subjects)
  return `${JSON.stringify({ verified: exit === 0, exit, simulated: isSimulated(subjects), subjects: judged })}\n`
}
