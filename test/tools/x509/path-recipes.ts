/** Fixtures about paths in the profiles of Intel and AWS. Those of AMD's are among the fixtures of SEV-SNP. */
import { generateKeyPairSync } from 'node:crypto'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import {
  bitString,
  encodeDer,
  nullElement,
  objectIdentifier,
  octetString,
  sequence,
} from '../../../src/simulator/der-writer.ts'
import {
  algorithmOf,
  authorityKeyId,
  caConstraints,
  type ExtensionTemplate,
  keyUsage,
  type Shape,
  spkiOf,
} from '../../../src/simulator/issue-certificate.ts'
import { AT, accepts, after, type Changes, DAY_MS, extended, type Recipe, rejects, shaped } from './recipe.ts'

const OID_BASIC_CONSTRAINTS = '2.5.29.19'
const OID_KEY_USAGE = '2.5.29.15'
const OID_AUTHORITY_KEY = '2.5.29.35'
const OID_SUBJECT_KEY = '2.5.29.14'
const OID_PURPOSES = '2.5.29.37'
const DIGITAL_SIGNATURE = 0x80
const KEY_CERT_SIGN = 0x04
const CRL_SIGN = 0x02
const KEY_AGREEMENT = 0x08

const ec = (namedCurve: string): Uint8Array => spkiOf(generateKeyPairSync('ec', { namedCurve }).publicKey)
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const unknown: ExtensionTemplate = { oid: '1.2.3.4', critical: true, value: octetString(Uint8Array.of(1)) }
const purposes = (...oids: readonly string[]): ExtensionTemplate => ({
  oid: OID_PURPOSES,
  value: sequence(...oids.map(objectIdentifier)),
})
const nitro = (changes: Changes): Changes => ({ profile: 'nitro', ...changes })
const algorithm = (oid: string, ...parameters: readonly Uint8Array[]): Uint8Array =>
  sequence(objectIdentifier(oid), ...parameters)
/** Both places name an algorithm; the signature is of another, which nobody gets to look at. */
const signedWith = (place: number, named: Uint8Array): Changes =>
  shaped(place, { innerAlgorithm: named, outerAlgorithm: named })
const ecKey = (curve: Uint8Array, point: Uint8Array): Uint8Array =>
  sequence(algorithm('1.2.840.10045.2.1', curve), bitString(point))
const P256 = objectIdentifier('1.2.840.10045.3.1.7')
const point = ec('P-256').slice(-65)
const named = (...parts: readonly (readonly [string, string])[]): Changes => shaped(1, { subject: parts })

