/** A throw-away PKI of AWS Nitro's shape: root, regional, zonal, instance, leaf; all P-384. Its names say SIMULATED. @module */
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
  type ExtensionTemplate,
  issueCertificate,
  keyIdOf,
  keyUsage,
  leafConstraints,
  type NameTemplate,
  type Shape,
  spkiOf,
  subjectKeyId,
} from './issue-certificate.ts'

/** From the root down. */
const LEVELS = ['root', 'regional', 'zonal', 'instance', 'leaf'] as const
export type NitroLevel = (typeof LEVELS)[number]

/** Private keys of a simulated PKI. They vouch for nothing but simulations. */
export type SimulatedNitroKeys = Readonly<Record<NitroLevel, KeyObject>>

export interface SimulatedNitroPki {
  readonly keys: SimulatedNitroKeys
  /** DER. */
  readonly root: Uint8Array
  /** `sha256:` of the root: what a policy names under `dangerouslyTrustSimulatedRoots`. */
  readonly rootFingerprint: string
}

export interface SimulatedNitroPkiOptions {
  readonly keys?: SimulatedNitroKeys
  readonly clock?: () => Date
  /** Alters the root before it is signed. */
  readonly shape?: Shape
}

/** What the certificates of one document stand for. */
export interface NitroSubject {
  readonly moduleId: string
  readonly region: string
  readonly clock: () => Date
  /** Alters a certificate before it is signed. */
  readonly shapes?: Partial<Readonly<Record<NitroLevel, Shape>>>
}

/** As a document carries them, DER; the root comes first in the bundle. */
export interface NitroChain {
  readonly certificate: Uint8Array
  readonly cabundle: readonly Uint8Array[]
}

const SECOND_MS = 1000
const HOUR_MS = 3600 * SECOND_MS
const DAY_MS = 24 * HOUR_MS
/** How long before now each is issued, and how long it lives: AWS's own spans. */
const SPANS: Readonly<Record<NitroLevel, { readonly ageMs: number; readonly lifeMs: number }>> = {
  root: { ageMs: DAY_MS, lifeMs: 30 * 365 * DAY_MS },
  regional: { ageMs: DAY_MS, lifeMs: 20 * DAY_MS },
  zonal: { ageMs: 12 * HOUR_MS, lifeMs: 6 * DAY_MS },
  instance: { ageMs: HOUR_MS, lifeMs: DAY_MS },
  leaf: { ageMs: 3 * SECOND_MS, lifeMs: 3 * HOUR_MS + 3 * SECOND_MS },
}
const AUTHORITY_USAGE = keyUsage(0x86)
const EXTENSIONS: Readonly<Record<NitroLevel, readonly ExtensionTemplate[]>> = {
  root: [caConstraints(), AUTHORITY_USAGE],
  regional: [caConstraints(2), AUTHORITY_USAGE],
  zonal: [caConstraints(1), AUTHORITY_USAGE],
  instance: [caConstraints(0), keyUsage(0x04, 2)],
  leaf: [leafConstraints(), { ...keyUsage(0xc0, 6), critical: false }],
}
const CRL = 'https://certificates.simulated.example/nitro.crl'
const PEM_KEY = 'PRIVATE KEY'
const PEM_CERTIFICATE = 'CERTIFICATE'

/** The subject of a simulated certificate: the common name is as AWS forms them, the organisation says what it is. */
export function simulatedNitroName(commonName: string): NameTemplate {
  return [
    ['2.5.4.6', 'US'],
    ['2.5.4.10', 'Countersign SIMULATED Amazon'],
    ['2.5.4.11', 'AWS'],
    ['2.5.4.3', commonName],
  ]
}

/** Makes five P-384 keys, in a few milliseconds. */
export function createSimulatedNitroKeys(): SimulatedNitroKeys {
  const key = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  return { root: key(), regional: key(), zonal: key(), instance: key(), leaf: key() }
}

/** Makes keys and root; the certificates below it live days or hours and are issued with each document. */
export function createSimulatedNitroPki(options: SimulatedNitroPkiOptions = {}): SimulatedNitroPki {
  const { keys = createSimulatedNitroKeys(), clock = () => new Date(), shape = (template) => template } = options
  const template = templateOf('root', keys, { names: namesOf('', ''), clock })
  const root = issueCertificate(shape(template), keys.root)
  return { keys, root, rootFingerprint: digestUri(root) }
}

