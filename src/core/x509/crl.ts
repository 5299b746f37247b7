/** Certificate revocation lists (RFC 5280, section 5) as plain records: full lists of their own issuer alone. Layout only: trust comes from {@link verifyPath}. @module */
import { MalformedError } from '../../errors.ts'
import { encodeHex, sameBytes } from '../encoding/bytes.ts'
import {
  DER_BIT_STRING,
  DER_INTEGER,
  DER_SEQUENCE,
  type DerElement,
  decodeDer,
  decodeDerElements,
} from '../encoding/der.ts'
import { checkListExtensions, decodeCrlNumber, readReason } from './crl-extensions.ts'
import { type CertificateExtension, decodeExtensions } from './extensions.ts'
import { readAuthorityKeyId } from './key-identifier.ts'
import { type DistinguishedName, decodeName } from './name.ts'
import { decodeSignatureScheme, type SignatureScheme } from './signature-scheme.ts'
import { decodeTime } from './time.ts'

/** Every byte of it is the giver's. */
export interface Crl {
  readonly raw: Uint8Array
  /** TBSCertList with its tag and length, as given: the octets that the issuer signed. */
  readonly tbs: Uint8Array
  readonly issuer: DistinguishedName
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  /** cRLNumber: grows from list to list, though some issuers leave it as it is. */
  readonly number: bigint
  readonly authorityKeyId: Uint8Array
  /** By serial number: the content octets of the INTEGER in hexadecimal, as {@link serialKey} writes them. */
  readonly revoked: ReadonlyMap<string, RevokedCertificate>
  readonly signatureScheme: SignatureScheme
  /** Content of the BIT STRING. */
  readonly signature: Uint8Array
}

export interface RevokedCertificate {
  readonly date: Date
  /** CRLReason by number; absent where the list gives none. */
  readonly reason?: number
}

/** Genuine lists have 300 to 3,000 octets and up to some fifty entries. */
const MAX_SIZE = 512 * 1024
const MAX_ENTRIES = 10_000
const MAX_SERIAL_SIZE = 21

/**
 * Reads one DER revocation list, to its last byte. Nothing is verified.
 *
 * ```
 * CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signatureValue BIT STRING }
 * TBSCertList ::= SEQUENCE { version, signature, issuer, thisUpdate, nextUpdate,
 *                            revokedCertificates SEQUENCE OF SEQUENCE { serial, date, extensions } OPTIONAL,
 *                            [0] extensions }
 * ```
 * @throws MalformedError CRL_MALFORMED; X509_LIMIT when it is larger than any genuine one
 */
export function decodeCrl(given: Uint8Array): Crl {
  if (given.length > MAX_SIZE) throw tooLarge(`${given.length} bytes, at most ${MAX_SIZE}`)
  const raw = new Uint8Array(given)
  try {
    return decodeList(raw)
  } catch (cause) {
    if (!(cause instanceof MalformedError) || cause.failure === 'X509_LIMIT' || cause.failure === 'CRL_MALFORMED')
      throw cause
    throw new MalformedError('CRL_MALFORMED', `revocation list: ${cause.message}`, { cause })
  }
}

/** How {@link Crl.revoked} names a serial number. */
export function serialKey(serial: Uint8Array): string {
  return encodeHex(serial)
}

function decodeList(raw: Uint8Array): Crl {
  const [tbs, outer, signature, ...rest] = decodeDerElements(decodeDer(raw, DER_SEQUENCE).content, 4)
  if (tbs?.tag !== DER_SEQUENCE || outer === undefined || signature?.tag !== DER_BIT_STRING || rest.length > 0)
    throw malformed('not a list')
  if (signature.content[0] !== 0) throw malformed('the signature is not whole octets')
  const { algorithm, ...fields } = decodeTbs(tbs)
  if (!sameBytes(algorithm.raw, outer.raw)) throw malformed('it names two signature algorithms')
  return {
    raw,
    tbs: tbs.raw,
    ...fields,
    signatureScheme: decodeSignatureScheme(outer),
    signature: signature.content.subarray(1),
  }
}

