/**
 * Makes certificates and requests for certificates over a key of the gateway's. The library signs through Web Cryptography, which would take
 * the private key's octets: it is given a throw-away key, and the signature is replaced by one of the real key, whose octets go nowhere. @module
 */
import 'reflect-metadata'
import { type KeyObject, randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { encodeHex } from '../core/encoding/bytes.ts'
import { signAnew } from './sign.ts'

/** ECDSA P-256. */
export interface IssuingKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export interface CertificateTerms {
  /** A DNS name or an address; a port behind it is left out. */
  readonly host: string
  readonly notBefore: Date
  readonly notAfter: Date
}

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const
const SERIAL_SIZE = 16
/** RFC 5280 4.1.2.2: positive, and in DER without an octet for the sign. */
const POSITIVE = 0x7f
const NOT_ZERO = 0x40

/** A certificate that vouches for nothing but that its maker holds the key, DER. */
export async function createSelfSignedCertificate(
  { privateKey, publicKey }: IssuingKey,
  { host, notBefore, notAfter }: CertificateTerms,
): Promise<Uint8Array> {
  const keys = await borrowKeys(publicKey)
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: createSerial(),
      // The name lies in subjectAltName, which has no limit of 64 characters.
      name: [{ CN: ['countersign'] }],
      notBefore,
      notAfter,
      signingAlgorithm: SIGNING_ALGORITHM,
      keys,
      extensions: [
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        subjectAltName(host),
      ],
    },
    webcrypto,
  )
  return signAnew(new Uint8Array(certificate.rawData), privateKey)
}

/** PKCS #10 (RFC 2986) for the host, DER. */
export async function createCertificateRequest(
  { privateKey, publicKey }: IssuingKey,
  host: string,
): Promise<Uint8Array> {
  const keys = await borrowKeys(publicKey)
  const request = await Pkcs10CertificateRequestGenerator.create(
    { signingAlgorithm: SIGNING_ALGORITHM, keys, extensions: [subjectAltName(host)] },
    webcrypto,
  )
  return signAnew(new Uint8Array(request.rawData), privateKey)
}

/** The real public key beside a private key that nobody keeps. */
async function borrowKeys(publicKey: KeyObject): Promise<webcrypto.CryptoKeyPair> {
  const { subtle } = webcrypto
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const { privateKey } = await subtle.generateKey(KEY_ALGORITHM, false, ['sign', 'verify'])
  return { privateKey, publicKey: await subtle.importKey('spki', spki, KEY_ALGORITHM, true, ['verify']) }
}

function createSerial(): string {
  const octets = randomBytes(SERIAL_SIZE)
  octets[0] = ((octets[0] ?? 0) & POSITIVE) | NOT_ZERO
  return encodeHex(octets)
}

function subjectAltName(host: string): Extension {
  const value = withoutPort(host)
  return new SubjectAlternativeNameExtension([{ type: isIP(value) === 0 ? 'dns' : 'ip', value }])
}

/** A host as in a URL: `name`, `name:port`, `address`, `[address]:port`. */
export function withoutPort(host: string): string {
  const literal = /^\[(.*)\](?::[0-9]+)?$/.exec(host)?.[1]
  if (literal !== undefined) return literal
  return isIP(host) === 0 ? host.replace(/:[0-9]+$/, '') : host
}
