/** The two certificates that vendors serve as a chain: an issuer, then its root. Exactly two, and nothing around them. @module */
import { decodePem } from '../core/encoding/pem.ts'
import { MalformedError } from '../errors.ts'

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** @throws MalformedError PEM_INVALID, BASE64_STRICT */
export function decodePemPair(text: string): readonly [Uint8Array, Uint8Array] {
  const [issuer, root, ...more] = decodePem(text, 'CERTIFICATE')
  if (issuer === undefined || root === undefined || more.length > 0)
    throw new MalformedError('PEM_INVALID', 'not exactly two certificates')
  // A page with certificates in it is not a chain.
  if (text.replace(BLOCK, '').trim() !== '') throw new MalformedError('PEM_INVALID', 'text around the certificates')
  return [issuer, root]
}

/** The same from a header, where it is percent-encoded. @throws MalformedError PEM_INVALID, BASE64_STRICT */
export function decodeHeaderPair(header: string): readonly [Uint8Array, Uint8Array] {
  let text: string
  try {
    text = decodeURIComponent(header)
  } catch (cause) {
    throw new MalformedError('PEM_INVALID', 'the issuer chain is not percent-encoded', { cause })
  }
  return decodePemPair(text)
}
