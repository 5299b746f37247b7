/** CBOR that claims far more than it holds: refused without allocating what it claims. */
import { expect, it } from 'vitest'
import { decodeCbor } from '../../../src/core/encoding/cbor.ts'
import { failureOf } from '../../kit/failure-of.ts'

it('[F7] does not allocate the lengths that nested arrays claim', () => {
  const bytes = new Uint8Array(786_000)
  for (let depth = 0; depth < 16; depth++) bytes.set([0x9a, 0x00, 0x0b, 0x00, 0x00], depth * 5)
  const before = process.memoryUsage().heapUsed
  expect(failureOf(() => decodeCbor(bytes))).toBe('EVIDENCE_TRUNCATED')
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(48 << 20)
})
