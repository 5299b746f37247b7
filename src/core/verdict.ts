/** Verdicts: named checks, each pass, fail or not-performed. What is declared and not done is a failure, never a skip. @module */
import { CountersignError, MalformedError } from '../errors.ts'
import { type Check, type CheckNames, type CheckOptions, failDetail, passDetail } from './check.ts'
import type { FailureCode } from './failure-codes.ts'

export type { Check, CheckNames, CheckOptions, CheckStatus } from './check.ts'

/** What a verified value rests on, for the verdicts that are built on it. */
type Basis = Pick<VerdictBase, 'simulated' | 'assumptions'>

const VERIFIED: WeakMap<object, Basis> = new WeakMap()
declare const verified: unique symbol

/** A value that came out of a full pass of its verifier. No other code can make one. */
export type Verified<T> = T & { readonly [verified]: true }

/** Whether `value` itself, not a copy of it, came out of a full pass. */
export function isVerified<T extends object>(value: T): value is Verified<T> {
  return VERIFIED.has(value)
}

interface VerdictBase {
  readonly checks: readonly Check[]
  /** True when a simulated root vouches: shown wherever the verdict is shown. */
  readonly simulated: boolean
  /** What this verdict takes for granted, in sentences. */
  readonly assumptions: readonly string[]
}

/** What a verifier returns. `code` is that of the first failure. */
export type Verdict<T> =
  | (VerdictBase & { readonly ok: true; readonly value: Verified<T> })
  | (VerdictBase & { readonly ok: false; readonly code: FailureCode })

class Rejected extends Error {}

/** What a check list declares; made once for each list, as verifiers share theirs between judgements. */
type Declared = ReadonlyMap<string, { readonly spec: string | undefined }>

const DECLARED: WeakMap<object, Declared> = new WeakMap()

function declaredBy<Name extends string>(names: CheckNames<Name>): Declared {
  const known = DECLARED.get(names)
  if (known !== undefined) return known
  const entries = isList(names) ? names.map((name) => [name, undefined] as const) : Object.entries<string>(names)
  const declared = new Map(entries.map(([name, spec]) => [name, { spec }]))
  DECLARED.set(names, declared)
  return declared
}

/** Records the checks of one verdict, in order. Made by {@link judge}. */
export class Checker<Name extends string> {
  readonly #declared: Declared
  /** In the order in which they were performed. */
  readonly #checks: Map<string, Check> = new Map()
  #simulated = false
  readonly #assumptions: string[] = []

