/** Distinguished names. The one import of @peculiar/x509, which costs a reflect-metadata: it reads names, nothing that is judged by form. @module */
import 'reflect-metadata'
import { Name } from '@peculiar/x509'
import { MalformedError } from '../../errors.ts'

/** A subject or issuer. Names are linked by `der`, never by `text`. */
export interface DistinguishedName {
  /** The Name as it stands in the certificate. */
  readonly der: Uint8Array
  /** For people, in the manner of RFC 4514. */
  readonly text: string
  /** Every CN, in order. A name that must be one thing has exactly one. */
  readonly commonNames: readonly string[]
  /** Every O, in order. */
  readonly organizations: readonly string[]
}

/**
 * Reads the DER of a Name.
 * @throws MalformedError X509_MALFORMED
 */
export function decodeName(der: Uint8Array): DistinguishedName {
  try {
    const name = new Name(new Uint8Array(der))
    return {
      der,
      text: name.toString(),
      commonNames: name.getField('CN'),
      organizations: name.getField('O'),
    }
  } catch (cause) {
    throw new MalformedError('X509_MALFORMED', 'a name is malformed', { cause })
  }
}
