/** A throw-away PKI of Intel's shape: root, Platform and Processor CA, TCB signing, PCK leaves; all P-256. Its names say SIMULATED. @module */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { digestUri } from '../core/crypto/index.ts'
import { decodeJson } from '../core/encoding/json.ts'
import { decodePem, encodePem } from '../core/encoding/pem.ts'
import { ObjectReader } from '../core/encoding/shape.ts'
import { CountersignError } from '../errors.ts'
import {
  authorityKeyId,
  type CertificateTemplate,
  caConstraints,
  crlDistributionPoint,
  issueCertificate,
  keyIdOf,
  keyUsage,
  leafConstraints,
  type NameTemplate,
  type Shape,
  spkiOf,
  subjectKeyId,
} from './issue-certificate.ts'
import { encodeSgxExtension, OID_SGX, type SgxEntry, type SimulatedPlatform, sgxEntries } from './tdx-platform.ts'

const KEY_NAMES = ['root', 'platformCa', 'processorCa', 'tcbSigning', 'pck', 'attestation'] as const
const CERTIFICATE_NAMES = ['root', 'platformCa', 'processorCa', 'tcbSigning'] as const

type KeyName = (typeof KEY_NAMES)[number]
type CertificateName = (typeof CERTIFICATE_NAMES)[number]

/** Which CA issues the PCK certificate: clouds have platforms of the one, single sockets are of the other. */
export type PckCa = 'platform' | 'processor'

/** Private keys of a simulated PKI, that of the quoting enclave too. They vouch for nothing but simulations. */
export type SimulatedTdxKeys = Readonly<Record<KeyName, KeyObject>>

export interface SimulatedTdxPki {
  readonly keys: SimulatedTdxKeys
  /** DER. */
  readonly certificates: Readonly<Record<CertificateName, Uint8Array>>
  /** `sha256:` of the root: what a policy names under `dangerouslyTrustSimulatedRoots`. */
  readonly rootFingerprint: string
}

export interface SimulatedTdxPkiOptions {
  readonly keys?: SimulatedTdxKeys
  readonly clock?: () => Date
  /** Alters a certificate before it is signed. */
  readonly shapes?: Partial<Readonly<Record<CertificateName, Shape>>>
}

/** What a PCK certificate stands for. */
export interface PckSubject {
  readonly ca: PckCa
  readonly platform: SimulatedPlatform
  readonly clock: () => Date
  /** Alters the entries of the SGX extension. */
  readonly entries?: (entries: readonly SgxEntry[]) => readonly SgxEntry[]
  readonly shape?: Shape
}

const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS
const ROOT_YEARS = 31
const CA_YEARS = 15
const LEAF_YEARS = 7
const ROOT_NAME = simulatedIntelName('Root CA')
const ROOT_CRL = 'https://certificates.simulated.example/RootCA.der'
const CA_USAGE = keyUsage(0x06)
const LEAF_USAGE = keyUsage(0xc0, 6)
const PEM_KEY = 'PRIVATE KEY'
const PEM_CERTIFICATE = 'CERTIFICATE'

/** The subject of a simulated certificate: the common name is that of Intel, the organisation says what it is. @param role for example `PCK Platform CA` */
export function simulatedIntelName(role: string): NameTemplate {
  return [
    ['2.5.4.3', `Intel SGX ${role}`],
    ['2.5.4.10', 'Countersign SIMULATED Intel'],
    ['2.5.4.7', 'Santa Clara'],
    ['2.5.4.8', 'CA'],
    ['2.5.4.6', 'US'],
  ]
}

/** Makes six P-256 keys, in a millisecond or two. */
export function createSimulatedTdxKeys(): SimulatedTdxKeys {
  const key = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  return {
    root: key(),
    platformCa: key(),
    processorCa: key(),
    tcbSigning: key(),
    pck: key(),
    attestation: key(),
  }
}

/** Makes a PKI, valid from a day ago for about as long as Intel's. */
export function createSimulatedTdxPki(options: SimulatedTdxPkiOptions = {}): SimulatedTdxPki {
  const { keys = createSimulatedTdxKeys(), clock = () => new Date(), shapes = {} } = options
  const issue = (name: CertificateName, template: CertificateTemplate): Uint8Array =>
    issueCertificate(shapes[name]?.(template) ?? template, keys.root)
  const underRoot = (name: CertificateName, role: string, years: number): CertificateTemplate => ({
    version: 3,
    serial: serialOf(keys[name]),
    issuer: ROOT_NAME,
    subject: simulatedIntelName(role),
    ...validity(clock, years),
    spki: publicDer(keys[name]),
    extensions: [
      authorityKeyId(keyIdOf(publicDer(keys.root))),
      crlDistributionPoint(ROOT_CRL),
      subjectKeyId(keyIdOf(publicDer(keys[name]))),
    ],
    scheme: 'ES256',
  })
  const authority = (name: CertificateName, role: string, pathLength: number, years: number): Uint8Array => {
    const template = underRoot(name, role, years)
    return issue(name, { ...template, extensions: [...template.extensions, CA_USAGE, caConstraints(pathLength)] })
  }
  const signing = underRoot('tcbSigning', 'TCB Signing', LEAF_YEARS)
  const root = authority('root', 'Root CA', 1, ROOT_YEARS)
  return {
    keys,
    certificates: {
      root,
      platformCa: authority('platformCa', 'PCK Platform CA', 0, CA_YEARS),
      processorCa: authority('processorCa', 'PCK Processor CA', 0, CA_YEARS),
      tcbSigning: issue('tcbSigning', {
        ...signing,
        extensions: [...signing.extensions, LEAF_USAGE, leafConstraints()],
      }),
    },
    rootFingerprint: digestUri(root),
  }
}

