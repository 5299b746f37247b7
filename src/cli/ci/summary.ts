/** A report in Markdown, for the summary of a job. @module */
import { FAILURE_CODES, type FailureCode } from '../../core/failure-codes.ts'
import type { Check } from '../../core/verdict.ts'
import { SIMULATED_BANNER } from '../output.ts'
import { markdownCode } from './escape.ts'
import { isMissing, isSimulated, type Subject } from './subject.ts'

function mark({ verdict }: Subject): string {
  if (verdict.ok) return '✅'
  return verdict.code === 'CHECK_NOT_PERFORMED' ? '⚠️' : '❌'
}

function resultOf({ verdict, result }: Subject): string {
  if (!verdict.ok) return `**${verdict.code}**`
  return `verified${verdict.simulated ? ' (simulated)' : ''}: ${markdownCode(result)}`
}

function codeOf(check: Check): FailureCode | undefined {
  return check.code ?? (isMissing(check) ? 'CHECK_NOT_PERFORMED' : undefined)
}

function renderCheck(check: Check): string {
  const { name, detail, seen, wanted } = check
  const cells = [name, codeOf(check) ?? '', detail === '' ? (seen ?? '') : detail, wanted ?? ''].map(markdownCode)
  return `| ${cells.join(' | ')} |`
}

function renderFailure(subject: Subject): readonly string[] {
  const { name, verdict } = subject
  if (verdict.ok) return []
  const [meaning, remedy] = FAILURE_CODES[verdict.code]
  const shown = verdict.checks.filter((check) => codeOf(check) !== undefined)
  return [
    `### ${mark(subject)} ${markdownCode(name)}`,
    '',
    `${meaning} ${remedy}`,
    '',
    '| check | code | seen | wanted |',
    '|---|---|---|---|',
    ...shown.map(renderCheck),
    '',
  ]
}

/** Rows of the lock that nobody rebuilt, and whatever else policy leaves out: told, and decides nothing. */
function renderOpen({ name, verdict }: Subject): readonly string[] {
  const open = verdict.checks.filter(({ status, required }) => status === 'not-performed' && !required)
  return open.map((check) => `- ${markdownCode(`${name}: ${check.name}`)}: ${markdownCode(check.detail)}`)
}

function listed(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['<details>', `<summary>${title}</summary>`, '', ...lines, '', '</details>', '']
}

export function renderSummary(subjects: readonly Subject[]): string {
  const failed = subjects.filter(({ verdict }) => !verdict.ok)
  const verdict = failed.length === 0 ? 'verified' : `${failed.length} of ${subjects.length} not verified`
  const assumptions = [...new Set(subjects.flatMap((subject) => subject.verdict.assumptions))]
  return `${[
    `## Countersign: ${verdict}`,
    '',
    ...(isSimulated(subjects) ? [`> **${SIMULATED_BANNER}**`, ''] : []),
    '| | what | result |',
    '|---|---|---|',
    ...subjects.map((subject) => `| ${mark(subject)} | ${markdownCode(subject.name)} | ${resultOf(subject)} |`),
    '',
    ...failed.flatMap(renderFailure),
    ...listed('Not checked', subjects.flatMap(renderOpen)),
    ...listed(
      'Taken for granted',
      assumptions.map((sentence) => `- ${markdownCode(sentence)}`),
    ),
  ].join('\n')}\n`
}
