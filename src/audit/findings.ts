/** What an audit finds: every declared check with a state, and where it first failed. It goes on after a failure. @module */
import type { Check, CheckStatus } from '../core/check.ts'
import type { FailureCode } from '../core/failure-codes.ts'
import { MalformedError } from '../errors.ts'

/** One check of an audit. */
export interface AuditCheck extends Check {
  /** Origin or id of the log that it is about. */
  readonly log: string
  /** Leaf (or tree size) at which it first failed, where there is one. */
  readonly index?: number
  /** How often it failed. */
  readonly failures: number
}

/** Where a check failed. */
export interface Fault {
  readonly detail: string
  readonly index?: number
}

const RANK: Readonly<Record<CheckStatus, number>> = { fail: 2, 'not-performed': 1, pass: 0 }

/** Checks of one log. A check that is declared and never performed is required and missing: it can not be forgotten into passing. */
export class Findings<Name extends string> {
  readonly #log: string
  readonly #declared: Readonly<Record<Name, string>>
  readonly #checks: Map<string, AuditCheck> = new Map()

  /** @param declared every check, with the section that asks for it, in the order in which they are shown */
  constructor(log: string, declared: Readonly<Record<Name, string>>) {
    this.#log = log
    this.#declared = declared
  }

  pass(name: Name, detail = ''): void {
    this.#record(name, { status: 'pass', required: true, detail })
  }

  /** The first failure of a check stays; later ones are counted. */
  fail(name: Name, code: FailureCode, { detail, index }: Fault): void {
    this.#record(name, { status: 'fail', required: true, detail, code, ...(index !== undefined && { index }) })
  }

  /** Passes or fails. */
  that(name: Name, condition: boolean, code: FailureCode, fault: Fault): void {
    if (condition) this.pass(name)
    else this.fail(name, code, fault)
  }

  /** Required, and what it needs is not there. */
  missing(name: Name, detail: string): void {
    this.#record(name, { status: 'not-performed', required: true, detail })
  }

  /** Nobody asks for it here. */
  unchecked(name: Name, detail: string): void {
    this.#record(name, { status: 'not-performed', required: false, detail })
  }

  /** Runs a decoder or a check; a {@link MalformedError} of it is a failure, and undefined comes back. */
  async attempt<T>(
    name: Name,
    run: () => T | Promise<T>,
    at: { readonly index?: number } = {},
  ): Promise<T | undefined> {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      this.fail(name, error.failure, { detail: error.message, ...at })
      return undefined
    }
  }

  /** Takes failures back that rest on something that turned out not to be what it should: they are not performed then. */
  withdraw(names: readonly Name[], detail: string): void {
    for (const name of names) {
      if (!this.failed(name)) continue
      this.#checks.delete(name)
      this.missing(name, detail)
    }
  }

  failed(name: Name): boolean {
    return this.#checks.get(name)?.status === 'fail'
  }

  /** All of them, in the order in which they were declared. */
  close(): readonly AuditCheck[] {
    return Object.keys(this.#declared).map(
      (name) =>
        this.#checks.get(name) ?? {
          name,
          status: 'not-performed',
          required: true,
          detail: 'not reached',
          log: this.#log,
          failures: 0,
        },
    )
  }

  #record(name: Name, found: Omit<AuditCheck, 'name' | 'log' | 'failures' | 'spec'>): void {
    const before = this.#checks.get(name)
    const failures = (before?.failures ?? 0) + (found.status === 'fail' ? 1 : 0)
    const worse = before === undefined || RANK[found.status] > RANK[before.status]
    const better = found.status === 'pass' && before?.status === 'pass' && found.detail !== ''
    const kept = worse || better ? { ...found, name, log: this.#log, spec: this.#declared[name] } : before
    this.#checks.set(name, { ...kept, failures })
  }
}