/** Issues the PCK certificate of one platform at one firmware level. */
export function issuePck({ keys }: SimulatedTdxPki, subject: PckSubject): Uint8Array {
  const { ca, platform, clock, shape, entries = (all) => all } = subject
  const issuerKey = ca === 'platform' ? keys.platformCa : keys.processorCa
  const template: CertificateTemplate = {
    version: 3,
    serial: serialOf(keys.pck),
    issuer: simulatedIntelName(ca === 'platform' ? 'PCK Platform CA' : 'PCK Processor CA'),
    subject: simulatedIntelName('PCK Certificate'),
    ...validity(clock, LEAF_YEARS),
    spki: publicDer(keys.pck),
    extensions: [
      authorityKeyId(keyIdOf(publicDer(issuerKey))),
      crlDistributionPoint(`https://api.simulated.example/sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`),
      subjectKeyId(keyIdOf(publicDer(keys.pck))),
      LEAF_USAGE,
      leafConstraints(),
      { oid: OID_SGX, value: encodeSgxExtension(entries(sgxEntries(platform, ca))) },
    ],
    scheme: 'ES256',
  }
  return issueCertificate(shape?.(template) ?? template, issuerKey)
}

/** A PKI as JSON of PEM. It holds private keys. */
export function exportTdxPki({ keys, certificates }: SimulatedTdxPki): string {
  return JSON.stringify({
    keys: Object.fromEntries(
      KEY_NAMES.map((name) => [name, String(keys[name].export({ format: 'pem', type: 'pkcs8' }))]),
    ),
    certificates: Object.fromEntries(
      CERTIFICATE_NAMES.map((name) => [name, encodePem(certificates[name], PEM_CERTIFICATE)]),
    ),
  })
}

/** Reads what {@link exportTdxPki} wrote. @throws MalformedError JSON_*, PARSE_INVALID, PEM_INVALID */
export function importTdxPki(text: string): SimulatedTdxPki {
  const codes = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const
  const reader = new ObjectReader(decodeJson(text), 'pki', codes)
  const keys = reader.object('keys')
  const certificates = reader.object('certificates')
  const key = (name: KeyName): KeyObject =>
    createPrivateKey({ key: Buffer.from(onePem(keys.string(name), PEM_KEY)), format: 'der', type: 'pkcs8' })
  const certificate = (name: CertificateName): Uint8Array => onePem(certificates.string(name), PEM_CERTIFICATE)
  const root = certificate('root')
  const pki = {
    keys: {
      root: key('root'),
      platformCa: key('platformCa'),
      processorCa: key('processorCa'),
      tcbSigning: key('tcbSigning'),
      pck: key('pck'),
      attestation: key('attestation'),
    },
    certificates: {
      root,
      platformCa: certificate('platformCa'),
      processorCa: certificate('processorCa'),
      tcbSigning: certificate('tcbSigning'),
    },
    rootFingerprint: digestUri(root),
  }
  for (const part of [keys, certificates, reader]) part.end()
  return pki
}

function onePem(text: string, label: string): Uint8Array {
  const [der, ...rest] = decodePem(text, label)
  if (der === undefined || rest.length > 0) throw new CountersignError('ERR_USAGE', `not exactly one ${label}`)
  return der
}

export function publicDer(key: KeyObject): Uint8Array {
  return spkiOf(createPublicKey(key))
}

/** Positive, 20 octets, another for each key, like Intel's, who takes the key identifier. */
export function serialOf(key: KeyObject): Uint8Array {
  return keyIdOf(publicDer(key)).map((octet, index) => (index === 0 ? 0x40 | (octet & 0x3f) : octet))
}

function validity(clock: () => Date, years: number): { notBefore: Date; notAfter: Date } {
  const start = Math.floor(clock().getTime() / 1000) * 1000 - DAY_MS
  return { notBefore: new Date(start), notAfter: new Date(start + years * YEAR_MS) }
}
