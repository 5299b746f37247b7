/** Constant-time equality. @module */
import { CountersignError } from '../../errors.ts'

/**
 * Whether both are equal, in a time that depends on their lengths alone.
 * @throws CountersignError ERR_USAGE for text, past the types: its letters would count as zeros, so that a digest in hex equals octets
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (typeof a === 'string' || typeof b === 'string')
    throw new CountersignError('ERR_USAGE', 'octets are compared with octets, not with text')
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}
