/** Which of two editions of one document is the newer: the guard against being served old ones again. @module */
import { MalformedError } from '../errors.ts'

/** Comparable facts of a document that its issuer replaces from time to time. */
export interface Edition {
  readonly rollback: 'CRL_ROLLBACK' | 'COLLATERAL_ROLLBACK'
  /** CRL number, or tcbEvaluationDataNumber. */
  readonly number: bigint
  /** thisUpdate, or issueDate. */
  readonly issued: Date
}

/**
 * The number decides, then the date: Intel leaves the number of each of its revocation lists at 1 for ever, and issues TCB info
 * of one evaluation again and again.
 */
export function isOlder(edition: Edition, than: Edition): boolean {
  if (edition.number !== than.number) return edition.number < than.number
  return edition.issued < than.issued
}

/** @throws MalformedError CRL_ROLLBACK, COLLATERAL_ROLLBACK */
export function refuseRollback(what: string, edition: Edition, held: Edition): void {
  if (!isOlder(edition, held)) return
  throw new MalformedError(
    edition.rollback,
    `${what} number ${edition.number} of ${edition.issued.toISOString()} was served, and number ${held.number} of ${held.issued.toISOString()} was seen before: the newer copy is kept; find out who serves old copies`,
  )
}