/** Issues the certificates of one document: regional, zonal and instance CA, and the leaf that signs it. */
export function issueNitroChain({ keys, root }: SimulatedNitroPki, subject: NitroSubject): NitroChain {
  const { moduleId, region, clock, shapes = {} } = subject
  const names = namesOf(moduleId, region)
  const issue = (level: NitroLevel): Uint8Array => {
    const template = templateOf(level, keys, { names, clock })
    return issueCertificate(shapes[level]?.(template) ?? template, keys[above(level)])
  }
  return { certificate: issue('leaf'), cabundle: [root, issue('regional'), issue('zonal'), issue('instance')] }
}

type LevelNames = Readonly<Record<NitroLevel, string>>

function namesOf(moduleId: string, region: string): LevelNames {
  // `i-<instance>-enc<enclave>`: the instance's own certificate stands above that of its enclave.
  const instance = /^i-[0-9a-f]+/.exec(moduleId)?.[0] ?? moduleId
  return {
    root: 'aws.nitro-enclaves',
    regional: `0123456789abcdef.${region}.aws.nitro-enclaves`,
    zonal: `fedcba9876543210.zonal.${region}.aws.nitro-enclaves`,
    instance: `${instance}.${region}.aws.nitro-enclaves`,
    leaf: `${moduleId}.${region}.aws`,
  }
}

function above(level: NitroLevel): NitroLevel {
  return LEVELS[Math.max(0, LEVELS.indexOf(level) - 1)] ?? 'root'
}

function templateOf(
  level: NitroLevel,
  keys: SimulatedNitroKeys,
  { names, clock }: { readonly names: LevelNames; readonly clock: () => Date },
): CertificateTemplate {
  const spki = spkiOf(createPublicKey(keys[level]))
  const issuer = above(level)
  const { ageMs, lifeMs } = SPANS[level]
  const start = Math.floor(clock().getTime() / SECOND_MS) * SECOND_MS - ageMs
  const authority = level === 'root' ? [] : [authorityKeyId(keyIdOf(spkiOf(createPublicKey(keys[issuer]))))]
  const points = level === 'regional' || level === 'zonal' ? [crlDistributionPoint(CRL)] : []
  return {
    version: 3,
    serial: Uint8Array.of(1, ...keyIdOf(spki).slice(0, 15)),
    issuer: simulatedNitroName(names[issuer]),
    subject: simulatedNitroName(names[level]),
    notBefore: new Date(start),
    notAfter: new Date(start + lifeMs),
    spki,
    extensions: [...EXTENSIONS[level], ...authority, subjectKeyId(keyIdOf(spki)), ...points],
    scheme: 'ES384',
  }
}

/** A PKI as JSON of PEM, so that its root stays the same from run to run. It holds private keys. */
export function exportNitroPki({ keys, root }: SimulatedNitroPki): string {
  const pems = LEVELS.map((level) => [level, String(keys[level].export({ format: 'pem', type: 'pkcs8' }))] as const)
  return JSON.stringify({ keys: Object.fromEntries(pems), root: encodePem(root, PEM_CERTIFICATE) })
}

/** Reads what {@link exportNitroPki} wrote. @throws MalformedError JSON_*, PARSE_INVALID, PEM_INVALID */
export function importNitroPki(text: string): SimulatedNitroPki {
  const reader = new ObjectReader(decodeJson(text), 'pki', {
    missing: 'PARSE_INVALID',
    unknown: 'PARSE_INVALID',
    invalid: 'PARSE_INVALID',
  })
  const pems = reader.object('keys')
  const key = (level: NitroLevel): KeyObject =>
    createPrivateKey({ key: Buffer.from(onePem(pems.string(level), PEM_KEY)), format: 'der', type: 'pkcs8' })
  const root = onePem(reader.string('root'), PEM_CERTIFICATE)
  const keys = {
    root: key('root'),
    regional: key('regional'),
    zonal: key('zonal'),
    instance: key('instance'),
    leaf: key('leaf'),
  }
  pems.end()
  reader.end()
  return { keys, root, rootFingerprint: digestUri(root) }
}

function onePem(text: string, label: string): Uint8Array {
  const [der, ...rest] = decodePem(text, label)
  if (der === undefined || rest.length > 0) throw new CountersignError('ERR_USAGE', `not exactly one ${label}`)
  return der
}
