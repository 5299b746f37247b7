/** COSE_Sign1 (RFC 9052, 4.2), signed over the octets as they came. Layout only: trust comes from whoever verifies the signature. @module */
import { MalformedError } from '../../errors.ts'
import { concatBytes } from '../encoding/bytes.ts'
import { type CborValue, decodeCbor, isCborMap } from '../encoding/cbor.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'

/** Every octet of it is the sender's. */
export interface CoseSign1 {
  /** Content of the byte string: the octets that are signed, whatever they decode to. */
  readonly protectedHeader: Uint8Array
  /** How many parameters stand where nobody signs them. */
  readonly unprotectedParameters: number
  /** Content of the byte string: the octets that are signed. */
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

const TAG_SIGN1 = 0xd2
const MAJOR_TAG = 6
const PARTS = 4

function malformedShape(what: string): MalformedError {
  return new MalformedError('COSE_SHAPE', `COSE_Sign1: ${what}`)
}

/**
 * Reads one COSE_Sign1, to its last byte:
 *
 * ```
 * [18] ( [ protected: bstr, unprotected: map, payload: bstr, signature: bstr ] )     the tag may be absent
 * ```
 * @throws MalformedError COSE_SHAPE; COSE_PAYLOAD when the payload is detached, empty or larger than `maxPayloadSize`; CBOR_*,
 *   PARSE_*, EVIDENCE_TRUNCATED
 */
export function decodeCoseSign1(bytes: Uint8Array, { maxPayloadSize }: { maxPayloadSize: number }): CoseSign1 {
  // AWS describes the tag and leaves it out: both pass, no other tag does, nor the same one twice.
  const untagged = bytes[0] === TAG_SIGN1 ? bytes.subarray(1) : bytes
  if ((untagged[0] ?? 0) >> 5 === MAJOR_TAG) throw malformedShape('tag 18 or none is due')
  const parts = decodeCbor(untagged)
  if (!isParts(parts)) throw malformedShape(`not an array of ${PARTS}`)
  const [protectedHeader, unprotected, payload, signature] = parts
  if (!(protectedHeader instanceof Uint8Array)) throw malformedShape('the protected header is not a byte string')
  if (unprotected === undefined || !isCborMap(unprotected)) throw malformedShape('the unprotected header is not a map')
  if (!(signature instanceof Uint8Array)) throw malformedShape('the signature is not a byte string')
  // RFC 9052, 4.1: nil stands for a payload that travels apart. What comes from elsewhere is not what was received.
  if (payload === null) throw new MalformedError('COSE_PAYLOAD', 'the payload is detached')
  if (!(payload instanceof Uint8Array)) throw malformedShape('the payload is not a byte string')
  if (payload.length === 0 || payload.length > maxPayloadSize)
    throw new MalformedError('COSE_PAYLOAD', `${payload.length} bytes of payload, 1 to ${maxPayloadSize} are due`)
  return { protectedHeader, unprotectedParameters: unprotected.size, payload, signature }
}

function isParts(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value) && value.length === PARTS
}

const CONTEXT: Uint8Array = encodeUtf8('Signature1')

/**
 * Sig_structure (RFC 9052, 4.4): what the signature covers. Built around the octets received: a header or payload that was decoded
 * and encoded again would let an attacker change whatever the decoder drops.
 *
 * ```
 * 84  6a "Signature1"  bstr protected  40  bstr payload
 * ```
 */
export function encodeSigStructure({ protectedHeader, payload }: CoseSign1): Uint8Array {
  return concatBytes(
    Uint8Array.of(0x84, 0x60 | CONTEXT.length),
    CONTEXT,
    bytesHead(protectedHeader.length),
    protectedHeader,
    bytesHead(0),
    bytesHead(payload.length),
    payload,
  )
}

/** Head of a byte string in its shortest form, up to 64 KiB. */
function bytesHead(length: number): Uint8Array {
  if (length < 24) return Uint8Array.of(0x40 | length)
  if (length < 0x100) return Uint8Array.of(0x58, length)
  return Uint8Array.of(0x59, length >> 8, length & 0xff)
}
