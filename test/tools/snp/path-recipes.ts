/** Fixtures about certificates: their form, their path, the VCEK's extensions. */
import { generateKeyPairSync } from 'node:crypto'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { OID_CSP_ID, OID_HWID, OID_PRODUCT_NAME, OID_STRUCT_VERSION, splOid } from '../../../src/core/snp/index.ts'
import {
  bitString,
  explicit,
  ia5String,
  objectIdentifier,
  octetString,
  sequence,
  unsigned,
} from '../../../src/simulator/der-writer.ts'
import {
  algorithmOf,
  type CertificateTemplate,
  caConstraints,
  issueCertificate,
  keyUsage,
  type NameTemplate,
  type Shape,
  simulatedName,
  spkiOf,
} from '../../../src/simulator/index.ts'
import { AT, accepts, adding, type Changes, flip, type Recipe, rejects, replacing, without } from './recipe.ts'

const OID_KEY_USAGE = '2.5.29.15'
const OID_BASIC_CONSTRAINTS = '2.5.29.19'
const UNKNOWN = { oid: '1.2.3.4', critical: true, value: octetString(Uint8Array.of(1)) }
const DIGITAL_SIGNATURE = 0x80
const KEY_CERT_SIGN = 0x04
const CRL_SIGN = 0x02

const vcek = (shape: Shape): Changes => ({ shapes: { vcek: shape } })
const ask = (shape: Shape): Changes => ({ shapes: { ask: shape } })
const ark = (shape: Shape): Changes => ({ shapes: { ark: shape } })
const set =
  (change: Partial<CertificateTemplate>): Shape =>
  (template) => ({ ...template, ...change })

const point = (): Uint8Array => spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey).slice(-97)
const ecKey = (curve: Uint8Array, key: Uint8Array): Uint8Array =>
  sequence(sequence(objectIdentifier('1.2.840.10045.2.1'), curve), bitString(key))
const P384 = objectIdentifier('1.3.132.0.34')
const rsaKey = (modulusLength: number): Uint8Array => spkiOf(generateKeyPairSync('rsa', { modulusLength }).publicKey)

const RSASSA_PSS = objectIdentifier('1.2.840.113549.1.1.10')
const SHA256 = '2.16.840.1.101.3.4.2.1'
const SHA384 = '2.16.840.1.101.3.4.2.2'
const pss = (hash: string, maskHash: string): Uint8Array => {
  const mask = sequence(objectIdentifier('1.2.840.113549.1.1.8'), sequence(objectIdentifier(maskHash)))
  const salt = explicit(2, unsigned(48))
  return sequence(RSASSA_PSS, sequence(explicit(0, sequence(objectIdentifier(hash))), explicit(1, mask), salt))
}
const bothAlgorithms = (algorithm: Uint8Array): Shape => set({ innerAlgorithm: algorithm, outerAlgorithm: algorithm })

// AMD's very names, as an attacker would take them: nothing in them tells a forged root.
const amdName = (commonName: string): NameTemplate =>
  simulatedName(commonName).map(([oid, text]) => [oid, text.includes('SIMULATED') ? 'Advanced Micro Devices' : text])
const amdNamed: Shape = (template) => ({
  ...template,
  issuer: amdName(template.issuer.at(-1)?.[1] ?? ''),
  subject: amdName(template.subject.at(-1)?.[1] ?? ''),
})
const otherRoot = (): Uint8Array => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 })
  const name = amdName('ARK-Genoa')
  const template: CertificateTemplate = {
    version: 3,
    serial: Uint8Array.of(1, 0, 0),
    issuer: name,
    subject: name,
    notBefore: new Date(START),
    notAfter: new Date(END),
    spki: spkiOf(publicKey),
    extensions: [keyUsage(KEY_CERT_SIGN | CRL_SIGN), caConstraints()],
    scheme: 'PS384-explicit-trailer',
  }
  return issueCertificate(template, privateKey)
}
const splMissing = [1, 2, 3, 4, 5, 6, 7, 8].map(
  (arc) =>
    [`vcek-without-spl-${arc}`, `a VCEK without security patch level ${arc}`, vcek(without(splOid(arc)))] as const,
)
const START = AT.getTime() - 86_400_000
const END = START + 7 * 365 * 86_400_000

