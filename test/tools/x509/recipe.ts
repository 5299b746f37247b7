/** How a fixture on paths is described: what it differs in from a good path of Intel's shape. Helpers to say so in one line. */
import type { KeyObject } from 'node:crypto'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { decodeDer, decodeDerElements } from '../../../src/core/encoding/der.ts'
import type { FailureCode } from '../../../src/core/failure-codes.ts'
import { sequence } from '../../../src/simulator/der-writer.ts'
import type { CertificateTemplate, ExtensionTemplate, Shape } from '../../../src/simulator/issue-certificate.ts'
import type { CrlTemplate } from '../../../src/simulator/issue-crl.ts'

export type ProfileName = 'intel-pck' | 'intel-signing' | 'nitro'

/** Alters a list before it is signed. */
export type CrlShape = (template: CrlTemplate) => CrlTemplate

/** One list of a vector: that of the issuer at `place` (1 stands above the leaf). */
export interface ListRecipe {
  readonly place: number
  readonly shape?: CrlShape
  /** Signs instead of the issuer. */
  readonly signer?: KeyObject
  /** Alters the finished octets. */
  readonly tamper?: (list: Uint8Array) => Uint8Array
}

/** What a vector changes; nothing given is the good path of a PCK certificate, not looked up in lists. */
export interface Changes {
  readonly profile?: ProfileName
  /** Certificates between leaf and root; as many as the vendor has when absent. */
  readonly intermediates?: number
  /** By place from the leaf. */
  readonly shapes?: Readonly<Record<number, Shape>>
  /** Keys that sign instead of the issuers', by place of what they sign. */
  readonly signers?: Readonly<Record<number, KeyObject>>
  readonly at?: Date
  readonly lists?: readonly ListRecipe[]
  /** Alters the finished path. */
  readonly tamper?: (path: readonly Uint8Array[]) => readonly Uint8Array[]
  /** Which root is pinned: the one in the vector, or the good one of its profile. */
  readonly pinned?: 'own' | 'good'
}

export interface Recipe extends Changes {
  /** Row of the table of checks. A part of a row, or what the specification alone asks for, is spelled so that it covers no row. */
  readonly row: string
  readonly name: string
  /** The behaviour, as a test's title. */
  readonly title: string
  readonly code: FailureCode | 'ok'
}

/** Recipes of one row that all pass: [name, what, changes]. */
export function accepts(
  row: string,
  ...cases: readonly (readonly [name: string, what: string, changes: Changes])[]
): readonly Recipe[] {
  return cases.map(([name, what, changes]) => ({ row, name, title: `accepts ${what}`, code: 'ok', ...changes }))
}

/** Recipes of one row that all fail with one code: [name, what, changes]. */
export function rejects(
  row: string,
  code: FailureCode,
  ...cases: readonly (readonly [name: string, what: string, changes: Changes])[]
): readonly Recipe[] {
  return cases.map(([name, what, changes]) => ({ row, name, title: `rejects ${what}`, code, ...changes }))
}

export const AT: Date = new Date('2026-11-21T12:00:00Z')
/** Every certificate and list holds one day to each side of it. */
export const DAY_MS = 86_400_000
export const after = (ms: number): Date => new Date(AT.getTime() + ms)

export const shaped = (place: number, change: Partial<CertificateTemplate>): Changes => ({
  shapes: { [place]: (template) => ({ ...template, ...change }) },
})

/** Takes the extension of the same kind out and puts `extension` in its place, or nothing. */
export const extended = (place: number, oid: string, ...extensions: readonly ExtensionTemplate[]): Changes => ({
  shapes: {
    [place]: (template) => ({
      ...template,
      extensions: [...template.extensions.filter((extension) => extension.oid !== oid), ...extensions],
    }),
  },
})

/** Puts another signature into a finished certificate or list: the BIT STRING at its end. */
export function resigned(der: Uint8Array, signature: Uint8Array): Uint8Array {
  const [tbs, algorithm] = decodeDerElements(decodeDer(der, 0x30).content)
  const bits = concatBytes(Uint8Array.of(0), signature)
  return sequence(
    tbs?.raw ?? new Uint8Array(),
    algorithm?.raw ?? new Uint8Array(),
    concatBytes(Uint8Array.of(0x03, bits.length), bits),
  )
}
