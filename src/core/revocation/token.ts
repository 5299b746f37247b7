/** A list of revocations as it is published: compact JWS with a header that is fixed to the octet. @module */
import { MalformedError } from '../../errors.ts'
import { verifySignature } from '../crypto/index.ts'
import { decodeBase64Url, encodeBase64Url } from '../encoding/base64.ts'
import { decodeUtf8, encodeUtf8 } from '../encoding/utf8.ts'
import { decodeRevocationKey, type RevocationKey } from './key.ts'
import { decodeRevocationList, encodeRevocationList, type RevocationList } from './list.ts'

function headerText({ algorithm, kid }: RevocationKey): string {
  return `{"alg":"${algorithm}","kid":"${kid}","typ":"countersign-revocations+json"}`
}

export interface RevocationSigner {
  /** As policies spell it. */
  readonly key: string
  /** 64 octets: Ed25519, or r || s of ES256. */
  sign(octets: Uint8Array): Promise<Uint8Array>
}

/**
 * Signs a list.
 * @example
 * const jws = await signRevocations(list, { key, sign: async (octets) => new Uint8Array(sign(null, octets, privateKey)) })
 */
export async function signRevocations(list: RevocationList, { key, sign }: RevocationSigner): Promise<string> {
  const payload = encodeRevocationList(list)
  decodeRevocationList(payload)
  const header = encodeUtf8(headerText(decodeRevocationKey(key)))
  const input = `${encodeBase64Url(header)}.${encodeBase64Url(payload)}`
  return `${input}.${encodeBase64Url(await sign(encodeUtf8(input)))}`
}

/** A list, and the key that signed it: `none` where it is none of those that were named. */
export interface SignedRevocations {
  readonly list: RevocationList
  readonly signedBy: string
}

/**
 * Whoever serves the list chose its header: algorithm and key come from policy alone, and the header must be the one that they make.
 * @param keys as policies spell them
 * @throws MalformedError JOSE_HEADER, BASE64_STRICT, and those of the list
 */
export async function openToken(text: string, keys: readonly string[]): Promise<SignedRevocations> {
  const [header, payload, signature, ...more] = text.trim().split('.')
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0)
    throw new MalformedError('JOSE_HEADER', 'a list of revocations is a JWS of three parts')
  const said = decodeUtf8(decodeBase64Url(header))
  const list = decodeRevocationList(decodeBase64Url(payload))
  const octets = decodeBase64Url(signature)
  const signer = keys.find((key) => headerText(decodeRevocationKey(key)) === said)
  if (signer === undefined) return { list, signedBy: 'none' }
  const { algorithm, spki } = decodeRevocationKey(signer)
  const verifies = await verifySignature(algorithm, spki, octets, encodeUtf8(`${header}.${payload}`))
  return { list, signedBy: verifies ? signer : 'none' }
}
