/** A throw-away PKI of AMD's shape: ARK, ASK and ASVK (RSA-4096, RSASSA-PSS), and its revocation lists. Its names say SIMULATED. @module */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { digestUri } from '../core/crypto/index.ts'
import { concatBytes } from '../core/encoding/bytes.ts'
import { decodeJson } from '../core/encoding/json.ts'
import { decodePem, encodePem } from '../core/encoding/pem.ts'
import { ObjectReader } from '../core/encoding/shape.ts'
import { SNP_PRODUCTS, type SnpProduct } from '../core/snp/index.ts'
import { CountersignError } from '../errors.ts'
import {
  authorityKeyId,
  type CertificateTemplate,
  caConstraints,
  issueCertificate,
  keyIdOf,
  keyUsage,
  type NameTemplate,
  type Shape,
  spkiOf,
} from './issue-certificate.ts'
import { type CrlTemplate, issueCrl } from './issue-crl.ts'

/** Private keys of a simulated PKI. They vouch for nothing but simulations. */
export interface SimulatedKeys {
  readonly ark: KeyObject
  /** Of ASK and ASVK alike: one more RSA key would take seconds more. */
  readonly ask: KeyObject
  /** Of VCEK and VLEK alike. */
  readonly vcek: KeyObject
}

export interface SimulatedPki {
  readonly product: SnpProduct
  readonly keys: SimulatedKeys
  /** DER. */
  readonly ark: Uint8Array
  readonly ask: Uint8Array
  readonly asvk: Uint8Array
  /** `sha256:` of the ARK: what a policy names under `dangerouslyTrustSimulatedRoots`. */
  readonly rootFingerprint: string
}

export interface SimulatedPkiOptions {
  readonly product?: SnpProduct
  /** Keys made earlier: two RSA-4096 keys take seconds. */
  readonly keys?: SimulatedKeys
  readonly clock?: () => Date
  /** Alters an authority before it is signed. */
  readonly shapes?: { readonly ark?: Shape; readonly ask?: Shape; readonly asvk?: Shape }
}

/** What a revocation list of the ARK says. */
export interface SnpCrlSubject {
  /** Which of the certificates that the ARK signed are revoked; none where absent. */
  readonly revoked?: readonly ('ask' | 'asvk')[]
  readonly clock: () => Date
  /** Alters the list before it is signed. */
  readonly shape?: (template: CrlTemplate) => CrlTemplate
}

const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS
const AUTHORITY_YEARS = 25
const CRL_YEARS = 1
const SERIALS = { ark: Uint8Array.of(1, 0, 0), ask: Uint8Array.of(1, 0, 1), asvk: Uint8Array.of(1, 1, 1) } as const
const PEM_KEY = 'PRIVATE KEY'
const PEM_CERTIFICATE = 'CERTIFICATE'

/** The subject of a simulated certificate. */
export function simulatedName(commonName: string): NameTemplate {
  return [
    ['2.5.4.11', 'Engineering'],
    ['2.5.4.6', 'US'],
    ['2.5.4.7', 'Santa Clara'],
    ['2.5.4.8', 'CA'],
    ['2.5.4.10', 'Countersign SIMULATED AMD'],
    ['2.5.4.3', commonName],
  ]
}

/** Makes the keys; the two of RSA at the same time, off the main thread. */
export async function createSimulatedKeys(): Promise<SimulatedKeys> {
  const generate = promisify(generateKeyPair)
  const rsa = (): Promise<{ privateKey: KeyObject }> => generate('rsa', { modulusLength: 4096 })
  const [ark, ask, vcek] = await Promise.all([rsa(), rsa(), generate('ec', { namedCurve: 'P-384' })])
  return { ark: ark.privateKey, ask: ask.privateKey, vcek: vcek.privateKey }
}

