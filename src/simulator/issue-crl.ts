/** Makes X.509 revocation lists, and wrong ones on purpose: every field is the caller's. For simulated roots only. @module */
import type { KeyObject } from 'node:crypto'
import { bitString, explicit, integerOctets, sequence, time, unsigned } from './der-writer.ts'
import {
  algorithmOf,
  type ExtensionTemplate,
  encodeExtension,
  encodeName,
  type NameTemplate,
  type SchemeName,
  signWith,
} from './issue-certificate.ts'

export interface RevokedTemplate {
  /** Content octets of the INTEGER. */
  readonly serial: Uint8Array
  readonly date: Date
  readonly extensions?: readonly ExtensionTemplate[]
}

/** What becomes of the signed part, and how it is signed. */
export interface CrlTemplate {
  /** 1 leaves the version out; RFC 5280 asks for 2. */
  readonly version: number
  readonly issuer: NameTemplate
  readonly thisUpdate: Date
  /** Left out when absent, against RFC 5280. */
  readonly nextUpdate?: Date
  /** cRLNumber, not critical: it stands before `extensions`. Left out when absent. */
  readonly number?: number
  /** None leaves the list of entries out; `empty-list` writes one without entries, against RFC 5280. */
  readonly revoked: readonly RevokedTemplate[] | 'empty-list'
  readonly extensions?: readonly ExtensionTemplate[]
  readonly scheme: SchemeName
  /** AlgorithmIdentifier inside the signed part; the scheme's own when absent. */
  readonly innerAlgorithm?: Uint8Array
  /** The one outside; likewise. */
  readonly outerAlgorithm?: Uint8Array
}

/** Signs a revocation list over `template` with the issuer's key; returns its DER. */
export function issueCrl(template: CrlTemplate, issuerKey: KeyObject): Uint8Array {
  const { version, nextUpdate, revoked, scheme } = template
  const algorithm = algorithmOf(scheme)
  const entries = revoked === 'empty-list' ? [sequence()] : revoked.length === 0 ? [] : [encodeEntries(revoked)]
  const tbs = sequence(
    ...(version === 1 ? [] : [unsigned(version - 1)]),
    template.innerAlgorithm ?? algorithm,
    encodeName(template.issuer),
    time(template.thisUpdate),
    ...(nextUpdate ? [time(nextUpdate)] : []),
    ...entries,
    ...encodeExtensions(template),
  )
  return sequence(tbs, template.outerAlgorithm ?? algorithm, bitString(signWith(scheme, issuerKey, tbs)))
}

function encodeEntries(revoked: readonly RevokedTemplate[]): Uint8Array {
  const entries = revoked.map(({ serial, date, extensions = [] }) =>
    sequence(
      integerOctets(serial),
      time(date),
      ...(extensions.length === 0 ? [] : [sequence(...extensions.map(encodeExtension))]),
    ),
  )
  return sequence(...entries)
}

function encodeExtensions({ number, extensions = [] }: CrlTemplate): readonly Uint8Array[] {
  const all = [...(number === undefined ? [] : [crlNumber(number)]), ...extensions]
  return all.length === 0 ? [] : [explicit(0, sequence(...all.map(encodeExtension)))]
}

/** cRLNumber (RFC 5280, 5.2.3). */
export function crlNumber(number: number): ExtensionTemplate {
  return { oid: '2.5.29.20', value: unsigned(number) }
}