export const PATH_RECIPES: readonly Recipe[] = [
  ...accepts(
    'X3',
    ['path', 'a good path of a PCK certificate', {}],
    ['path-signing', 'a good path of a signing certificate', { profile: 'intel-signing' }],
    ['path-nitro', 'a good path of an enclave', nitro({})],
    ['path-nitro-short', 'a path of an enclave without intermediates', nitro({ intermediates: 0 })],
  ),
  ...rejects(
    'X1',
    'X509_UNTRUSTED_ROOT',
    [
      'root-same-names',
      'a path of another root with the same names and key identifiers',
      { pinned: 'good', signers: { 0: stranger, 1: stranger, 2: stranger }, ...shaped(2, { spki: ec('P-256') }) },
    ],
    [
      'root-reissued',
      'a root with the pinned key and other octets',
      { pinned: 'good', ...shaped(2, { serial: Uint8Array.of(9) }) },
    ],
    [
      'root-of-other-vendor',
      'a root that is pinned for nobody',
      { pinned: 'good', ...shaped(2, { notAfter: after(2 * DAY_MS) }) },
    ],
  ),
  ...rejects(
    'X2',
    'X509_BAD_SIGNATURE',
    ['leaf-signer', 'a leaf that another key signed', { signers: { 0: stranger } }],
    ['issuer-signer', 'an intermediate that another key signed', { signers: { 1: stranger } }],
    ['root-signer', 'a root that another key signed', { signers: { 2: stranger } }],
    [
      'nitro-signer',
      'a certificate in the middle that another key signed',
      nitro({ signers: { 2: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey } }),
    ],
  ),
  ...rejects(
    'X3',
    'X509_CHAIN_BROKEN',
    ['leaf-issuer-name', 'a leaf of an issuer of another name', shaped(0, { issuer: [['2.5.4.3', 'SIMULATED CA 1']] })],
    [
      'names-in-other-order',
      'names whose parts stand in another order',
      named(['2.5.4.10', 'SIMULATED'], ['2.5.4.3', 'SIMULATED CA 1']),
    ],
    [
      'path-swapped',
      'a path in the wrong order',
      { tamper: ([leaf = new Uint8Array(), ...rest]) => [...rest.slice(0, 1), leaf, ...rest.slice(1)] },
    ],
    [
      'path-without-issuer',
      'a path without its intermediate',
      { tamper: ([leaf = new Uint8Array(), , root = new Uint8Array()]) => [leaf, root] },
    ],
    ['path-empty', 'an empty path', { tamper: () => [] }],
    ['nitro-without-issuer', 'a path with a gap', nitro({ tamper: (path) => path.filter((_, place) => place !== 2) })],
    [
      'leaf-other-key-identifier',
      'a leaf that names another key than its issuer has',
      extended(0, OID_AUTHORITY_KEY, authorityKeyId(new Uint8Array(20).fill(1))),
    ],
    [
      'root-other-key-identifier',
      'a root that names another key than its own',
      extended(2, OID_AUTHORITY_KEY, authorityKeyId(new Uint8Array(20).fill(1))),
    ],
  ),
  ...rejects(
    'X4',
    'X509_NOT_CA',
    ['issuer-without-constraints', 'an intermediate without basic constraints', extended(1, OID_BASIC_CONSTRAINTS)],
    [
      'issuer-no-ca',
      'an intermediate that is no CA',
      extended(1, OID_BASIC_CONSTRAINTS, { ...caConstraints(), value: sequence() }),
    ],
    [
      'issuer-constraints-not-critical',
      'an intermediate whose constraints are not critical',
      extended(1, OID_BASIC_CONSTRAINTS, { ...caConstraints(), critical: false }),
    ],
    ['root-no-ca', 'a root that is no CA', extended(2, OID_BASIC_CONSTRAINTS)],
  ),
  ...accepts(
    'X5',
    ['path-length-met', 'as many intermediates as each allows', nitro({ shapes: lengths(0, 1, 2) })],
    [
      'path-length-self-issued',
      'an intermediate that issues itself, which is not counted',
      nitro({ ...selfIssued(), intermediates: 2 }),
    ],
  ),
  ...rejects(
    'X5',
    'X509_PATHLEN',
    [
      'root-path-length',
      'a root that allows no intermediate above one',
      extended(2, OID_BASIC_CONSTRAINTS, caConstraints(0)),
    ],
    ['path-length-in-between', 'an intermediate that allows none above one', nitro({ shapes: lengths(undefined, 0) })],
    [
      'path-length-of-root',
      'a root that allows one above three',
      nitro({ shapes: lengths(undefined, undefined, undefined, 1) }),
    ],
    [
      'leaf-path-length',
      'a path length on a leaf',
      extended(0, OID_BASIC_CONSTRAINTS, { ...caConstraints(), value: sequence(encodeDer(2, Uint8Array.of(0))) }),
    ],
  ),
  ...rejects(
    'X6',
    'X509_KEY_USAGE',
    ['issuer-without-key-usage', 'an intermediate without key usage', extended(1, OID_KEY_USAGE)],
    [
      'issuer-crl-sign-alone',
      'an intermediate that may sign lists alone',
      extended(1, OID_KEY_USAGE, keyUsage(CRL_SIGN)),
    ],
    ['root-without-cert-sign', 'a root that may not sign certificates', extended(2, OID_KEY_USAGE, keyUsage(CRL_SIGN))],
    [
      'leaf-cert-sign',
      'a leaf that may sign certificates',
      extended(0, OID_KEY_USAGE, keyUsage(DIGITAL_SIGNATURE | KEY_CERT_SIGN, 2)),
    ],
    ['leaf-key-agreement', 'a leaf that may not sign', extended(0, OID_KEY_USAGE, keyUsage(KEY_AGREEMENT, 3))],
    ['leaf-without-key-usage', 'a leaf without key usage', extended(0, OID_KEY_USAGE)],
    ['leaf-purpose', 'a leaf that is for servers', extended(0, OID_PURPOSES, purposes('1.3.6.1.5.5.7.3.1'))],
    ['leaf-any-purpose', 'a leaf that is for anything', extended(0, OID_PURPOSES, purposes('2.5.29.37.0'))],
    ['issuer-purpose', 'an intermediate that is for servers', extended(1, OID_PURPOSES, purposes('1.3.6.1.5.5.7.3.1'))],
  ),
  ...rejects('X6', 'X509_MALFORMED', [
    'leaf-purposes-none',
    'a leaf that is for nothing',
    extended(0, OID_PURPOSES, purposes()),
  ]),
  ...rejects(
    'X7',
    'X509_CA_AS_LEAF',
    ['leaf-ca', 'a CA in the place of a leaf', extended(0, OID_BASIC_CONSTRAINTS, caConstraints())],
    [
      'leaf-ca-of-vendor',
      "a vendor's own CA in the place of a leaf",
      { profile: 'intel-signing', shapes: { 0: asCa } },
    ],
  ),
  ...rejects(
    'X8',
    'X509_UNKNOWN_CRITICAL',
    ['leaf-critical', 'an unknown critical extension of a leaf', extended(0, '1.2.3.4', unknown)],
    ['issuer-critical', 'an unknown critical extension of an intermediate', extended(1, '1.2.3.4', unknown)],
    ['root-critical', 'an unknown critical extension of a root', extended(2, '1.2.3.4', unknown)],
    [
      'issuer-name-constraints',
      'name constraints, critical or not',
      extended(1, '2.5.29.30', { oid: '2.5.29.30', value: sequence() }),
    ],
    [
      'leaf-key-identifier-critical',
      'a critical key identifier',
      extended(0, OID_AUTHORITY_KEY, { ...authorityKeyId(new Uint8Array(20)), critical: true }),
    ],
  ),
  ...rejects(
    'X9',
    'X509_MALFORMED',
    [
      'leaf-duplicate',
      'an extension that stands there twice',
      { shapes: { 0: (t) => ({ ...t, extensions: [...t.extensions, ...t.extensions.slice(0, 1)] }) } },
    ],
    ['leaf-version-1', 'a leaf of version 1', shaped(0, { version: 1, extensions: [] })],
    ['issuer-version-2', 'an intermediate of version 2', shaped(1, { version: 2 })],
    ['leaf-serial-zero', 'a serial number of zero', shaped(0, { serial: Uint8Array.of(0) })],
    ['leaf-serial-negative', 'a negative serial number', shaped(0, { serial: Uint8Array.of(0x80) })],
    ['leaf-serial-padded', 'a padded serial number', shaped(0, { serial: Uint8Array.of(0, 1) })],
    ['leaf-serial-long', 'a serial number of 21 octets', shaped(0, { serial: new Uint8Array(21).fill(1) })],
    ['leaf-serial-none', 'a serial number of no octets', shaped(0, { serial: new Uint8Array() })],
    ['issuer-serial-zero', 'an intermediate with the serial number zero', shaped(1, { serial: Uint8Array.of(0) })],
    ['leaf-no-key-identifier', 'a leaf that names no key', extended(0, OID_AUTHORITY_KEY)],
    ['issuer-no-key-identifier', 'an issuer without a key identifier', extended(1, OID_SUBJECT_KEY)],
    [
      'leaf-key-by-name',
      'a leaf that names its key by issuer and number',
      extended(0, OID_AUTHORITY_KEY, {
        oid: OID_AUTHORITY_KEY,
        value: sequence(encodeDer(0x80, Uint8Array.of(1)), encodeDer(0x82, Uint8Array.of(1))),
      }),
    ],
    ['leaf-name-empty', 'a name with an empty part', { shapes: { 0: (t) => ({ ...t, subject: [['2.5.4.3', '']] }) } }],
    [
      'leaf-name-control',
      'a name with a line break',
      { shapes: { 0: (t) => ({ ...t, subject: [['2.5.4.3', 'a\nb']] }) } },
    ],
    [
      'root-no-name',
      'a root without a name',
      {
        profile: 'intel-signing',
        shapes: { 0: (t) => ({ ...t, issuer: [] }), 1: (t) => ({ ...t, issuer: [], subject: [] }) },
      },
    ],
  ),
  ...accepts('X9', [
    'leaf-serial-20-octets',
    'a serial number of 20 octets with its highest bit set',
    shaped(0, { serial: concatBytes(Uint8Array.of(0), new Uint8Array(20).fill(0xff)) }),
  ]),
  ...rejects(
    'X10',
    'X509_ALG_MISMATCH',
    [
      'leaf-algorithm-inner',
      'another algorithm inside the signed part',
      shaped(0, { innerAlgorithm: algorithmOf('ES384') }),
    ],
    [
      'leaf-algorithm-outer',
      'another algorithm outside the signed part',
      shaped(0, { outerAlgorithm: algorithmOf('ES384') }),
    ],
    [
      'issuer-parameters-inner',
      'other parameters inside the signed part',
      shaped(1, { innerAlgorithm: algorithm('1.2.840.10045.4.3.2', nullElement()) }),
    ],
  ),
  ...rejects(
    'X11',
    'X509_ALG_FORBIDDEN',
    ['leaf-es384', 'ECDSA with SHA-384 where Intel signs with SHA-256', shaped(0, { scheme: 'ES384' })],
    ['nitro-es256', 'ECDSA with SHA-256 where AWS signs with SHA-384', nitro(shaped(0, { scheme: 'ES256' }))],
    ['leaf-sha1', 'ECDSA with SHA-1', signedWith(0, algorithm('1.2.840.10045.4.1'))],
    ['leaf-sha512', 'ECDSA with SHA-512', signedWith(0, algorithm('1.2.840.10045.4.3.4'))],
    ['leaf-null-parameters', 'ECDSA with parameters', signedWith(0, algorithm('1.2.840.10045.4.3.2', nullElement()))],
    ['issuer-md5', 'RSA with MD5', signedWith(1, algorithm('1.2.840.113549.1.1.4', nullElement()))],
    ['issuer-rsa-sha1', 'RSA with SHA-1', signedWith(1, algorithm('1.2.840.113549.1.1.5', nullElement()))],
    ['root-dsa', 'DSA', signedWith(2, algorithm('2.16.840.1.101.3.4.3.2'))],
    ['leaf-ed25519', 'Ed25519', signedWith(0, algorithm('1.3.101.112'))],
    ['leaf-p384', 'a P-384 key where Intel has P-256', shaped(0, { spki: ec('P-384') })],
    ['nitro-p256', 'a P-256 key where AWS has P-384', nitro(shaped(0, { spki: ec('P-256') }))],
    ['leaf-p521', 'a P-521 key', shaped(0, { spki: ec('P-521') })],
    [
      'leaf-p192',
      'a P-192 key',
      shaped(0, { spki: ecKey(objectIdentifier('1.2.840.10045.3.1.1'), new Uint8Array(49).fill(4)) }),
    ],
    [
      'issuer-rsa-2048',
      'an RSA key of 2048 bits',
      shaped(1, { spki: spkiOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey) }),
    ],
    ['leaf-ed25519-key', 'an Ed25519 key', shaped(0, { spki: spkiOf(generateKeyPairSync('ed25519').publicKey) })],
    [
      'leaf-dsa-key',
      'a DSA key',
      shaped(0, { spki: sequence(algorithm('1.2.840.10040.4.1'), bitString(Uint8Array.of(2, 1, 1))) }),
    ],
  ),
  ...rejects(
    'X12',
    'X509_BAD_KEY',
    [
      'leaf-off-curve',
      'a key that is not on its curve',
      shaped(0, {
        spki: ecKey(
          P256,
          point.map((octet, at) => (at === 64 ? octet ^ 1 : octet)),
        ),
      }),
    ],
    ['leaf-infinity', 'the point at infinity', shaped(0, { spki: ecKey(P256, Uint8Array.of(0)) })],
    ['leaf-zero-point', 'a point of zeros', shaped(0, { spki: ecKey(P256, Uint8Array.of(4, ...new Uint8Array(64))) })],
    [
      'leaf-coordinate-range',
      'a coordinate beyond the field',
      shaped(0, { spki: ecKey(P256, Uint8Array.of(4, ...new Uint8Array(64).fill(0xff))) }),
    ],
    [
      'leaf-compressed',
      'a compressed point',
      shaped(0, { spki: ecKey(P256, concatBytes(Uint8Array.of(2), point.slice(1, 33))) }),
    ],
    [
      'leaf-explicit-curve',
      'explicit curve parameters',
      shaped(0, { spki: ecKey(sequence(encodeDer(2, Uint8Array.of(1))), point) }),
    ],
    ['leaf-no-curve', 'a key that names no curve', shaped(0, { spki: ecKey(nullElement(), point) })],
    [
      'issuer-off-curve',
      'an issuer whose key is not on its curve',
      shaped(1, {
        spki: ecKey(
          P256,
          point.map((octet, at) => (at === 1 ? octet ^ 1 : octet)),
        ),
      }),
    ],
  ),
  ...accepts(
    'X13',
    ['leaf-first-second', 'a leaf in its first second', shaped(0, { notBefore: AT })],
    ['leaf-last-second', 'a leaf in its last second', shaped(0, { notAfter: AT })],
    [
      'leaf-last-millisecond',
      'a leaf in the last millisecond of its last second',
      { ...shaped(0, { notAfter: AT }), at: after(999) },
    ],
    ['root-last-second', 'a root in its last second', shaped(2, { notAfter: AT })],
  ),
  ...rejects(
    'X13',
    'X509_NOT_YET_VALID',
    ['leaf-not-yet-valid', 'a leaf one second before it is valid', shaped(0, { notBefore: after(1000) })],
    [
      'leaf-not-yet-valid-millisecond',
      'a leaf one millisecond before it is valid',
      { ...shaped(0, { notBefore: AT }), at: after(-1) },
    ],
    ['issuer-not-yet-valid', 'an intermediate one second before it is valid', shaped(1, { notBefore: after(1000) })],
    ['root-not-yet-valid', 'a root one second before it is valid', shaped(2, { notBefore: after(1000) })],
  ),
  ...rejects(
    'X13',
    'X509_EXPIRED',
    ['leaf-expired', 'a leaf one second after it was valid', shaped(0, { notAfter: after(-1000) })],
    ['issuer-expired', 'an intermediate one second after it was valid', shaped(1, { notAfter: after(-1000) })],
    ['root-expired', 'a root one second after it was valid', shaped(2, { notAfter: after(-1000) })],
  ),
  ...rejects(
    'X19',
    'X509_LIMIT',
    ['path-of-seven', 'seven certificates', nitro({ intermediates: 5 })],
    ['path-of-four', 'four certificates where Intel has three', { intermediates: 2 }],
    [
      'certificate-large',
      'a certificate larger than any genuine one',
      extended(0, '1.2.3.4', { oid: '1.2.3.4', value: octetString(new Uint8Array(8192)) }),
    ],
    [
      'nitro-certificate-large',
      'a certificate larger than AWS allows',
      nitro(extended(0, '1.2.3.4', { oid: '1.2.3.4', value: octetString(new Uint8Array(1024)) })),
    ],
  ),
]

