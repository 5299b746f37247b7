/**
 * Whether a bucket's server heeds `If-None-Match` and `If-Match` on a write. Some take both and ignore them: of two gateways each would hold
 * the lease, and two histories would be written as one. @module
 */
import { randomBytes } from 'node:crypto'
import { CountersignError } from '../../errors.ts'
import type { Bucket, Condition } from './bucket.ts'

/** Below the prefix of a store. No object of a store has such a name. */
const PROBE = '~conditions'
const OTHER_OCTETS: Condition = { etag: `"${'0'.repeat(32)}"` }

/**
 * Writes one object of 16 octets, at least once, and leaves it there.
 * @throws CountersignError ERR_CONFIG for a server that grants a write which it has to refuse
 */
export async function requireConditions(bucket: Bucket, prefix: string): Promise<void> {
  const write = (condition: Condition) => bucket.put(`${prefix}${PROBE}`, randomBytes(16), condition)
  // Refused where an earlier start left it.
  await write({ absent: true })
  for (const [header, condition] of [
    ['If-None-Match', { absent: true }],
    ['If-Match', OTHER_OCTETS],
  ] as const)
    if (await write(condition))
      throw new CountersignError(
        'ERR_CONFIG',
        `the server of the bucket ignores ${header} on a write, so it cannot keep two gateways from writing one history: give operational.storage a server with conditional writes`,
      )
}
