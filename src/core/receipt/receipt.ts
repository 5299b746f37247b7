/** A receipt as text: `<JWS>~<disclosure>~…~`. Layout only: trust comes from {@link verifyReceipt}. wire.md section 2. @module */
import { MalformedError } from '../../errors.ts'
import { sha256, sha256Ascii } from '../crypto/index.ts'
import { encodeBase64Url } from '../encoding/base64.ts'
import { decodeJson } from '../encoding/json.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { encodeEntry } from '../log/index.ts'
import { decodeClaims, type ReceiptClaims } from './claims.ts'
import { type Disclosed, type Disclosure, decodeDisclosures } from './disclosures.ts'
import { decodeJws, encodeSigningInput, type ReceiptJws } from './jws.ts'

/** Of a token. */
export const RECEIPT_TYPE = 'application/eat+jwt'
/** Largest token that a verifier looks at, octets. */
export const MAX_RECEIPT_SIZE: number = 64 * 1024

export interface Receipt {
  /** The issuer's JWS alone: what the log's leaf covers. */
  readonly issuerJws: string
  readonly jws: ReceiptJws
  readonly claims: ReceiptClaims
  readonly disclosed: Disclosed
}

/** @throws MalformedError RECEIPT_TOO_LARGE, RECEIPT_ENCODING, and those of JWS, claims and disclosures */
export function decodeReceipt(token: string): Receipt {
  if (token.length > MAX_RECEIPT_SIZE)
    throw new MalformedError('RECEIPT_TOO_LARGE', `a receipt is at most ${MAX_RECEIPT_SIZE} octets`)
  const [issuerJws = '', ...rest] = token.split('~')
  if (rest.pop() !== '') throw new MalformedError('RECEIPT_ENCODING', 'the trailing ~ is missing')
  const jws = decodeJws(issuerJws)
  const claims = decodeClaims(decodeJson(jws.payload, { maxSize: MAX_RECEIPT_SIZE }))
  return { issuerJws, jws, claims, disclosed: decodeDisclosures(rest, claims._sd) }
}

/** The 33 octets of the receipt's log entry: 0x01 || SHA-256(issuer JWS). wire.md section 4. */
export function receiptEntry(issuerJws: string): Uint8Array {
  return encodeEntry({ type: 'receipt', digest: sha256Ascii(issuerJws) })
}

/** The `jti` of a retrieval capability: the first 16 octets of SHA-256(rid), base64url. */
export function receiptJti(rid: Uint8Array): string {
  return encodeBase64Url(sha256(rid).subarray(0, 16))
}

/** What {@link signReceipt} needs of a key. Synchronous: one sequencer assigns seq, signs and writes in one go. */
export interface ReceiptSigner {
  /** RFC 7638 thumbprint. */
  readonly kid: string
  sign(bytes: Uint8Array): Uint8Array
}

/** Signs the claims; returns the issuer's JWS. */
export function signReceipt(claims: ReceiptClaims, signer: ReceiptSigner): string {
  const input = encodeSigningInput(signer.kid, JSON.stringify(claims))
  return `${input}.${encodeBase64Url(signer.sign(encodeUtf8(input)))}`
}

/** The token with the given disclosures. */
export function encodeReceipt(issuerJws: string, disclosures: readonly Disclosure[]): string {
  return `${[issuerJws, ...disclosures.map(({ encoded }) => encoded)].join('~')}~`
}
