/** Integers of variable length, RFC 9000 section 16: two bits say how many octets, 1, 2, 4 or 8. @module */
import { MalformedError } from '../../errors.ts'
import type { Inflow, Steps } from './inflow.ts'

/** The value in as few octets as it fits. */
export function encodeVarint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('no such length')
  if (value < 0x40) return Uint8Array.of(value)
  const octets = new Uint8Array(value < 0x4000 ? 2 : value < 0x4000_0000 ? 4 : 8)
  let rest = value
  for (let i = octets.length - 1; i >= 0; i--) {
    octets[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  octets[0] = (octets[0] ?? 0) | (octets.length === 2 ? 0x40 : octets.length === 4 ? 0x80 : 0xc0)
  return octets
}

/**
 * Every spelling of a value counts: RFC 9292 and the draft of chunked OHTTP ask for no shortest one, and nothing is signed over it.
 * @throws MalformedError E2EE_FORMAT above `most`, before anything of that size is awaited or made
 */
export function* takeVarint(inflow: Inflow, field: string, most: number): Steps<number> {
  const [first = 0] = yield* inflow.take(field, 1)
  let value = first & 0x3f
  // Eight octets may name more than a number holds exactly; that is above any limit, too.
  for (const octet of yield* inflow.take(field, (1 << (first >> 6)) - 1)) value = value * 256 + octet
  if (value > most) throw new MalformedError('E2EE_FORMAT', `${field} is above ${most}`)
  return value
}
