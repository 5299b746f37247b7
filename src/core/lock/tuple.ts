/** What makes a row of the lock the row that it is: platform, measurements, configuration, models. Status, shape and provenance may change. @module */
import { sha256 } from '../crypto/index.ts'
import { encodeHex } from '../encoding/bytes.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import type { LockRow } from '../lock.ts'
import { registersOf } from '../measurement/measurements.ts'

const ID_DIGITS = 12

export function rowTuple(row: LockRow): string {
  const { platform, config, models } = row
  return JSON.stringify([platform, registersOf(row), config, models.map(({ name, digest }) => [name, digest]).sort()])
}

/** Names a row on a command line: twelve digits of the digest of its tuple. */
export function rowId(row: LockRow): string {
  return encodeHex(sha256(encodeUtf8(rowTuple(row)))).slice(0, ID_DIGITS)
}

/** Whether the row counts at `at`, as far as its status and its last day say. */
export function counts({ status, notAfter }: LockRow, at: Date): boolean {
  return status !== 'revoked' && (notAfter === 'none' || at <= notAfter)
}
