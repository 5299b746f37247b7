/** What the gateway is asked to wait for before it ends an answer: `Prefer: receipt=…, wait=…` (RFC 7240). @module */
import { GRADES, type Grade } from '../core/policy.ts'
import { CountersignError } from '../errors.ts'

export interface Preference {
  /** Asks the gateway to hold each answer until its receipt has this grade; what policy asks for is waited for in any case. */
  readonly grade?: Grade
  /** Seconds that the gateway may hold an answer for that; its own limit applies too. */
  readonly wait?: number
}

/** Nothing where neither is asked for. @throws CountersignError ERR_USAGE */
export function preferenceOf({ grade, wait }: Preference): string | undefined {
  if (grade !== undefined && !GRADES.includes(grade))
    throw new CountersignError('ERR_USAGE', `grade is one of ${GRADES.join(', ')}`)
  if (wait !== undefined && !(Number.isSafeInteger(wait) && wait >= 0))
    throw new CountersignError('ERR_USAGE', 'wait is a whole number of seconds')
  const wanted = [...(grade === undefined ? [] : [`receipt=${grade}`]), ...(wait === undefined ? [] : [`wait=${wait}`])]
  return wanted.length === 0 ? undefined : wanted.join(', ')
}