/** Path lengths by place from the first issuer. */
function lengths(...of: readonly (number | undefined)[]): Readonly<Record<number, Shape>> {
  return Object.fromEntries(
    of.map((length, index) => [
      index + 1,
      (template) => ({
        ...template,
        extensions: [...template.extensions.filter(({ oid }) => oid !== OID_BASIC_CONSTRAINTS), caConstraints(length)],
      }),
    ]),
  )
}

/** Two intermediates of one name: the upper one, place 2, allows one below it and has issued the lower one in its own name. */
function selfIssued(): Changes {
  const name = [['2.5.4.3', 'SIMULATED CA 2']] as const
  return {
    shapes: {
      0: (template) => ({ ...template, issuer: name }),
      1: (template) => ({ ...template, issuer: name, subject: name }),
      2: (template) => ({
        ...template,
        subject: name,
        extensions: [...template.extensions.filter(({ oid }) => oid !== OID_BASIC_CONSTRAINTS), caConstraints(0)],
      }),
    },
  }
}

function asCa(template: Parameters<Shape>[0]): ReturnType<Shape> {
  const others = template.extensions.filter(({ oid }) => oid !== OID_BASIC_CONSTRAINTS && oid !== OID_KEY_USAGE)
  return { ...template, extensions: [...others, caConstraints(), keyUsage(KEY_CERT_SIGN | CRL_SIGN)] }
}
