/** Fixtures about the certificates inside a document: their bundle, their form, their path, the names they bind. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { bitString, objectIdentifier, octetString, sequence } from '../../../src/simulator/der-writer.ts'
import {
  algorithmOf,
  type CertificateTemplate,
  caConstraints,
  createSimulatedNitroKeys,
  createSimulatedNitroPki,
  issueCertificate,
  issueNitroChain,
  keyUsage,
  leafConstraints,
  type NameTemplate,
  type NitroFields,
  type NitroLevel,
  type Shape,
  type SimulatedNitro,
  simulatedNitroName,
  spkiOf,
} from '../../../src/simulator/index.ts'
import { cborArray, cborBytes, cborInteger, cborNull } from '../../../src/simulator/nitro-cbor.ts'
import {
  AT,
  accepts,
  addingExtension,
  type Changes,
  flip,
  type Recipe,
  rejects,
  replacing,
  replacingExtension,
  seconds,
  withoutExtension,
} from './recipe.ts'

type Bundle = Pick<NitroFields, 'certificate' | 'cabundle'>

const OID_KEY_USAGE = '2.5.29.15'
const OID_BASIC_CONSTRAINTS = '2.5.29.19'
const UNKNOWN = { oid: '1.2.3.4', critical: true, value: octetString(Uint8Array.of(1)) }
const HOUR = 3600
const DAY = 24 * HOUR

const shaped = (level: NitroLevel, shape: Shape): Changes => ({ certificateShapes: { [level]: shape } })
const set =
  (change: Partial<CertificateTemplate>): Shape =>
  (template) => ({ ...template, ...change })
const bundle = (change: (cabundle: readonly Uint8Array[]) => readonly Uint8Array[]): Changes => ({
  chain: (nitro) => ({ ...nitro.chain(), cabundle: change(nitro.chain().cabundle) }),
})
const element = (index: number, value: (der: Uint8Array) => Uint8Array): Changes =>
  bundle((all) => all.map((der, at) => (at === index ? value(der) : der)))
const swapped = (first: number, second: number): Changes =>
  bundle((all) => all.map((der, at) => (at === first ? all[second] : at === second ? all[first] : der) ?? der))
const moduleId = (id: string, keep: string): Changes => ({
  fields: { moduleId: id },
  chain: ({ pki }) => issueNitroChain(pki, { moduleId: keep, region: 'us-east-1', clock: () => AT }),
})

// AWS's very names, as an attacker would take them: nothing in them tells a forged root.
const amazonName = (name: NameTemplate): NameTemplate =>
  name.map(([oid, text]) => [oid, text.includes('SIMULATED') ? 'Amazon' : text])
const amazonNamed: Shape = (template) => ({
  ...template,
  issuer: amazonName(template.issuer),
  subject: amazonName(template.subject),
})
const named =
  (level: NitroLevel, commonName: string): Shape =>
  (template) => ({
    ...template,
    ...(level === 'leaf' ? { issuer: simulatedNitroName(commonName) } : { subject: simulatedNitroName(commonName) }),
  })

/** The document's own keys below another root. */
function underOtherRoot({ pki }: SimulatedNitro, shape: Shape = (template) => template): Bundle {
  const other = createSimulatedNitroPki({
    keys: { ...pki.keys, root: createSimulatedNitroKeys().root },
    clock: () => AT,
    shape,
  })
  const shapes = { regional: shape, zonal: shape, instance: shape, leaf: shape }
  return issueNitroChain(other, { moduleId: MODULE_ID, region: 'us-east-1', clock: () => AT, shapes })
}
const MODULE_ID = 'i-0123456789abcdef0-enc0123456789abcdef'
const OTHER_ENCLAVE = 'i-0123456789abcdef0-encfedcba9876543210'
const OTHER_INSTANCE = 'i-0fedcba987654321f-enc0123456789abcdef'

const point = (): Uint8Array => spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey).slice(-97)
const ecKey = (curve: Uint8Array, key: Uint8Array): Uint8Array =>
  sequence(sequence(objectIdentifier('1.2.840.10045.2.1'), curve), bitString(key))
const P384 = objectIdentifier('1.3.132.0.34')
const otherKey = (namedCurve: string): Uint8Array => spkiOf(generateKeyPairSync('ec', { namedCurve }).publicKey)
const rsaKey = (): Uint8Array => spkiOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)
const stranger: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey

