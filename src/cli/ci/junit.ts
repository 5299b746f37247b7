/** A report as JUnit XML: one suite for each thing judged, one case for each check. @module */
import { FAILURE_CODES } from '../../core/failure-codes.ts'
import type { Check } from '../../core/verdict.ts'
import { xml } from './escape.ts'
import { isMissing, isSimulated, type Subject } from './subject.ts'

function outcomeOf(check: Check): string {
  const code = check.code ?? (isMissing(check) ? 'CHECK_NOT_PERFORMED' : undefined)
  if (check.status === 'pass') return ''
  if (code === undefined) return `<skipped message="${xml(check.detail)}"/>`
  const [meaning, remedy] = FAILURE_CODES[code]
  return `<failure type="${code}" message="${xml(check.detail)}">${xml(`${meaning} ${remedy}`)}</failure>`
}

function renderSuite({ kind, name, verdict }: Subject): string {
  const cases = verdict.checks.map((check) => ({ check, outcome: outcomeOf(check) }))
  const count = (element: string): number => cases.filter(({ outcome }) => outcome.startsWith(`<${element}`)).length
  const lines = cases.map(
    ({ check, outcome }) =>
      `    <testcase classname="countersign.${kind}" name="${xml(check.name)}" time="0">${outcome}</testcase>`,
  )
  return [
    `  <testsuite name="${xml(name)}" tests="${cases.length}" failures="${count('failure')}" errors="0" skipped="${count('skipped')}" time="0">`,
    ...lines,
    '  </testsuite>',
  ].join('\n')
}

export function renderJunit(subjects: readonly Subject[]): string {
  const simulated = isSimulated(subjects) ? ' (simulated)' : ''
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="countersign ci${simulated}">`,
    ...subjects.map(renderSuite),
    '</testsuites>',
    '',
  ].join('\n')
}