/** Makes a PKI of one product line. It is valid from a day ago, for as long as AMD's. */
export async function createSimulatedPki(options: SimulatedPkiOptions = {}): Promise<SimulatedPki> {
  const { product = 'Genoa', clock = () => new Date(), shapes = {} } = options
  const keys = options.keys ?? (await createSimulatedKeys())
  const window = validity(clock, AUTHORITY_YEARS)
  const arkName = simulatedName(`ARK-${product}`)
  const authority = { version: 3, issuer: arkName, ...window, scheme: 'PS384-explicit-trailer' } as const
  const ark: CertificateTemplate = {
    ...authority,
    serial: SERIALS.ark,
    subject: arkName,
    spki: spkiOf(createPublicKey(keys.ark)),
    extensions: [keyUsage(0x06), caConstraints()],
  }
  const ask: CertificateTemplate = {
    ...authority,
    serial: SERIALS.ask,
    subject: simulatedName(`SEV-${product}`),
    spki: spkiOf(createPublicKey(keys.ask)),
    extensions: [caConstraints(0), keyUsage(0x04)],
  }
  const asvk: CertificateTemplate = { ...ask, serial: SERIALS.asvk, subject: simulatedName(`SEV-VLEK-${product}`) }
  const arkDer = issueCertificate(shapes.ark?.(ark) ?? ark, keys.ark)
  const askDer = issueCertificate(shapes.ask?.(ask) ?? ask, keys.ark)
  const asvkDer = issueCertificate(shapes.asvk?.(asvk) ?? asvk, keys.ark)
  return { product, keys, ark: arkDer, ask: askDer, asvk: asvkDer, rootFingerprint: digestUri(arkDer) }
}

/** Issues a revocation list as AMD does: signed by the ARK, for a year. */
export function issueSnpCrl(
  { product, keys }: SimulatedPki,
  { revoked = [], clock, shape }: SnpCrlSubject,
): Uint8Array {
  const { notBefore, notAfter } = validity(clock, CRL_YEARS)
  const template: CrlTemplate = {
    version: 2,
    issuer: simulatedName(`ARK-${product}`),
    thisUpdate: notBefore,
    nextUpdate: notAfter,
    number: 1,
    revoked: revoked.map((name) => ({ serial: SERIALS[name], date: notBefore })),
    extensions: [authorityKeyId(keyIdOf(spkiOf(createPublicKey(keys.ark))))],
    scheme: 'PS384-explicit-trailer',
  }
  return issueCrl(shape?.(template) ?? template, keys.ark)
}

/** A PKI as JSON of PEM, so that tests need not make RSA keys again. It holds private keys. */
export function exportPki({ product, keys, ark, ask, asvk }: SimulatedPki): string {
  const pem = (key: KeyObject): string => String(key.export({ format: 'pem', type: 'pkcs8' }))
  return JSON.stringify({
    product,
    arkKey: pem(keys.ark),
    askKey: pem(keys.ask),
    vcekKey: pem(keys.vcek),
    ark: encodePem(ark, PEM_CERTIFICATE),
    ask: encodePem(ask, PEM_CERTIFICATE),
    asvk: encodePem(asvk, PEM_CERTIFICATE),
  })
}

/** Reads what {@link exportPki} wrote. @throws MalformedError JSON_*, PARSE_INVALID, PEM_INVALID */
export function importPki(text: string): SimulatedPki {
  const reader = new ObjectReader(decodeJson(text), 'pki', {
    missing: 'PARSE_INVALID',
    unknown: 'PARSE_INVALID',
    invalid: 'PARSE_INVALID',
  })
  const key = (name: string): KeyObject =>
    createPrivateKey({ key: Buffer.from(onePem(reader.string(name), PEM_KEY)), format: 'der', type: 'pkcs8' })
  const ark = onePem(reader.string('ark'), PEM_CERTIFICATE)
  const pki = {
    product: reader.oneOf('product', SNP_PRODUCTS),
    keys: { ark: key('arkKey'), ask: key('askKey'), vcek: key('vcekKey') },
    ark,
    ask: onePem(reader.string('ask'), PEM_CERTIFICATE),
    asvk: onePem(reader.string('asvk'), PEM_CERTIFICATE),
    rootFingerprint: digestUri(ark),
  }
  reader.end()
  return pki
}

function onePem(text: string, label: string): Uint8Array {
  const [der, ...rest] = decodePem(text, label)
  if (der === undefined || rest.length > 0) throw new CountersignError('ERR_USAGE', `not exactly one ${label}`)
  return concatBytes(der)
}

/** From a day ago, whole seconds. */
export function validity(clock: () => Date, years: number): { notBefore: Date; notAfter: Date } {
  const start = Math.floor(clock().getTime() / 1000) * 1000 - DAY_MS
  return { notBefore: new Date(start), notAfter: new Date(start + years * YEAR_MS) }
}