type TbsFields = Omit<Crl, 'raw' | 'tbs' | 'signatureScheme' | 'signature'> & { readonly algorithm: DerElement }

function decodeTbs(tbs: DerElement): TbsFields {
  const fields = [...decodeDerElements(tbs.content, 7)]
  const [version, algorithm, issuer, thisUpdate, nextUpdate] = fields.splice(0, 5)
  // RFC 5280, 5.1.2.1: lists with extensions, which all have to have, are of version 2.
  if (version?.tag !== DER_INTEGER || version.content.length !== 1 || version.content[0] !== 1)
    throw malformed('not of version 2')
  if (!algorithm || issuer?.tag !== DER_SEQUENCE || issuer.content.length === 0 || !thisUpdate || !nextUpdate)
    throw malformed('a field is missing')
  const entries = fields[0]?.tag === DER_SEQUENCE ? fields.shift() : undefined
  const [extensions, ...rest] = fields
  if (extensions?.tag !== 0xa0 || rest.length > 0) throw malformed('no extensions at its end')
  return {
    algorithm,
    issuer: decodeName(issuer.raw),
    ...decodeWindow(thisUpdate, nextUpdate),
    revoked: decodeEntries(entries),
    ...readListExtensions(decodeExtensions(extensions.content)),
  }
}

function decodeWindow(first: DerElement, second: DerElement): Pick<Crl, 'thisUpdate' | 'nextUpdate'> {
  const thisUpdate = decodeTime(first)
  // RFC 5280, 5.1.2.5: must be there. Without it a list would be current for ever.
  const nextUpdate = decodeTime(second)
  if (nextUpdate < thisUpdate) throw malformed('it ends before it begins')
  return { thisUpdate, nextUpdate }
}

function decodeEntries(element: DerElement | undefined): ReadonlyMap<string, RevokedCertificate> {
  const revoked = new Map<string, RevokedCertificate>()
  if (element === undefined) return revoked
  // RFC 5280, 5.1.2.6: without entries the list of them is left out.
  if (element.content.length === 0) throw malformed('an empty list of entries')
  for (const entry of readEntries(element.content)) {
    const [serial, date, extensions, ...rest] = entry.tag === DER_SEQUENCE ? decodeDerElements(entry.content, 4) : []
    if (!serial || !date || rest.length > 0) throw malformed('an entry is malformed')
    const key = readSerial(serial)
    if (revoked.has(key)) throw malformed(`serial number ${key} stands there twice`)
    const reason = extensions && readReason(decodeExtensions(extensions.raw))
    revoked.set(key, { date: decodeTime(date), ...(reason !== undefined && { reason }) })
  }
  return revoked
}

function readEntries(content: Uint8Array): readonly DerElement[] {
  const entries = decodeDerElements(content, MAX_ENTRIES + 1)
  if (entries.length > MAX_ENTRIES) throw tooLarge(`more than ${MAX_ENTRIES} entries`)
  return entries
}

/** Minimal, so that one number has one spelling. AMD gives VCEKs the number zero, so zero can be listed. */
function readSerial({ tag, content }: DerElement): string {
  const [first = 0x80, second = 0x80] = content
  const minimal = first !== 0 || content.length === 1 || second >= 0x80
  if (tag !== DER_INTEGER || first >= 0x80 || !minimal || content.length > MAX_SERIAL_SIZE)
    throw malformed('a serial number is malformed')
  return serialKey(content)
}

function readListExtensions(extensions: readonly CertificateExtension[]): Pick<Crl, 'number' | 'authorityKeyId'> {
  checkListExtensions(extensions)
  const authorityKeyId = readAuthorityKeyId(extensions)
  // RFC 5280, 5.2.1 and 5.2.3: conforming issuers must write both.
  if (authorityKeyId === undefined) throw malformed('no authority key identifier')
  return { number: decodeCrlNumber(extensions), authorityKeyId }
}

function malformed(what: string): MalformedError {
  return new MalformedError('CRL_MALFORMED', `revocation list: ${what}`)
}

function tooLarge(what: string): MalformedError {
  return new MalformedError('X509_LIMIT', `revocation list: ${what}`)
}
