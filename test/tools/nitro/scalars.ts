/** ECDSA scalars as DER integers, to put a signature into the form that COSE does not use. */
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { integerOctets } from '../../../src/simulator/der-writer.ts'

export { sequence } from '../../../src/simulator/der-writer.ts'

/** A non-negative INTEGER from big-endian octets. */
export function unsignedOctets(octets: Uint8Array): Uint8Array {
  const digits = octets.subarray(octets.findIndex((octet) => octet !== 0))
  return integerOctets((digits[0] ?? 0) >= 0x80 ? concatBytes(Uint8Array.of(0), digits) : digits)
}
