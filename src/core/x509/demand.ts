/** How rules on certificates fail: one code each, and a message that names the certificate. @module */
import { MalformedError } from '../../errors.ts'
import type { FailureCode } from '../failure-codes.ts'
import type { Certificate } from './certificate.ts'

/** How messages name a certificate. */
export function label(certificate: Certificate): string {
  return certificate.subject.commonNames[0] ?? certificate.subject.text
}

/** Throws `code` unless `condition` holds. What it says is made only then: judging a path that holds writes no message. */
export function demand(condition: boolean, code: FailureCode, detail: () => string): asserts condition {
  if (!condition) throw new MalformedError(code, detail())
}
