import { encodeTcb, type SnpProduct, type SnpSignerKind } from '../../../src/core/snp/index.ts'
import type {
  ExtensionTemplate,
  Shape,
  SimulatedFields,
  SimulatedSnp,
  SnpCrlSubject,
} from '../../../src/simulator/index.ts'
import { type RecipeHead, recipesOf } from '../recipe.ts'

export interface Files {
  readonly report: Uint8Array
  /** VCEK or VLEK. */
  readonly leaf: Uint8Array
  /** ASK or ASVK. */
  readonly issuer: Uint8Array
  /** ARK. */
  readonly root: Uint8Array
  readonly crls: readonly Uint8Array[]
}

/** What a vector changes; nothing given is the good Genoa vector of version 3. */
export interface Changes {
  readonly product?: SnpProduct
  readonly signer?: SnpSignerKind
  readonly cspId?: string
  /** Of report and signing key alike. */
  readonly fields?: SimulatedFields
  /** Of the report alone. */
  readonly reportFields?: SimulatedFields
  readonly shapes?: { readonly ark?: Shape; readonly ask?: Shape; readonly asvk?: Shape; readonly vcek?: Shape }
  /** Revocation lists of the ARK, or of another key under its name. */
  readonly crls?: readonly (Omit<SnpCrlSubject, 'clock'> & { readonly key?: 'ask' })[]
  /** Keys of the policy that differ from policy.json. */
  readonly policy?: Readonly<Record<string, unknown>>
  readonly at?: Date
  readonly reportData?: Uint8Array
  readonly measurements?: readonly string[]
  /** Fingerprints to trust; when absent the root in the vector, or with `issued-root` the one before `tamper`. */
  readonly simulatedRoots?: readonly string[] | 'issued-root'
  /** Alters the finished octets. */
  readonly tamper?: (files: Files, snp: SimulatedSnp) => Files
}

export type Recipe = RecipeHead & Changes

const NONE: Changes = {}
export const { accepts, rejects } = recipesOf(NONE)

export const AT: Date = new Date('2026-11-21T12:00:00Z')
export const REPORT_DATA: Uint8Array = Uint8Array.from({ length: 64 }, (_, index) => index + 1)

/** Levels of the simulated Genoa, some of them changed. */
export function genoa(levels: Partial<Record<'bootLoader' | 'tee' | 'snp' | 'microcode', number>>): Uint8Array {
  return encodeTcb({ bootLoader: 10, tee: 0, snp: 23, microcode: 84, ...levels }, 'Genoa')
}

export function allTcbs(tcb: Uint8Array): SimulatedFields {
  return { reportedTcb: tcb, currentTcb: tcb, committedTcb: tcb, launchTcb: tcb }
}

export function flip(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  return put(bytes, at, (bytes[at] ?? 0) ^ mask)
}

export function put(bytes: Uint8Array, at: number, ...octets: readonly number[]): Uint8Array {
  const out = bytes.slice()
  out.set(octets, at)
  return out
}

/** Changes the report and leaves its signature as it was. */
export function altered(change: (report: Uint8Array) => Uint8Array): Changes {
  return { tamper: (files) => ({ ...files, report: change(files.report) }) }
}

/** Changes the report and signs it again. */
export function resigned(change: (report: Uint8Array) => Uint8Array): Changes {
  return { tamper: (files, snp) => ({ ...files, report: snp.signReport(change(files.report)) }) }
}

export function without(oid: string): Shape {
  return (template) => ({ ...template, extensions: template.extensions.filter((extension) => extension.oid !== oid) })
}

export function adding(...extensions: readonly ExtensionTemplate[]): Shape {
  return (template) => ({ ...template, extensions: [...template.extensions, ...extensions] })
}

/** Puts another value into an extension that is there. */
export function replacing(oid: string, value: Uint8Array): Shape {
  return (template) => ({
    ...template,
    extensions: template.extensions.map((extension) => (extension.oid === oid ? { ...extension, value } : extension)),
  })
}
