/** Revocation lists as far as fetching them asks: whose they are, how new, until when. They are judged by the core. @module */

import {
  DER_BIT_STRING,
  DER_INTEGER,
  DER_SEQUENCE,
  type DerElement,
  decodeDer,
  decodeDerElements,
} from '../core/encoding/der.ts'
import { decodeExtensions } from '../core/x509/extensions.ts'
import { decodeSignatureScheme } from '../core/x509/signature-scheme.ts'
import { decodeTime } from '../core/x509/time.ts'
import { MalformedError } from '../errors.ts'
import type { Dated } from './item.ts'
import type { Signed } from './proof.ts'

const OID_CRL_NUMBER = '2.5.29.20'
const MAX_NUMBER_SIZE = 20

export interface RevocationList extends Signed, Required<Dated> {
  readonly raw: Uint8Array
  /** Name, DER. */
  readonly issuer: Uint8Array
}

/**
 * CertificateList of RFC 5280, 5.1, with the nextUpdate and CRL number that it asks of issuers.
 * @throws MalformedError CRL_MALFORMED, X509_MALFORMED, DER_INVALID, EVIDENCE_TRUNCATED, PARSE_TRAILING
 */
export function readCrl(raw: Uint8Array): RevocationList {
  const [tbs, algorithm, signature, ...rest] = decodeDerElements(decodeDer(raw, DER_SEQUENCE).content)
  if (tbs?.tag !== DER_SEQUENCE || algorithm === undefined || signature?.tag !== DER_BIT_STRING || rest.length > 0)
    throw malformed('not a revocation list')
  if (signature.content[0] !== 0) throw malformed('the signature is not whole octets')
  const fields = [...decodeDerElements(tbs.content)]
  if (fields[0]?.tag === DER_INTEGER) fields.shift()
  const [, issuer, thisUpdate, nextUpdate, ...more] = fields
  if (issuer?.tag !== DER_SEQUENCE || thisUpdate === undefined || nextUpdate === undefined)
    throw malformed('a field of the signed part is missing')
  return {
    raw: raw.slice(),
    tbs: tbs.raw,
    signatureScheme: decodeSignatureScheme(algorithm),
    signature: signature.content.slice(1),
    issuer: issuer.raw,
    goodUntil: decodeTime(nextUpdate),
    edition: { rollback: 'CRL_ROLLBACK', number: readNumber(more.at(-1)), issued: decodeTime(thisUpdate) },
  }
}

function readNumber(extensions: DerElement | undefined): bigint {
  if (extensions?.tag !== 0xa0) throw malformed('no extensions')
  const number = decodeExtensions(extensions.content).find(({ oid }) => oid === OID_CRL_NUMBER)
  if (number === undefined) throw malformed('no CRL number')
  const { content } = decodeDer(number.value, DER_INTEGER)
  if (content.length === 0 || content.length > MAX_NUMBER_SIZE || (content[0] ?? 0x80) >= 0x80)
    throw malformed('the CRL number is negative or too long')
  return content.reduce((value, octet) => value * 256n + BigInt(octet), 0n)
}

function malformed(what: string): MalformedError {
  return new MalformedError('CRL_MALFORMED', what)
}
