/** What `countersign ci` judges: each thing has a name, a verdict, and words for when it is good. @module */
import type { Check, Verdict } from '../../core/verdict.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { NOT_REACHED } from '../output.ts'

export interface Subject {
  readonly kind: 'files' | 'rebuilt' | 'rows' | 'gateway' | 'provenance'
  /** For people; may hold what an attacker wrote. */
  readonly name: string
  readonly verdict: Verdict<object>
  /** What it proves when it is good. */
  readonly result: string
}

/** Something that the check needs is missing; what stands behind a failed check is merely not reached. */
export function isMissing({ status, required, detail }: Check): boolean {
  return status === 'not-performed' && required && detail !== NOT_REACHED
}

/** A failure outweighs what is missing, which outweighs what is good. */
export function exitOf(subjects: readonly Subject[]): ExitCode {
  const codes = subjects.flatMap(({ verdict }) => (verdict.ok ? [] : [verdict.code]))
  if (codes.some((code) => code !== 'CHECK_NOT_PERFORMED')) return EXIT_NOT_VERIFIED
  return codes.length > 0 ? EXIT_NOT_PERFORMED : EXIT_OK
}

export function isSimulated(subjects: readonly Subject[]): boolean {
  return subjects.some(({ verdict }) => verdict.simulated)
}
