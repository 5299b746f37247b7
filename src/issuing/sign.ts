/** Puts the signature of one key in the place of another's: `SEQUENCE { signed part, algorithm, BIT STRING }`. RFC 5280 4.1, RFC 2986 4.2. @module */
import { type KeyObject, sign } from 'node:crypto'
import { concatBytes } from '../core/encoding/bytes.ts'
import { DER_BIT_STRING, DER_SEQUENCE, decodeDer, decodeDerElements } from '../core/encoding/der.ts'
import { CountersignError } from '../errors.ts'

/** The same structure, signed by this key with ECDSA and SHA-256: what its algorithm says must be that already. */
export function signAnew(der: Uint8Array, privateKey: KeyObject): Uint8Array {
  const [signed, algorithm] = decodeDerElements(decodeDer(der, DER_SEQUENCE).content, 3)
  if (signed === undefined || algorithm === undefined)
    throw new CountersignError('ERR_USAGE', 'there is nothing in it to sign')
  const signature = sign('sha256', signed.raw, { key: privateKey, dsaEncoding: 'der' })
  // No bits of the last octet are unused.
  return encode(
    DER_SEQUENCE,
    concatBytes(signed.raw, algorithm.raw, encode(DER_BIT_STRING, concatBytes(Uint8Array.of(0), signature))),
  )
}

function encode(tag: number, content: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(tag, ...lengthOctets(content.length)), content)
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length]
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
}
