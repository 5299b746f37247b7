// Mutations of a certificate before its issuer signs it anew, whatever PKI it is of.
import { join } from './octets.mjs'

export const OID_BASIC_CONSTRAINTS = '2.5.29.19'
export const OID_KEY_USAGE = '2.5.29.15'

export const later = (date, ms) => new Date(date.getTime() + ms)

export const der = (tag, ...content) => {
  const inside = join(...content)
  const head = inside.length < 128 ? [inside.length] : [0x82, inside.length >> 8, inside.length & 255]
  return join(Uint8Array.of(tag, ...head), inside)
}
export const integer = (...octets) => der(2, Uint8Array.of(...octets))
export const named = (name, text) => name.map(([oid, old]) => [oid, oid === '2.5.4.3' ? text : old])

export function changingExtension(wanted, change) {
  return (template) => ({
    ...template,
    extensions: template.extensions.map((old) => (old.oid === wanted ? { ...old, value: change(old.value) } : old)),
  })
}

export function withoutExtension(gone) {
  return (template) => ({ ...template, extensions: template.extensions.filter(({ oid }) => oid !== gone) })
}

const adding = (extension) => (template) => ({ ...template, extensions: [...template.extensions, extension] })
const constraints = (...content) => changingExtension(OID_BASIC_CONSTRAINTS, () => der(0x30, ...content))
const usage = (octet, unused) => changingExtension(OID_KEY_USAGE, () => Uint8Array.of(3, 2, unused, octet))
const set = (change) => (template) => ({ ...template, ...change })
const TRUE = Uint8Array.of(1, 1, 255)
/** ecdsa-with-SHA1, which neither platform uses. */
const OTHER_ALGORITHM = der(0x30, der(6, Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1)))

/** [name, (template, time to judge at) => template] */
export const SHAPES = [
  ['expired', (template, at) => ({ ...template, notAfter: later(at, -1000) })],
  ['last-second', (template, at) => ({ ...template, notAfter: at })],
  ['future', (template, at) => ({ ...template, notBefore: later(at, 1000) })],
  ['first-second', (template, at) => ({ ...template, notBefore: at })],
  ['other-subject', (template) => ({ ...template, subject: named(template.subject, 'Other') })],
  ['other-issuer', (template) => ({ ...template, issuer: named(template.issuer, 'Other CA') })],
  ['unknown-critical', adding({ oid: '1.2.3.4', critical: true, value: integer(1) })],
  ['without-constraints', withoutExtension(OID_BASIC_CONSTRAINTS)],
  ['without-usage', withoutExtension(OID_KEY_USAGE)],
  ['no-ca', constraints()],
  ['ca', constraints(TRUE)],
  ['ca-path-length-0', constraints(TRUE, integer(0))],
  ['usage-crl-only', usage(0x02, 1)],
  ['usage-cert-sign', usage(0x06, 1)],
  ['usage-encipherment', usage(0x20, 5)],
  ['version-1', set({ version: 1 })],
  ['serial-negative', set({ serial: Uint8Array.of(0x80, 1) })],
  ['serial-zero', set({ serial: Uint8Array.of(0) })],
  ['es256', set({ scheme: 'ES256' })],
  ['es384', set({ scheme: 'ES384' })],
  ['algorithm-inner', set({ innerAlgorithm: OTHER_ALGORITHM })],
  ['subject-twice', (template) => ({ ...template, subject: [...template.subject, ['2.5.4.3', 'Other']] })],
]
