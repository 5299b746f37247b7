/** The two forms of a demand: a bit that must be as wanted, and a list that a value must be in. @module */
import { encodeHex } from '../encoding/bytes.ts'
import type { FailureCode } from '../failure-codes.ts'
import type { Checker } from '../verdict.ts'
import type { SnpCheck } from './checks.ts'

/** Name of what is demanded, what the policy says of it, whether it is so. */
export type DemandRow = readonly [name: string, demand: 'required' | 'forbidden' | 'unchecked', met: boolean]

/** Fails unless each demand that is made is met; not performed where none is made. */
export function checkDemands(
  check: Checker<SnpCheck>,
  name: SnpCheck,
  code: FailureCode,
  { seen, rows }: { seen: string; rows: readonly DemandRow[] },
): void {
  const made = rows.filter(([, demand]) => demand !== 'unchecked')
  if (made.length === 0) {
    check.unchecked(name, `${seen}; policy: unchecked`)
    return
  }
  const missing = made.filter(([, , met]) => !met).map(([demanded]) => demanded)
  check.that(name, missing.length === 0, code, {
    seen,
    wanted: made.map(([demanded]) => demanded).join(', '),
    fail: `${seen} lacks ${missing.join(', ')}`,
  })
}

/** Fails unless the value, as lower-case hex, is in the list. */
export function checkListed(
  check: Checker<SnpCheck>,
  name: SnpCheck,
  code: FailureCode,
  { value, wanted }: { value: Uint8Array; wanted: readonly string[] | 'unchecked' },
): void {
  const seen = encodeHex(value)
  if (check.demands(name, wanted, seen))
    check.that(name, wanted.includes(seen), code, {
      seen,
      wanted: wanted.length === 1 ? (wanted[0] ?? '') : `one of ${wanted.length}`,
    })
}
