// Mutations of what vouches: certificates, the PCK extension, revocation lists, signatures and chains of documents, and the time.
import { X509Certificate } from 'node:crypto'
import { flipBit, join, OCTET_CHANGES, put } from './octets.mjs'
import { changingExtension, der, integer, later, named, SHAPES, withoutExtension } from './shapes.mjs'

const DAY_MS = 86_400_000
const OID_SGX = '1.2.840.113741.1.13.1'
const octetString = (octets) => der(4, octets)
const serialOf = (certificate) => {
  const hex = new X509Certificate(certificate).serialNumber
  return new Uint8Array(Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex'))
}

const svnChange = (svn, r) => Math.max(0, Math.min(255, svn + r.pick([-3, -2, -1, 1, 3, 200])))
const platform = (change) => (r) => ({ platform: change(r) })
const OWN_SVNS = [3, 3, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0]

const PLATFORMS = [
  ['platform-component', platform((r) => ({ cpuSvn: withSvn(r.below(16), r) }))],
  [
    'platform-components',
    platform((r) => ({ cpuSvn: Uint8Array.from(OWN_SVNS, (svn) => (r.chance(0.3) ? svnChange(svn, r) : svn)) })),
  ],
  ['platform-pce-svn', platform((r) => ({ pceSvn: r.pick([0, 4, 5, 12, 14, 127, 128, 255, 256, 0x7fff]) }))],
  ['platform-pce-svn-high', platform((r) => ({ pceSvn: r.pick([0x8000, 0xffff]) }))],
  ['platform-pce-id', platform((r) => ({ pceId: r.pick([Uint8Array.of(0, 1), Uint8Array.of(1, 0)]) }))],
  ['platform-fmspc', platform((r) => ({ fmspc: r.octets(6) }))],
  ['platform-instance', platform((r) => ({ platformInstanceId: r.octets(16), ppid: r.octets(16) }))],
  ['processor-ca', () => ({ ca: 'processor' })],
]

function withSvn(at, r) {
  return Uint8Array.from(OWN_SVNS, (svn, i) => (i === at ? svnChange(svn, r) : svn))
}

const entries = (change) => (r) => ({ sgxEntries: (all) => change(all, r) })
const entry = (arc, value) => entries((all, r) => all.map((old) => (old[0] === arc ? [arc, value(r, old[1])] : old)))
const EXTENSION = [
  ...['1', '2', '3', '4', '5', '6', '7'].map((arc) => [
    `pck-without-${arc}`,
    entries((all) => all.filter(([name]) => name !== arc)),
  ]),
  ['pck-field-twice', entries((all, r) => [...all, r.pick(all)])],
  ['pck-field-unknown', entries((all) => [...all, ['8', integer(1)]])],
  ['pck-fields-shuffled', entries((all, r) => r.shuffled(all))],
  ['pck-fmspc-twice', entries((all) => [['4', octetString(new Uint8Array(6))], ...all])],
  ['pck-ppid-short', entry('1', (r) => octetString(r.octets(15)))],
  ['pck-pce-id-long', entry('3', () => octetString(new Uint8Array(3)))],
  ['pck-fmspc-short', entry('4', (r) => octetString(r.octets(5)))],
  ['pck-fmspc-text', entry('4', (_, old) => put(old, 0, 0x0c))],
  ['pck-sgx-type', entry('5', (r) => der(0x0a, Uint8Array.of(r.pick([0, 1, 2, 3, 200]))))],
  ['pck-tcb-octet', entry('2', (r, old) => flipBit(old, r.below(old.length * 8)))],
  ['pck-components-other', entry('2', (r, old) => otherComponent(old, r))],
  [
    'pck-extension-flip',
    (r) => ({ pck: changingExtension(OID_SGX, (value) => flipBit(value, r.below(value.length * 8))) }),
  ],
  ['pck-extension-trailing', () => ({ pck: changingExtension(OID_SGX, (value) => join(value, Uint8Array.of(0))) })],
  ['pck-extension-none', () => ({ pck: withoutExtension(OID_SGX) })],
  [
    'pck-extension-twice',
    () => ({
      pck: (t) => ({ ...t, extensions: [...t.extensions, ...t.extensions.filter(({ oid }) => oid === OID_SGX)] }),
    }),
  ],
]

/** A component that CPUSVN contradicts: the octet behind the first `INTEGER` of length one. */
function otherComponent(old, r) {
  const found = [...old.keys()].filter((i) => old[i] === 2 && old[i + 1] === 1 && i > 4)
  const at = r.pick(found)
  return put(old, at + 2, (old[at + 2] + 1) & 127)
}

/** Of each certificate, signed anew by its issuer. `at` is the time to judge at. */
const CERTIFICATES = [
  ['pck', (shape) => ({ pck: shape })],
  ['platform-ca', (shape) => ({ certificates: { platformCa: shape } })],
  ['tcb-signing', (shape) => ({ certificates: { tcbSigning: shape } })],
].flatMap(([prefix, wrap]) =>
  SHAPES.map(([name, shape]) => [`${prefix}-${name}`, (_, { at }) => wrap((template) => shape(template, at))]),
)

const list = (name) => (change) => (r, world) => ({ [name]: (template) => change(template, r, world) })
const point = (date) => ({ serial: Uint8Array.of(0x41, 1, 2), date })
const critical = (oid, value) => ({ oid, critical: true, value })
/** Of each list, signed anew by its issuer. */
const LISTS = [
  ['expired', (t, _, { at }) => ({ ...t, nextUpdate: later(at, -1000) })],
  ['future', (t, _, { at }) => ({ ...t, thisUpdate: later(at, 1000) })],
  ['last-second', (t, _, { at }) => ({ ...t, nextUpdate: at })],
  ['without-next-update', ({ nextUpdate: _, ...t }) => t],
  ['without-number', ({ number: _, ...t }) => t],
  ['version-1', (t) => ({ ...t, version: 1, extensions: [], number: undefined })],
  ['other-issuer', (t) => ({ ...t, issuer: named(t.issuer, 'Intel SGX Other CA') })],
  ['unknown-critical', (t) => ({ ...t, extensions: [...t.extensions, critical('1.2.3.4', integer(1))] })],
  ['delta', (t) => ({ ...t, extensions: [...t.extensions, critical('2.5.29.27', integer(1))] })],
  [
    'users-only',
    (t) => ({ ...t, extensions: [...t.extensions, critical('2.5.29.28', der(0x30, Uint8Array.of(0x81, 1, 255)))] }),
  ],
  ['empty-list', (t) => ({ ...t, revoked: 'empty-list' })],
  [
    'others',
    (t, r) => ({
      ...t,
      revoked: Array.from({ length: r.between(1, 40) }, () => ({
        serial: join(Uint8Array.of(0x31), r.octets(15)),
        date: t.thisUpdate,
      })),
    }),
  ],
  ['pck', (t, _, { tdx }) => revoking(t, tdx.pck)],
  ['platform-ca', (t, _, { tdx }) => revoking(t, tdx.pki.certificates.platformCa)],
  ['tcb-signing', (t, _, { tdx }) => revoking(t, tdx.pki.certificates.tcbSigning)],
  ['root', (t, _, { tdx }) => revoking(t, tdx.pki.certificates.root)],
  ['pck-among-others', (t, _, { tdx }) => revoking({ ...t, revoked: [point(t.thisUpdate)] }, tdx.pck)],
  [
    'pck-with-reason',
    (t, r, { tdx }) =>
      revoking(t, tdx.pck, [{ oid: '2.5.29.21', value: der(0x0a, Uint8Array.of(r.pick([1, 4, 6, 8]))) }]),
  ],
  [
    'entry-critical',
    (t) => ({ ...t, revoked: [{ ...point(t.thisUpdate), extensions: [critical('2.5.29.29', integer(1))] }] }),
  ],
]

function revoking(template, certificate, extensions = []) {
  const entry = { serial: serialOf(certificate), date: template.thisUpdate, extensions }
  return { ...template, revoked: [...template.revoked, entry] }
}

/** Finished octets of the collateral: nothing is signed anew. */
const file = (name, change) => (r) => ({
  tamper: (files, world) => ({ ...files, [name]: change(files[name], r, world, files) }),
})
const part = (name, field, change) =>
  file(name, (document, r) => ({ ...document, [field]: change(document[field], r) }))
const DOCUMENTS = [
  ['tcb-info', 'tcbInfo'],
  ['qe-identity', 'qeIdentity'],
]
const CRLS = [
  ['pck-crl', 'pckCrl'],
  ['root-crl', 'rootCaCrl'],
]
export const COLLATERAL_OCTET_MUTATIONS = [
  ...DOCUMENTS.flatMap(([prefix, name]) => [
    ...OCTET_CHANGES.flatMap(([change, apply]) => [
      [`${prefix}-body-${change}`, part(name, 'body', apply)],
      [`${prefix}-signature-${change}`, part(name, 'signature', apply)],
      [`${prefix}-chain-${change}`, part(name, 'issuerChain', ([leaf, ...rest], r) => [apply(leaf, r), ...rest])],
    ]),
    [`${prefix}-chain-reversed`, part(name, 'issuerChain', (chain) => [...chain].reverse())],
    [`${prefix}-chain-root-only`, part(name, 'issuerChain', (chain) => chain.slice(-1))],
    [`${prefix}-chain-leaf-only`, part(name, 'issuerChain', (chain) => chain.slice(0, 1))],
    [`${prefix}-chain-root-twice`, part(name, 'issuerChain', (chain) => [...chain, chain.at(-1)])],
    [`${prefix}-chain-none`, part(name, 'issuerChain', () => [])],
  ]),
  ...CRLS.flatMap(([prefix, name]) =>
    OCTET_CHANGES.map(([change, apply]) => [`${prefix}-${change}`, file(name, apply)]),
  ),
  ['crls-swapped', () => ({ tamper: (files) => ({ ...files, pckCrl: files.rootCaCrl, rootCaCrl: files.pckCrl }) })],
  ['pck-crl-twice', () => ({ tamper: (files) => ({ ...files, rootCaCrl: files.pckCrl }) })],
  ['root-crl-twice', () => ({ tamper: (files) => ({ ...files, pckCrl: files.rootCaCrl }) })],
  [
    'documents-swapped',
    () => ({ tamper: (files) => ({ ...files, tcbInfo: files.qeIdentity, qeIdentity: files.tcbInfo }) }),
  ],
]

const SECOND = 1000
const atTime =
  (offsets) =>
  (r, { at }) => ({ at: later(at, r.pick(offsets)) })

/** Of the simulated Intel: [name, (random, world) => changes]; world is `{ at, tdx, other }`. */
export const TRUST_MUTATIONS = [
  ...PLATFORMS,
  ...EXTENSION,
  ...CERTIFICATES,
  ...LISTS.map(([name, change]) => [`pck-crl-${name}`, list('pckCrl')(change)]),
  ...LISTS.map(([name, change]) => [`root-crl-${name}`, list('rootCaCrl')(change)]),
  ...['tcbInfo', 'qeIdentity', 'pckCrl', 'rootCaCrl', 'quote'].map((name) => [
    `other-intel-${name}`,
    file(name, (_, __, { other }) => other[name]),
  ]),
  [
    'signing-by-platform-ca',
    file('tcbInfo', (document, _, { tdx }) => ({
      ...document,
      issuerChain: [tdx.pki.certificates.platformCa, tdx.pki.certificates.root],
    })),
  ],
  [
    'time-near',
    atTime([-SECOND, SECOND, 29 * DAY_MS - SECOND, 29 * DAY_MS, 29 * DAY_MS + SECOND, -DAY_MS, -DAY_MS - SECOND]),
  ],
  ['time-far', atTime([-2 * DAY_MS, 60 * DAY_MS, 400 * DAY_MS, 8 * 365 * DAY_MS, 40 * 365 * DAY_MS])],
  ['time-fraction', atTime([1, 500, 999, 29 * DAY_MS + 999])],
]
