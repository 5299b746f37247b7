/** A report as SARIF 2.1.0, for code scanning: rules are failure codes, results what failed and what is missing, located in the lock file. @module */
import { relative, sep } from 'node:path'
import { digestUri } from '../../core/crypto/index.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import { FAILURE_CODES, type FailureCode } from '../../core/failure-codes.ts'
import { SOFTWARE_NAME, SOFTWARE_VERSION } from '../../server/version.ts'
import { sarifText } from './escape.ts'
import { exitOf, isMissing, isSimulated, type Subject } from './subject.ts'

interface Finding {
  readonly subject: Subject
  readonly check: string
  readonly code: FailureCode
  readonly detail: string
}

function findingsOf(subject: Subject): readonly Finding[] {
  return subject.verdict.checks.flatMap((check) => {
    const code = check.status === 'fail' ? check.code : isMissing(check) ? 'CHECK_NOT_PERFORMED' : undefined
    return code === undefined ? [] : [{ subject, check: check.name, code, detail: check.detail }]
  })
}

function ruleOf(code: FailureCode): object {
  const [meaning, remedy] = FAILURE_CODES[code]
  return {
    id: code,
    shortDescription: { text: sarifText(meaning) },
    fullDescription: { text: sarifText(meaning) },
    help: { text: sarifText(remedy) },
    defaultConfiguration: { level: levelOf(code) },
  }
}

function levelOf(code: FailureCode): 'error' | 'warning' {
  return code === 'CHECK_NOT_PERFORMED' ? 'warning' : 'error'
}

/** From where the checkout is, as code scanning wants it; a lock outside of it cannot be shown by its path. */
export function lockUri(lock: string): string {
  const path = relative(process.cwd(), lock)
  const parts = path.split(sep)
  const shown = parts[0] === '..' || path === '' ? parts.slice(-1) : parts
  return shown.map(encodeURIComponent).join('/')
}

/** Without details, which change with each run: the same fault stays the same alert. */
function fingerprintOf({ subject, check, code }: Finding): string {
  return digestUri(encodeUtf8(sarifText(`${subject.name} ${check} ${code}`))).slice(7)
}

/**
 * Code scanning knows an alert by the second name alone. Where it is not given it is made of the line, and everything found is on one: two
 * faults of one code would be one alert, closed as one. The number tells apart what has the same name.
 */
function fingerprintsOf(findings: readonly Finding[]): readonly Readonly<Record<string, string>>[] {
  const prints = findings.map(fingerprintOf)
  const nth = (at: number): number => prints.slice(0, at + 1).filter((print) => print === prints[at]).length
  return prints.map((print, i) => ({ 'countersign/v1': print, primaryLocationLineHash: `${print}:${nth(i)}` }))
}

export function renderSarif(subjects: readonly Subject[], lock: string): string {
  const findings = subjects.flatMap(findingsOf)
  const codes = [...new Set(findings.map(({ code }) => code))].sort()
  const fingerprints = fingerprintsOf(findings)
  const results = findings.map(({ subject, check, code, detail }, i) => ({
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: levelOf(code),
    message: { text: sarifText(`${subject.name}: check ${check}: ${detail}`) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: lockUri(lock), uriBaseId: '%SRCROOT%' },
          region: { startLine: 1 },
        },
      },
    ],
    partialFingerprints: fingerprints[i],
  }))
  return `${JSON.stringify(
    {
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: SOFTWARE_NAME, semanticVersion: SOFTWARE_VERSION, rules: codes.map(ruleOf) } },
          invocations: [{ executionSuccessful: true, exitCode: exitOf(subjects) }],
          results,
          properties: { simulated: isSimulated(subjects) },
        },
      ],
    },
    undefined,
    2,
  )}\n`
}