  constructor(names: CheckNames<Name>) {
    this.#declared = declaredBy(names)
    if (this.#declared.size === 0) throw new CountersignError('ERR_USAGE', 'a verdict needs at least one check')
  }

  /** Passes if `condition` holds, else fails with `code` and ends the judgement. */
  that(name: Name, condition: boolean, code: FailureCode, options: CheckOptions = {}): void {
    if (condition) this.pass(name, options)
    else this.fail(name, code, options)
  }

  /** @param shown the detail, or what the check saw and wanted */
  pass(name: Name, shown: string | CheckOptions = ''): void {
    const options = typeof shown === 'string' ? { pass: shown } : shown
    this.#record({ name, status: 'pass', required: true, detail: passDetail(options) }, options)
  }

  /** Fails the check and ends the judgement. */
  fail(name: Name, code: FailureCode, shown: string | CheckOptions = ''): never {
    const options = typeof shown === 'string' ? { fail: shown } : shown
    this.#record({ name, status: 'fail', required: true, detail: failDetail(options), code }, options)
    throw new Rejected(code)
  }

  /** Runs a decoder; a {@link MalformedError} of it fails the check with its own code, or with `code` where one is given. */
  decode<T>(name: Name, decoder: () => T, code?: FailureCode): T {
    try {
      const value = decoder()
      this.pass(name)
      return value
    } catch (error) {
      if (error instanceof MalformedError) this.fail(name, code ?? error.failure, error.message)
      throw error
    }
  }

  /** Policy says `unchecked`: shown as not performed, and not required. */
  unchecked(name: Name, detail = 'policy: unchecked'): void {
    this.#record({ name, status: 'not-performed', required: false, detail })
  }

  /**
   * Whether policy makes the demand that a check is for. Where it says `unchecked`, the check shows what was seen, as not performed and
   * not required.
   */
  demands<T>(name: Name, demand: T | 'unchecked', seen: string | number): demand is T {
    const isMade = demand !== 'unchecked'
    if (!isMade) this.unchecked(name, `${seen}; policy: unchecked`)
    return isMade
  }

  /** Required, but what it needs is not there: the verdict will not be ok. */
  missing(name: Name, detail: string): void {
    this.#record({ name, status: 'not-performed', required: true, detail })
  }

  /** Required, and nothing can be judged without it: ends the judgement, not ok, as not performed. */
  incomplete(name: Name, detail: string): never {
    this.missing(name, detail)
    throw new Rejected('CHECK_NOT_PERFORMED')
  }

  /** Takes over the checks of another verdict, its names behind `prefix.`; ends the judgement if that verdict is not ok. */
  include<T>(prefix: string, verdict: Verdict<T>): Verified<T> {
    for (const check of verdict.checks) {
      const name = prefix === '' ? check.name : `${prefix}.${check.name}`
      this.#checks.set(name, { ...check, name })
    }
    if (verdict.simulated) this.#simulated = true
    this.assume(...verdict.assumptions)
    if (!verdict.ok) throw new Rejected(verdict.code)
    return verdict.value
  }

  /**
   * Takes over what a value verified elsewhere rests on: a verdict on top of simulated evidence is simulated too.
   * @throws CountersignError ERR_USAGE when `value` did not itself come out of a full pass: made by hand, or a copy with other content
   */
  restsOn<T extends object>(value: Verified<T>): void {
    const basis = VERIFIED.get(value)
    if (basis === undefined)
      throw new CountersignError('ERR_USAGE', 'give the verified value itself, as its verdict holds it, not a copy')
    if (basis.simulated) this.#simulated = true
    this.assume(...basis.assumptions)
  }

  /** Marks the verdict as resting on a simulated root. */
  simulated(): void {
    this.#simulated = true
  }

  assume(...sentences: readonly string[]): void {
    for (const sentence of sentences) if (!this.#assumptions.includes(sentence)) this.#assumptions.push(sentence)
  }

  /** Closes the list: a declared check that was not reached becomes `not-performed` and required. */
  close(): VerdictBase {
    for (const name of this.#declared.keys()) {
      if (!this.#checks.has(name))
        this.#record({ name, status: 'not-performed', required: true, detail: 'not reached' })
    }
    return { checks: [...this.#checks.values()], simulated: this.#simulated, assumptions: this.#assumptions }
  }

  /** Field by field: a verdict has dozens of checks, and copies of objects would cost more than the checks. */
  #record(check: { -readonly [Field in keyof Check]: Check[Field] }, { seen, wanted }: CheckOptions = {}): void {
    const declared = this.#declared.get(check.name)
    if (declared === undefined) throw new CountersignError('ERR_USAGE', `check ${check.name} is not declared`)
    if (this.#checks.get(check.name)?.status === 'fail') return
    if (seen !== undefined) check.seen = seen
    if (wanted !== undefined) check.wanted = wanted
    if (declared.spec !== undefined) check.spec = declared.spec
    this.#checks.set(check.name, check)
  }
}

function isList<Name extends string>(names: CheckNames<Name>): names is readonly Name[] {
  return Array.isArray(names)
}

/** Where it is: the first failed check, else the first required one that was not performed. */
function firstFailure(checks: readonly Check[]): FailureCode | undefined {
  const failed = failedCheck(checks)
  return failed && (failed.code ?? 'CHECK_NOT_PERFORMED')
}

/**
 * Runs a verifier body against its declared checks.
 *
 * The body reads like the specification: one call on `check` per step, in order. It ends at the first failure. The verdict is ok only
 * if the body came to its end and every required check is `pass`.
 *
 * @param names every check of this verifier, in the order in which it shows them, each with the section that asks for it
 */
export async function judge<Name extends string, T extends object>(
  names: CheckNames<Name>,
  body: (check: Checker<Name>) => Promise<T>,
): Promise<Verdict<T>> {
  const check = new Checker(names)
  let value: T
  try {
    value = await body(check)
  } catch (error) {
    if (!(error instanceof Rejected)) throw error
    const closed = check.close()
    return { ok: false, code: firstFailure(closed.checks) ?? 'CHECK_NOT_PERFORMED', ...closed }
  }
  const closed = check.close()
  const code = firstFailure(closed.checks)
  if (code !== undefined) return { ok: false, code, ...closed }
  // A copy: what is built on the value rests on these sentences, whatever becomes of those that the verdict shows.
  VERIFIED.set(value, { simulated: closed.simulated, assumptions: [...closed.assumptions] })
  if (!isVerified(value)) throw new CountersignError('ERR_USAGE', 'unreachable: the value was just marked')
  return { ok: true, value, ...closed }
}

/** Returns the verified value, or throws `ERR_NOT_VERIFIED` naming the failed check. */
export function assertVerified<T>(verdict: Verdict<T>): Verified<T> {
  if (verdict.ok) return verdict.value
  const failed = failedCheck(verdict.checks)
  throw new CountersignError(
    'ERR_NOT_VERIFIED',
    `not verified: ${failed?.name ?? 'unknown check'} failed with ${verdict.code}${failed?.detail ? `: ${failed.detail}` : ''}`,
  )
}

/** The check that decided a verdict that is not ok. */
export function failedCheck(checks: readonly Check[]): Check | undefined {
  return (
    checks.find((check) => check.status === 'fail') ?? checks.find((check) => check.required && check.status !== 'pass')
  )
}