export const PATH_RECIPES: readonly Recipe[] = [
  ...rejects(
    'F4',
    'PARSE_TRAILING',
    [
      'vcek-trailing',
      'bytes behind a VCEK',
      { tamper: (files) => ({ ...files, leaf: concatBytes(files.leaf, Uint8Array.of(0)) }) },
    ],
    [
      'ark-trailing',
      'bytes behind an ARK',
      { tamper: (files) => ({ ...files, root: concatBytes(files.root, Uint8Array.of(0)) }) },
    ],
  ),
  ...rejects(
    'X1',
    'X509_UNTRUSTED_ROOT',
    [
      'root-self-made',
      'a self-made root under the names of AMD',
      { shapes: { ark: amdNamed, ask: amdNamed, vcek: amdNamed }, simulatedRoots: [] },
    ],
    [
      'root-other-key',
      'a root with the names of the pinned one and another key',
      {
        shapes: { ark: amdNamed, ask: amdNamed, vcek: amdNamed },
        tamper: (files) => ({ ...files, root: otherRoot() }),
        simulatedRoots: 'issued-root',
      },
    ],
  ),
  ...rejects(
    'X2',
    'X509_BAD_SIGNATURE',
    [
      'vcek-signature',
      'a VCEK whose signature was changed',
      { tamper: (files) => ({ ...files, leaf: flip(files.leaf, files.leaf.length - 1) }) },
    ],
    [
      'ask-signature',
      'an ASK whose signature was changed',
      { tamper: (files) => ({ ...files, issuer: flip(files.issuer, files.issuer.length - 1) }) },
    ],
    [
      'ark-signature',
      'a pinned root that did not sign itself',
      { tamper: (files) => ({ ...files, root: flip(files.root, files.root.length - 1) }) },
    ],
  ),
  ...rejects(
    'X3',
    'X509_CHAIN_BROKEN',
    ['issuer-name', 'a VCEK that names another issuer', vcek(set({ issuer: simulatedName('SEV-Milan') }))],
    ['ask-issuer-name', 'an ASK that names another issuer', ask(set({ issuer: simulatedName('ARK-Milan') }))],
    [
      'chain-swapped',
      "ASK and ARK in each other's place",
      { tamper: (files) => ({ ...files, issuer: files.root, root: files.issuer }) },
    ],
    ['chain-without-ask', 'a chain without its ASK', { tamper: (files) => ({ ...files, issuer: files.root }) }],
    ['root-not-self-issued', 'a root that names another issuer', ark(set({ issuer: simulatedName('ARK-Milan') }))],
  ),
  ...rejects(
    'X4',
    'X509_NOT_CA',
    ['ask-not-ca', 'an ASK whose basic constraints name no CA', ask(replacing(OID_BASIC_CONSTRAINTS, sequence()))],
    ['ask-without-constraints', 'an ASK without basic constraints', ask(without(OID_BASIC_CONSTRAINTS))],
    ['ark-without-constraints', 'an ARK without basic constraints', ark(without(OID_BASIC_CONSTRAINTS))],
  ),
  ...rejects(
    'X5',
    'X509_PATHLEN',
    [
      'ark-path-length',
      'more intermediates than the root permits',
      ark(replacing(OID_BASIC_CONSTRAINTS, caConstraints(0).value)),
    ],
    [
      'vcek-path-length',
      'a path length on a leaf',
      vcek(adding({ oid: OID_BASIC_CONSTRAINTS, critical: true, value: sequence(unsigned(0)) })),
    ],
  ),
  ...rejects(
    'X6',
    'X509_KEY_USAGE',
    ['ask-key-usage', 'an ASK that may not sign certificates', ask(replacing(OID_KEY_USAGE, keyUsage(CRL_SIGN).value))],
    ['ask-without-key-usage', 'an ASK without key usage', ask(without(OID_KEY_USAGE))],
    ['vcek-cert-sign', 'a VCEK that may sign certificates', vcek(adding(keyUsage(DIGITAL_SIGNATURE | KEY_CERT_SIGN)))],
    ['vcek-no-signature', 'a VCEK that may not sign data', vcek(adding(keyUsage(0x20)))],
  ),
  accepts(
    'X6',
    'vcek-key-usage',
    'a VCEK whose key usage says that it signs data',
    vcek(adding(keyUsage(DIGITAL_SIGNATURE))),
  ),
  ...rejects('X7', 'X509_CA_AS_LEAF', ['vcek-ca', 'a CA in the place of the VCEK', vcek(adding(caConstraints()))]),
  ...rejects(
    'X8',
    'X509_UNKNOWN_CRITICAL',
    ['vcek-critical', 'an unknown critical extension in the VCEK', vcek(adding(UNKNOWN))],
    ['ask-critical', 'an unknown critical extension in the ASK', ask(adding(UNKNOWN))],
    ['ark-critical', 'an unknown critical extension in the ARK', ark(adding(UNKNOWN))],
  ),
  accepts(
    'X8',
    'vcek-not-critical',
    'an unknown extension that is not critical',
    vcek(adding({ ...UNKNOWN, critical: false })),
  ),
  ...rejects(
    'X9',
    'X509_MALFORMED',
    [
      'vcek-duplicate',
      'an extension that stands there twice',
      vcek(adding({ oid: OID_STRUCT_VERSION, value: unsigned(0) })),
    ],
    ['ask-version-1', 'an ASK of version 1', ask(set({ version: 1 }))],
    ['ask-version-2', 'an ASK of version 2', ask(set({ version: 2 }))],
    ['ask-serial-zero', 'serial number zero on an issuer', ask(set({ serial: Uint8Array.of(0) }))],
    ['ask-serial-negative', 'a negative serial number', ask(set({ serial: Uint8Array.of(0xff, 1) }))],
    ['ask-serial-long', 'a serial number of 21 octets', ask(set({ serial: new Uint8Array(21).fill(1) }))],
    ['ask-serial-padded', 'a serial number with a needless zero', ask(set({ serial: Uint8Array.of(0, 1) }))],
    ['vcek-serial-zeros', 'a serial number of two zeros', vcek(set({ serial: Uint8Array.of(0, 0) }))],
  ),
  accepts('X9', 'vcek-serial', 'a VCEK with a serial number', vcek(set({ serial: Uint8Array.of(1) }))),
  ...rejects(
    'X10',
    'X509_ALG_MISMATCH',
    [
      'vcek-algorithm-inner',
      'another algorithm inside than outside',
      vcek(set({ innerAlgorithm: algorithmOf('ES384') })),
    ],
    [
      'vcek-parameters-inner',
      'another salt inside than outside',
      vcek(set({ innerAlgorithm: algorithmOf('PS384-salt-32') })),
    ],
    [
      'vcek-trailer-inner',
      'a trailer field inside and none outside',
      vcek(set({ innerAlgorithm: algorithmOf('PS384-explicit-trailer') })),
    ],
  ),
  ...rejects(
    'X11',
    'X509_ALG_FORBIDDEN',
    ['vcek-rs384', 'a VCEK signed with PKCS#1 v1.5', vcek(set({ scheme: 'RS384' }))],
    ['vcek-ps256', 'a VCEK signed with SHA-256', vcek(set({ scheme: 'PS256' }))],
    ['vcek-salt-32', 'a VCEK signed with a salt of 32', vcek(set({ scheme: 'PS384-salt-32' }))],
    ['vcek-mgf-sha256', 'a VCEK whose mask is made with SHA-256', vcek(bothAlgorithms(pss(SHA384, SHA256)))],
    [
      'vcek-sha1',
      'a VCEK signed with the defaults of RSASSA-PSS',
      vcek(bothAlgorithms(sequence(RSASSA_PSS, sequence()))),
    ],
    ['ask-rs384', 'an ASK signed with PKCS#1 v1.5', ask(set({ scheme: 'RS384' }))],
    ['ask-rsa-2048', 'an ASK with an RSA key of 2048 bits', ask(set({ spki: rsaKey(2048) }))],
    [
      'vcek-p256',
      'a VCEK with a P-256 key',
      vcek(set({ spki: spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey) })),
    ],
    [
      'vcek-p521',
      'a VCEK with a P-521 key',
      vcek(set({ spki: spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey) })),
    ],
    [
      'vcek-ed25519',
      'a VCEK with an Ed25519 key',
      vcek(set({ spki: spkiOf(generateKeyPairSync('ed25519').publicKey) })),
    ],
  ),
  ...rejects(
    'X12',
    'X509_BAD_KEY',
    ['vcek-off-curve', 'a VCEK key that is not on its curve', vcek(set({ spki: ecKey(P384, flip(point(), 96)) }))],
    ['vcek-infinity', 'a VCEK key at infinity', vcek(set({ spki: ecKey(P384, Uint8Array.of(0)) }))],
    [
      'vcek-compressed',
      'a VCEK key in compressed form',
      vcek(set({ spki: ecKey(P384, point().slice(0, 49).fill(2, 0, 1)) })),
    ],
    [
      'vcek-explicit-curve',
      'a VCEK key with explicit curve parameters',
      vcek(set({ spki: ecKey(sequence(unsigned(1)), point()) })),
    ],
    ['ask-ec-key', 'an EC key where an RSA key is due', ask(set({ spki: ecKey(P384, point()) }))],
  ),
  accepts('X13', 'valid-first-second', 'a VCEK in its first second', { at: new Date(START) }),
  accepts('X13', 'valid-last-second', 'a VCEK in its last second', { at: new Date(END) }),
  ...rejects('X13', 'X509_NOT_YET_VALID', [
    'before-first-second',
    'a VCEK a second before its time',
    { at: new Date(START - 1000) },
  ]),
  ...rejects('X13', 'X509_EXPIRED', [
    'after-last-second',
    'a VCEK a second after its time',
    { at: new Date(END + 1000) },
  ]),
  ...rejects(
    'S10',
    'X509_EXTENSION',
    ...splMissing,
    ['vcek-spl-9-on-genoa', 'an FMC level in a Genoa VCEK', vcek(adding({ oid: splOid(9), value: unsigned(0) }))],
    ['vcek-without-fmc', 'a Turin VCEK without its FMC level', { product: 'Turin', ...vcek(without(splOid(9))) }],
    ['vcek-spl-range', 'a security patch level above 127', vcek(replacing(splOid(3), unsigned(128)))],
    ['vcek-spl-not-integer', 'a security patch level that is no INTEGER', vcek(replacing(splOid(3), ia5String('23')))],
    ['vcek-without-struct-version', 'a VCEK without its structure version', vcek(without(OID_STRUCT_VERSION))],
    ['vcek-struct-version', 'a Genoa VCEK of the structure of Turin', vcek(replacing(OID_STRUCT_VERSION, unsigned(1)))],
  ),
  ...rejects(
    'S12',
    'X509_EXTENSION',
    ['vcek-without-hwid', 'a VCEK without a chip id', vcek(without(OID_HWID))],
    ['vcek-hwid-short', 'a VCEK with a chip id of 63 octets', vcek(replacing(OID_HWID, new Uint8Array(63).fill(1)))],
  ),
  ...rejects('S13', 'X509_EXTENSION', [
    'vcek-csp-id',
    'a VCEK that names a cloud provider',
    vcek(adding({ oid: OID_CSP_ID, value: ia5String('CN=cloud') })),
  ]),
  ...rejects(
    'S3',
    'X509_EXTENSION',
    ['vcek-without-product', 'a VCEK without its product', vcek(without(OID_PRODUCT_NAME))],
    ['vcek-product-unknown', 'a VCEK of an unknown product', vcek(replacing(OID_PRODUCT_NAME, ia5String('Rome')))],
  ),
]
