/** Compact JWS (RFC 7515) with a header that is fixed to the octet. The key and algorithm come from the session, never from here. @module */
import { MalformedError } from '../../errors.ts'
import { encodeBase64UrlText } from '../crypto/index.ts'
import { decodeBase64Url } from '../encoding/base64.ts'
import { decodeJson, isJsonObject, type JsonValue } from '../encoding/json.ts'
import { decodeUtf8, encodeUtf8 } from '../encoding/utf8.ts'
import type { FailureCode } from '../failure-codes.ts'

/** A JWS whose signature nobody has checked. */
export interface ReceiptJws {
  /** RFC 7638 thumbprint of the key that claims to have signed. */
  readonly kid: string
  readonly payload: Uint8Array
  /** The octets that the signature covers. */
  readonly signingInput: Uint8Array
  /** 64 octets. */
  readonly signature: Uint8Array
}

/** What more octets than a header's come to, or fewer. */
const SPLIT_ELSEWHERE: readonly FailureCode[] = ['PARSE_TRAILING', 'PARSE_INVALID', 'UTF8_INVALID']
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/

function headerText(kid: string): string {
  return `{"alg":"Ed25519","kid":"${kid}","typ":"eat+jwt"}`
}

/**
 * @param kid thumbprint of the signing key
 * @param payload JSON text
 */
export function encodeSigningInput(kid: string, payload: string): string {
  return `${encodeBase64UrlText(headerText(kid))}.${encodeBase64UrlText(payload)}`
}

/** A receipt whose parts are split elsewhere has the same octets in another order of meaning. */
function readHeader(bytes: Uint8Array): JsonValue {
  try {
    return decodeJson(bytes, { maxSize: 1024 })
  } catch (error) {
    if (error instanceof MalformedError && SPLIT_ELSEWHERE.includes(error.failure))
      throw new MalformedError('RECEIPT_ENCODING', 'the header holds more than a header', { cause: error })
    throw error
  }
}

/**
 * The attacker chooses the header. Whatever names another algorithm, key, certificate or extension is refused: there is one header.
 */
function decodeHeader(bytes: Uint8Array): string {
  const header = readHeader(bytes)
  if (!isJsonObject(header)) throw new MalformedError('JOSE_HEADER', 'the header is not an object')
  // Expanding what a stranger compressed fills memory; nothing here ever does. RFC 7516 section 4.1.3.
  if (Object.hasOwn(header, 'zip')) throw new MalformedError('JOSE_ZIP', 'the header asks to expand the content')
  if (header['alg'] !== 'Ed25519')
    throw new MalformedError('JOSE_ALG', 'the header names another algorithm than Ed25519')
  const kid = header['kid']
  if (typeof kid !== 'string' || !THUMBPRINT.test(kid))
    throw new MalformedError('JOSE_HEADER', 'kid is not a thumbprint')
  if (decodeUtf8(bytes) !== headerText(kid))
    throw new MalformedError('JOSE_HEADER', 'the header is not exactly alg, kid, typ')
  return kid
}

/** @throws MalformedError JOSE_HEADER, JOSE_ALG, JOSE_ZIP, RECEIPT_ENCODING, BASE64_STRICT, JSON_* */
export function decodeJws(text: string): ReceiptJws {
  const [header, payload, signature, ...more] = text.split('.')
  // The compact form of a JWE has five.
  if (header !== undefined && more.length === 2) decodeHeader(decodeBase64Url(header))
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0)
    throw new MalformedError('RECEIPT_ENCODING', 'a JWS has three parts')
  const kid = decodeHeader(decodeBase64Url(header))
  const signatureBytes = decodeBase64Url(signature)
  if (signatureBytes.length !== 64) throw new MalformedError('RECEIPT_SIGNATURE', 'an Ed25519 signature is 64 octets')
  return {
    kid,
    payload: decodeBase64Url(payload),
    signingInput: encodeUtf8(`${header}.${payload}`),
    signature: signatureBytes,
  }
}