/** A certificate of the right names and the right issuer, signed by somebody else. */
const forged = (level: NitroLevel): Changes => ({
  chain: (nitro) => {
    const held: { template?: CertificateTemplate } = {}
    const keep: Shape = (template) => {
      held.template = template
      return template
    }
    const made = issueNitroChain(nitro.pki, {
      moduleId: MODULE_ID,
      region: 'us-east-1',
      clock: () => AT,
      shapes: { [level]: keep },
    })
    if (held.template === undefined) throw new Error(`no certificate of level ${level}`)
    const der = issueCertificate(held.template, stranger)
    const index = ['root', 'regional', 'zonal', 'instance'].indexOf(level)
    return index < 0
      ? { ...made, certificate: der }
      : { ...made, cabundle: made.cabundle.map((old, at) => (at === index ? der : old)) }
  },
})

/** Two more authorities between the regional one and the zonal one. */
const deeper: Changes = {
  chain: ({ pki }) => {
    const names = ['a.deeper.nitro-enclaves', 'b.deeper.nitro-enclaves']
    const authority = (issuer: string, subject: string, pathLength: number): Uint8Array =>
      issueCertificate(
        {
          version: 3,
          serial: Uint8Array.of(7),
          issuer: simulatedNitroName(issuer),
          subject: simulatedNitroName(subject),
          notBefore: seconds(-DAY),
          notAfter: seconds(DAY),
          spki: spkiOf(createPublicKey(pki.keys.regional)),
          extensions: [caConstraints(pathLength), keyUsage(0x86)],
          scheme: 'ES384',
        },
        pki.keys.regional,
      )
    const regional = '0123456789abcdef.us-east-1.aws.nitro-enclaves'
    const last = names[1] ?? ''
    const made = issueNitroChain(pki, {
      moduleId: MODULE_ID,
      region: 'us-east-1',
      clock: () => AT,
      shapes: {
        regional: replacingExtension(caConstraints(4)),
        zonal: set({ issuer: simulatedNitroName(last) }),
      },
    })
    const [root, first, ...rest] = made.cabundle
    if (root === undefined || first === undefined) throw new Error('no bundle')
    return {
      ...made,
      cabundle: [root, first, authority(regional, names[0] ?? '', 3), authority(names[0] ?? '', last, 2), ...rest],
    }
  },
}

