/** One check of a verdict: its record, and what it shows of the values that it compared. @module */
import type { FailureCode } from './failure-codes.ts'

export type CheckStatus = 'pass' | 'fail' | 'not-performed'

/** One line of a verdict. `required` checks must pass; others are shown only. */
export interface Check {
  readonly name: string
  readonly status: CheckStatus
  readonly required: boolean
  /** For people: the value seen, the value wanted, or why the check was not performed. Never a prompt or a key. */
  readonly detail: string
  /** Present exactly when `status` is `fail`. */
  readonly code?: FailureCode
  /** The value seen, and the value or rule that it was held against, where the check compares two. */
  readonly seen?: string
  readonly wanted?: string
  /** The section that asks for the check, for example `RFC 5280, 6.1.3`. */
  readonly spec?: string
}

/** The checks of a verifier in the order in which it shows them: their names, or their names with the section that asks for each. */
export type CheckNames<Name extends string> = readonly Name[] | Readonly<Record<Name, string>>

/** What a check shows. Where `seen` is given, the details follow from it and from `wanted` unless they are given too. */
export interface CheckOptions {
  readonly pass?: string
  readonly fail?: string
  readonly seen?: string
  readonly wanted?: string
}

/** Of a check that passes. */
export function passDetail({ pass, seen }: CheckOptions): string {
  return pass ?? seen ?? ''
}

/** Of a check that fails. */
export function failDetail({ fail, seen, wanted }: CheckOptions): string {
  if (fail !== undefined) return fail
  if (seen === undefined) return ''
  return wanted === undefined ? seen : `${seen}; ${wanted} is due`
}
