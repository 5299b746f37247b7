/** How a fixture is described: what it differs in from a good vector. Helpers to say so in one line. */
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import type { SignedDocument } from '../../../src/core/tdx/collateral.ts'
import type { ExtensionTemplate, Shape, SimulatedTdx } from '../../../src/simulator/index.ts'
import type { QuoteShapes, SimulatedTdxMeasurements, TdxQuoteFields } from '../../../src/simulator/tdx.ts'
import type { SimulatedCollateralOptions } from '../../../src/simulator/tdx-collateral.ts'
import type { PckCa } from '../../../src/simulator/tdx-pki.ts'
import type { SgxEntry, SimulatedPlatform } from '../../../src/simulator/tdx-platform.ts'
import type { QuoteParts } from '../../../src/simulator/tdx-quote.ts'
import { type RecipeHead, recipesOf } from '../recipe.ts'

/** What a vector is made of. */
export interface Files {
  readonly quote: Uint8Array
  readonly tcbInfo: SignedDocument
  readonly qeIdentity: SignedDocument
  readonly pckCrl: Uint8Array
  readonly rootCaCrl: Uint8Array
}

/** Certificates of the simulated Intel that can be altered and issued again, under the same keys and the same root. */
export type Authority = 'platformCa' | 'processorCa' | 'tcbSigning'

/** What a vector changes; nothing given is the good vector: version 4, Platform CA, module of major version 1. */
export interface Changes {
  readonly ca?: PckCa
  /** As its PCK certificate and its enclaves have it. The collateral stays. */
  readonly platform?: Partial<SimulatedPlatform>
  readonly fields?: Partial<TdxQuoteFields>
  readonly shapes?: QuoteShapes
  readonly sgxEntries?: (entries: readonly SgxEntry[]) => readonly SgxEntry[]
  /** Alters the PCK certificate. */
  readonly pck?: Shape
  readonly certificates?: Partial<Readonly<Record<Authority, Shape>>>
  readonly collateral?: SimulatedCollateralOptions
  /** Keys of the policy that differ from policy.json. */
  readonly policy?: Readonly<Record<string, unknown>>
  readonly at?: Date
  readonly reportData?: Uint8Array
  readonly measurements?: readonly SimulatedTdxMeasurements[]
  /** Fingerprints to trust; when absent the root of all vectors. */
  readonly simulatedRoots?: readonly string[]
  /** Alters the finished octets. `other` is a second simulated Intel with the same names. */
  readonly tamper?: (files: Files, tdx: SimulatedTdx, other: SimulatedTdx) => Files
}

export type Recipe = RecipeHead & Changes

const NONE: Changes = {}
export const { accepts, rejects } = recipesOf(NONE)

export const AT: Date = new Date('2026-11-21T12:00:00Z')
export const REPORT_DATA: Uint8Array = Uint8Array.from({ length: 64 }, (_, index) => index + 1)
const SECOND_MS = 1000
const DAY_MS = 86_400 * SECOND_MS

/** A time so many days and seconds away from {@link AT}. */
export function later(days: number, seconds = 0): Date {
  return new Date(AT.getTime() + days * DAY_MS + seconds * SECOND_MS)
}

export function flip(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  return put(bytes, at, (bytes[at] ?? 0) ^ mask)
}

export function put(bytes: Uint8Array, at: number, ...octets: readonly number[]): Uint8Array {
  const out = bytes.slice()
  out.set(octets, at)
  return out
}

/** `size` octets, all of them `octet`. */
export function filled(size: number, octet: number): Uint8Array {
  return new Uint8Array(size).fill(octet)
}

/** Changes the finished quote and leaves its signatures as they were. */
export function altered(change: (quote: Uint8Array) => Uint8Array): Changes {
  return { tamper: (files) => ({ ...files, quote: change(files.quote) }) }
}

/** Changes a piece of the quote, then signs. */
export function resigned(change: (parts: QuoteParts) => Partial<QuoteParts>): Changes {
  return { shapes: { unsigned: (parts) => ({ ...parts, ...change(parts) }) } }
}

/** Changes a piece of the quote that is signed already; the lengths follow. */
export function reassembled(change: (parts: QuoteParts) => Partial<QuoteParts>): Changes {
  return { shapes: { signed: (parts) => ({ ...parts, ...change(parts) }) } }
}

/** Changes one signed document after its signature was made. */
export function document(
  name: 'tcbInfo' | 'qeIdentity',
  change: (document: SignedDocument, tdx: SimulatedTdx, other: SimulatedTdx) => Partial<SignedDocument>,
): Changes {
  return {
    tamper: (files, tdx, other) => ({ ...files, [name]: { ...files[name], ...change(files[name], tdx, other) } }),
  }
}

export function without(oid: string): Shape {
  return (template) => ({ ...template, extensions: template.extensions.filter((extension) => extension.oid !== oid) })
}

export function adding(...extensions: readonly ExtensionTemplate[]): Shape {
  return (template) => ({ ...template, extensions: [...template.extensions, ...extensions] })
}

/** Puts another extension in the place of the one with its OID. */
export function replacing(extension: ExtensionTemplate): Shape {
  return (template) => ({
    ...template,
    extensions: template.extensions.map((old) => (old.oid === extension.oid ? extension : old)),
  })
}

/** Puts another value into an entry of the SGX extension. */
export function entry(arc: string, ...value: readonly Uint8Array[]): Changes {
  return { sgxEntries: (entries) => entries.map((old) => (old[0] === arc ? [arc, concatBytes(...value)] : old)) }
}

/** Leaves an entry of the SGX extension out. */
export function withoutEntry(arc: string): Changes {
  return { sgxEntries: (entries) => entries.filter(([name]) => name !== arc) }
}