export const PATH_RECIPES: readonly Recipe[] = [
  accepts('X13', 'leaf-last-second', 'a leaf in its last second', {
    at: seconds(3 * HOUR),
    policy: { time: { maxAgeSeconds: 'unchecked', futureSkewSeconds: 300 } },
  }),
  accepts('X13', 'leaf-first-second', 'a leaf in its first second', { at: seconds(-3) }),
  ...rejects(
    'N9',
    'NITRO_CABUNDLE',
    ['cabundle-empty', 'an empty bundle', bundle(() => [])],
    ['cabundle-null', 'a bundle of null', replacing('cabundle', cborNull)],
    ['cabundle-element-empty', 'an empty certificate in the bundle', element(1, () => new Uint8Array())],
    [
      'cabundle-element-1025',
      'a certificate of 1025 bytes in the bundle',
      element(1, (der) => concatBytes(der, new Uint8Array(1025 - der.length))),
    ],
    ['cabundle-element-integer', 'a bundle of integers', replacing('cabundle', cborArray(cborInteger(1)))],
    ['cabundle-reversed', 'a bundle with the root last', bundle((all) => all.toReversed())],
    ['cabundle-swapped', 'intermediates in another order', swapped(1, 2)],
    ['cabundle-root-second', 'a bundle with the root in the second place', swapped(0, 1)],
  ),
  ...rejects('N9', 'X509_UNTRUSTED_ROOT', [
    'root-self-made',
    "a root of the sender's own, with AWS's names",
    { chain: (nitro) => underOtherRoot(nitro, amazonNamed) },
  ]),
  ...rejects('X1', 'X509_UNTRUSTED_ROOT', [
    'root-only-vendor',
    'a bundle whose root is in no list',
    { chain: (nitro) => underOtherRoot(nitro, amazonNamed), simulatedRoots: [] },
  ]),
  ...rejects(
    'P4',
    'SIMULATED_EVIDENCE',
    ['simulated-root-not-named', 'a simulated root that is not named', { simulatedRoots: [] }],
    ['root-other-simulated', 'another simulated root than the named one', { chain: (nitro) => underOtherRoot(nitro) }],
  ),
  ...rejects(
    'N11',
    'NITRO_MODULE_ID',
    ['module-id-empty', 'an empty module_id', { fields: { moduleId: '' }, chain: (nitro) => nitro.chain() }],
    ['module-id-bytes', 'a module_id that is no text', replacing('module_id', cborBytes(Uint8Array.of(1)))],
    ['module-id-other-enclave', 'a leaf of another enclave of the instance', moduleId(OTHER_ENCLAVE, MODULE_ID)],
    ['module-id-other-instance', 'a leaf of an enclave of another instance', moduleId(OTHER_INSTANCE, MODULE_ID)],
    ['module-id-prefix', 'a leaf whose name only begins as the module', moduleId(MODULE_ID.slice(0, -1), MODULE_ID)],
    ['module-id-form', 'a module_id without an instance', moduleId('enclave', 'enclave')],
    [
      'instance-other',
      'a leaf under the certificate of another instance',
      {
        certificateShapes: {
          instance: named('instance', 'i-0fedcba987654321f.us-east-1.aws.nitro-enclaves'),
          leaf: named('leaf', 'i-0fedcba987654321f.us-east-1.aws.nitro-enclaves'),
        },
      },
    ],
    [
      'leaf-two-names',
      'a leaf with two common names',
      shaped('leaf', (template) => ({ ...template, subject: [...template.subject, ['2.5.4.3', 'enclave']] })),
    ],
  ),
  ...rejects(
    'X2',
    'X509_BAD_SIGNATURE',
    ['forged-leaf', 'a leaf that its issuer did not sign', forged('leaf')],
    ['forged-instance', 'an instance certificate that its issuer did not sign', forged('instance')],
    ['forged-zonal', 'a zonal certificate that its issuer did not sign', forged('zonal')],
    ['forged-regional', 'a regional certificate that the root did not sign', forged('regional')],
  ),
  ...rejects(
    'X3',
    'X509_CHAIN_BROKEN',
    ['missing-regional', 'a bundle without the regional certificate', bundle((all) => all.filter((_, at) => at !== 1))],
    ['missing-instance', 'a bundle without the instance certificate', bundle((all) => all.slice(0, -1))],
    ['missing-all', 'a bundle of the root alone', bundle((all) => all.slice(0, 1))],
    ['issuer-name', 'a leaf that names another issuer', shaped('leaf', named('leaf', 'other.nitro-enclaves'))],
  ),
  ...rejects(
    'X4',
    'X509_NOT_CA',
    [
      'instance-not-ca',
      'an instance certificate that is no CA',
      shaped('instance', replacingExtension(leafConstraints())),
    ],
    [
      'zonal-without-constraints',
      'a zonal certificate without basic constraints',
      shaped('zonal', withoutExtension(OID_BASIC_CONSTRAINTS)),
    ],
    [
      'zonal-constraints-not-critical',
      'basic constraints that are not critical',
      shaped('zonal', replacingExtension({ ...caConstraints(1), critical: false })),
    ],
  ),
  ...rejects(
    'X5',
    'X509_PATHLEN',
    [
      'path-length',
      'a path longer than the regional certificate permits',
      shaped('regional', replacingExtension(caConstraints(1))),
    ],
    [
      'path-length-leaf',
      'a leaf with a path length',
      shaped(
        'leaf',
        replacingExtension({ oid: OID_BASIC_CONSTRAINTS, critical: true, value: sequence(Uint8Array.of(2, 1, 0)) }),
      ),
    ],
  ),
  ...rejects(
    'X6',
    'X509_KEY_USAGE',
    [
      'instance-usage',
      'an instance certificate without keyCertSign',
      shaped('instance', replacingExtension(keyUsage(0x80, 7))),
    ],
    [
      'instance-no-usage',
      'an instance certificate without key usage',
      shaped('instance', withoutExtension(OID_KEY_USAGE)),
    ],
    ['leaf-cert-sign', 'a leaf with keyCertSign', shaped('leaf', replacingExtension(keyUsage(0x84, 2)))],
    ['leaf-usage', 'a leaf without digitalSignature', shaped('leaf', replacingExtension(keyUsage(0x40, 6)))],
    ['leaf-no-usage', 'a leaf without key usage', shaped('leaf', withoutExtension(OID_KEY_USAGE))],
  ),
  ...rejects('X7', 'X509_CA_AS_LEAF', [
    'leaf-ca',
    'a leaf that is a CA',
    shaped('leaf', replacingExtension(caConstraints())),
  ]),
  ...rejects(
    'X8',
    'X509_UNKNOWN_CRITICAL',
    ['leaf-critical', 'an unknown critical extension of the leaf', shaped('leaf', addingExtension(UNKNOWN))],
    ['zonal-critical', 'an unknown critical extension of an intermediate', shaped('zonal', addingExtension(UNKNOWN))],
    ['root-critical', 'an unknown critical extension of the root', shaped('root', addingExtension(UNKNOWN))],
  ),
  ...rejects(
    'X9',
    'X509_MALFORMED',
    ['leaf-version-1', 'a leaf of version 1', shaped('leaf', set({ version: 1, extensions: [] }))],
    ['leaf-version-2', 'a leaf of version 2', shaped('leaf', set({ version: 2 }))],
    [
      'leaf-duplicate',
      'an extension that is there twice',
      shaped('leaf', addingExtension({ oid: OID_KEY_USAGE, value: keyUsage(0xc0, 6).value })),
    ],
    ['leaf-serial-zero', 'a serial number of zero', shaped('leaf', set({ serial: Uint8Array.of(0) }))],
    ['leaf-serial-negative', 'a negative serial number', shaped('leaf', set({ serial: Uint8Array.of(0x80) }))],
    [
      'leaf-serial-long',
      'a serial number of more than 20 octets',
      shaped('leaf', set({ serial: new Uint8Array(22).fill(1) })),
    ],
  ),
  ...rejects('X10', 'X509_ALG_MISMATCH', [
    'leaf-algorithm-inner',
    'another algorithm inside the signed part',
    shaped('leaf', set({ innerAlgorithm: algorithmOf('ES256') })),
  ]),
  ...rejects(
    'X11',
    'X509_ALG_FORBIDDEN',
    ['leaf-es256', 'a leaf signed with SHA-256', shaped('leaf', set({ scheme: 'ES256' }))],
    ['zonal-es256', 'an intermediate signed with SHA-256', shaped('zonal', set({ scheme: 'ES256' }))],
    ['leaf-p256', 'a leaf with a P-256 key', shaped('leaf', set({ spki: otherKey('P-256') }))],
    ['leaf-p521', 'a leaf with a P-521 key', shaped('leaf', set({ spki: otherKey('P-521') }))],
    ['leaf-rsa', 'a leaf with an RSA key', shaped('leaf', set({ spki: rsaKey() }))],
  ),
  ...rejects(
    'X12',
    'X509_BAD_KEY',
    ['leaf-off-curve', 'a key off its curve', shaped('leaf', set({ spki: ecKey(P384, flip(point(), 96)) }))],
    ['leaf-infinity', 'a key at infinity', shaped('leaf', set({ spki: ecKey(P384, Uint8Array.of(0)) }))],
    [
      'leaf-explicit-curve',
      'explicit curve parameters',
      shaped('leaf', set({ spki: ecKey(sequence(Uint8Array.of(2, 1, 1)), point()) })),
    ],
  ),
  ...rejects(
    'X13',
    'X509_EXPIRED',
    ['leaf-expired', 'a leaf one second after its last', { at: seconds(3 * HOUR + 1) }],
    [
      'instance-expired',
      'an instance certificate that ended before the leaf',
      { ...shaped('instance', set({ notAfter: seconds(60) })), at: seconds(61) },
    ],
  ),
  ...rejects(
    'X13',
    'X509_NOT_YET_VALID',
    ['leaf-early', 'a leaf one second before its first', { at: seconds(-4) }],
    ['zonal-early', 'a zonal certificate that is not valid yet', shaped('zonal', set({ notBefore: seconds(1) }))],
  ),
  ...rejects('X19', 'X509_LIMIT', ['path-7', 'a path of seven certificates', deeper]),
]
