/**
 * Observing instead of enforcing: for a migration, answers are delivered whatever the verdict, and each failure is said aloud. Only
 * verdicts are observed. A channel that was asked for and cannot be had, a redirect, a body beyond its limit stop a request as ever. @module
 */
import { CountersignError } from '../errors.ts'
import { NotVerifiedError } from './errors.ts'

/** @returns what the receipt of an answer that is let through rejects with @throws what was given, where it is not let through */
export type Tolerance = (error: unknown) => NotVerifiedError

export interface Observation {
  readonly warn: (message: string) => void
  readonly onObserved: (error: NotVerifiedError) => void
}

/** Lets nothing through. */
export const enforce: Tolerance = (error) => {
  throw error
}

/** Lets through whatever fails a check, or could not be checked; faults of the program are thrown. */
export function observe({ warn, onObserved }: Observation): Tolerance {
  warn(
    'countersign: observe mode: answers are delivered whether or not they verify; set verify to "enforce" to stop that',
  )
  return (error) => {
    const observed = namedFailure(error)
    warn(`countersign: NOT VERIFIED (observe mode): ${observed.message.replace(/^not verified: /, '')}`)
    onObserved(observed)
    return observed
  }
}

/** What kept a check from being performed (no such address, a broken connection) counts as one that was not. */
function namedFailure(error: unknown): NotVerifiedError {
  if (error instanceof NotVerifiedError) return error
  if (!(error instanceof CountersignError)) throw error
  const detail = error.message
  return new NotVerifiedError('CHECK_NOT_PERFORMED', [
    { name: 'attestation', status: 'not-performed', required: true, detail },
  ])
}
