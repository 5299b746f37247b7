/** A Nitro attestation document as it travels: a COSE_Sign1 around the payload. Nothing is verified here. @module */
import { MalformedError } from '../../errors.ts'
import { type CoseSign1, decodeCoseSign1 } from '../cose/index.ts'
import { decodeNitroPayload, type NitroDocument } from './payload.ts'

/** Genuine ones have about 4.5 KiB; with every field and certificate at its limit they stay below. */
export const MAX_DOCUMENT_SIZE: number = 24 * 1024
/** AWS NSM attestation process, 3.1. */
const MAX_PAYLOAD_SIZE = 16_384

/** @throws MalformedError COSE_SHAPE, COSE_PAYLOAD, CBOR_*, PARSE_*, EVIDENCE_TRUNCATED */
export function decodeNitroEnvelope(document: Uint8Array): CoseSign1 {
  return decodeCoseSign1(document, { maxPayloadSize: MAX_PAYLOAD_SIZE })
}

/**
 * What a document says, unverified: to show it, or to learn the time that it claims. Believe it only after {@link verifyNitroDocument}.
 * @throws MalformedError EVIDENCE_TOO_LARGE; COSE_*; NITRO_*; CBOR_*, PARSE_*, EVIDENCE_TRUNCATED
 */
export function decodeNitroDocument(document: Uint8Array): NitroDocument {
  if (document.length > MAX_DOCUMENT_SIZE)
    throw new MalformedError('EVIDENCE_TOO_LARGE', `${document.length} bytes, at most ${MAX_DOCUMENT_SIZE}`)
  return decodeNitroPayload(decodeNitroEnvelope(document).payload)
}
