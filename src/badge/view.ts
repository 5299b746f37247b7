/** What the badge shows of a receipt or of an error: plain values, judged once more before anything is called verified. @module */
import type { AttestedReceipt } from '../client/index.ts'
import type { FailureCode } from '../core/failure-codes.ts'
import type { Check } from '../core/verdict.ts'
import { printable } from './printable.ts'
import { type RefusedAnswer, refusedAnswer } from './refused-answer.ts'
import type { BadgeStrings, CheckCounts } from './strings.ts'

/** `idle`: nothing was given; `no-verdict`: something broke before there was anything to judge. */
export type BadgeState = 'idle' | 'waiting' | 'verified' | 'simulated' | 'failed' | 'no-verdict'

/** Meaning and remedy of a failure code: `(code) => FAILURE_CODES[code]` of `countersign/failure-codes`, which a page need not load. */
export type Explain = (code: FailureCode) => readonly [string, string] | undefined

/** What a receipt says, as far as the badge shows it. */
export type ShownReceipt = Pick<AttestedReceipt, 'grade' | 'simulated' | 'checks' | 'assumptions' | 'claims'>

export interface CheckRow {
  readonly name: string
  readonly state: 'pass' | 'fail' | 'missing' | 'optional'
  readonly detail: string
  readonly wanted: string
}

export interface ShownFailure {
  readonly check: string
  readonly code: string
  readonly detail: string
  /** Empty where nobody explains. */
  readonly meaning: string
  readonly remedy: string
}

export interface BadgeView {
  readonly state: BadgeState
  readonly headline: string
  readonly note: string
  readonly failure: ShownFailure | undefined
  readonly counts: CheckCounts
  readonly rows: readonly CheckRow[]
  /** Label and value. */
  readonly facts: readonly (readonly [string, string])[]
  readonly assumptions: readonly string[]
}

/** How a view is made: words, and where the texts of failure codes come from. */
export interface ViewOptions {
  readonly strings: BadgeStrings
  readonly explain: Explain
}

const NOTHING: Pick<BadgeView, 'failure' | 'counts' | 'rows' | 'facts' | 'assumptions'> = {
  failure: undefined,
  counts: { passed: 0, failed: 0, missing: 0, optional: 0 },
  rows: [],
  facts: [],
  assumptions: [],
}

export function emptyView(state: 'idle' | 'waiting', { strings }: ViewOptions): BadgeView {
  return { ...NOTHING, state, headline: strings[state], note: '' }
}

/** A receipt is green only if its own checks say so: whoever made the object, an empty list or an open check is no verdict. */
export function receiptView(receipt: ShownReceipt, options: ViewOptions): BadgeView {
  const { checks, simulated, grade, claims } = receipt
  const { strings } = options
  const decisive =
    checks.find(({ status }) => status === 'fail') ?? checks.find((check) => stateOf(check) === 'missing')
  if (checks.length === 0 || decisive !== undefined)
    return failedView({ code: decisive?.code ?? 'CHECK_NOT_PERFORMED', checks }, options)
  // Errors of the gateway bear receipts too: what is verified is then that it refused, or failed.
  const outcome = claims.outcome === 'complete' ? '' : ` · ${printable(claims.outcome)}`
  return {
    ...listed(checks),
    state: simulated ? 'simulated' : 'verified',
    headline: `${simulated ? strings.simulated : strings.verified} · ${grade}${outcome}`,
    note: simulated ? strings.simulatedNote : strings.grades[grade],
    failure: undefined,
    facts: factsOf(receipt, strings),
    assumptions: receipt.assumptions.map(printable),
  }
}

/** @param error whatever an attested fetch, a stream or a library around them threw */
export function errorView(error: unknown, options: ViewOptions): BadgeView {
  const refused = refusedAnswer(error)
  if (refused !== undefined) return failedView(refused, options)
  const { strings } = options
  const said = error instanceof Error ? printable(`${error.name}: ${error.message}`) : ''
  return {
    ...NOTHING,
    state: 'no-verdict',
    headline: strings.noVerdict,
    note: said === '' ? strings.noVerdictNote : `${strings.noVerdictNote} (${said})`,
  }
}

function failedView({ code, checks }: RefusedAnswer, { strings, explain }: ViewOptions): BadgeView {
  const failed = checks.find(({ status }) => status === 'fail') ?? checks.find((check) => stateOf(check) === 'missing')
  const [meaning, remedy] = explain(code) ?? ['', '']
  return {
    ...listed(checks),
    state: 'failed',
    headline: strings.failed,
    note: '',
    failure: {
      check: printable(failed?.name ?? 'receipt'),
      code: printable(code),
      detail: printable(failed?.detail ?? ''),
      meaning,
      remedy,
    },
    facts: [],
    assumptions: [],
  }
}

function listed(checks: readonly Check[]): Pick<BadgeView, 'counts' | 'rows'> {
  const rows = checks.map((check) => ({
    name: printable(check.name),
    state: stateOf(check),
    detail: [check.code ?? '', printable(check.detail)].filter((part) => part !== '').join(' '),
    wanted: printable(check.wanted ?? ''),
  }))
  const count = (state: CheckRow['state']): number => rows.filter((row) => row.state === state).length
  return {
    rows,
    counts: { passed: count('pass'), failed: count('fail'), missing: count('missing'), optional: count('optional') },
  }
}

function stateOf({ status, required }: Check): CheckRow['state'] {
  if (status !== 'not-performed') return status
  return required ? 'missing' : 'optional'
}

function factsOf({ grade, checks, claims }: ShownReceipt, strings: BadgeStrings): BadgeView['facts'] {
  const { facts, grades, notChecked } = strings
  // That of the answer: evidence has one by that name too, which is bound to no connection.
  const channel = checks.find(({ name }) => name === 'channel')
  const said = channel?.detail ?? ''
  return [
    [facts.grade, grades[grade]],
    [facts.model, printable(`${claims.model.name} ${claims.model.digest}`)],
    [facts.outcome, printable(claims.outcome)],
    [facts.channel, channel?.status === 'pass' ? printable(said) : printable(`${notChecked}${said && ` (${said})`}`)],
    [facts.session, printable(claims.session)],
    [facts.receipt, printable(claims.jti)],
  ]
}
