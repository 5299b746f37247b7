/** How a fixture is described: what it differs in from a good vector. Helpers to say so in one line. */
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import type { ExpectedField, NitroKind, NitroMeasurements } from '../../../src/core/nitro/index.ts'
import type {
  EnvelopeParts,
  ExtensionTemplate,
  NitroFields,
  NitroLevel,
  NitroShapes,
  PayloadEntry,
  Shape,
  SimulatedNitro,
} from '../../../src/simulator/index.ts'
import { cborText } from '../../../src/simulator/nitro-cbor.ts'
import { type RecipeHead, recipesOf } from '../recipe.ts'

/** What a vector changes; nothing given is the good vector of an enclave. */
export interface Changes {
  readonly kind?: NitroKind
  readonly registers?: ReadonlyMap<number, Uint8Array>
  readonly fields?: Partial<NitroFields>
  readonly shapes?: NitroShapes
  readonly certificateShapes?: Partial<Readonly<Record<NitroLevel, Shape>>>
  /** Keys of the policy that differ from policy.json. */
  readonly policy?: Readonly<Record<string, unknown>>
  readonly at?: Date
  readonly userData?: ExpectedField
  readonly nonce?: ExpectedField
  readonly publicKey?: ExpectedField
  readonly measurements?: readonly NitroMeasurements[] | 'unchecked'
  /** Fingerprints to trust; when absent the root that was issued. */
  readonly simulatedRoots?: readonly string[]
  /** Alters certificates after they were made, before the document is. */
  readonly chain?: (nitro: SimulatedNitro) => Pick<NitroFields, 'certificate' | 'cabundle'>
  /** Alters the finished octets. */
  readonly tamper?: (document: Uint8Array) => Uint8Array
}

export type Recipe = RecipeHead & Changes

const NONE: Changes = {}
export const { accepts, rejects } = recipesOf(NONE)

export const AT: Date = new Date('2026-11-21T12:00:00Z')
export const USER_DATA: Uint8Array = Uint8Array.from({ length: 64 }, (_, index) => index + 1)
export const NONCE: Uint8Array = new Uint8Array(32).fill(0x4e)
export const PUBLIC_KEY: Uint8Array = new Uint8Array(120).fill(0x50)
/** A register that is not zero and not the simulator's. */
export const REGISTER: Uint8Array = new Uint8Array(48).fill(0xc5)

export function seconds(count: number): Date {
  return new Date(AT.getTime() + 1000 * count)
}

export function flip(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  return bytes.map((octet, index) => (index === at ? octet ^ mask : octet))
}

/** Changes the parts of the envelope and signs them as they then are. */
export function resigned(change: (parts: EnvelopeParts) => Partial<EnvelopeParts>): Changes {
  return { shapes: { unsigned: (parts) => ({ ...parts, ...change(parts) }) } }
}

/** Changes the parts of the envelope and leaves the signature as it was. */
export function altered(change: (parts: EnvelopeParts) => Partial<EnvelopeParts>): Changes {
  return { shapes: { signed: (parts) => ({ ...parts, ...change(parts) }) } }
}

/** Signs other parts than those that are sent. */
export function signedOver(change: (parts: EnvelopeParts) => Partial<EnvelopeParts>): NitroShapes {
  return { toSign: (parts) => ({ ...parts, ...change(parts) }) }
}

function entries(change: NonNullable<NitroShapes['entries']>): Changes {
  return { shapes: { entries: change } }
}

/** Another value, CBOR already, of a key that is there. */
export function replacing(name: string, value: Uint8Array): Changes {
  return entries((all) => all.map((entry) => (entry.name === name ? { ...entry, value } : entry)))
}

/** Another value made of the one that is there. */
export function editing(name: string, change: (value: Uint8Array) => Uint8Array): Changes {
  return entries((all) => all.map((entry) => (entry.name === name ? { ...entry, value: change(entry.value) } : entry)))
}

export function without(name: string): Changes {
  return entries((all) => all.filter((entry) => entry.name !== name))
}

export function adding(name: string, value: Uint8Array, key: Uint8Array = cborText(name)): Changes {
  const entry: PayloadEntry = { name, key, value }
  return entries((all) => [...all, entry])
}

/** Octets in place of the first `from` octets. */
export function newHead(bytes: Uint8Array, from: number, ...head: readonly number[]): Uint8Array {
  return concatBytes(Uint8Array.from(head), bytes.subarray(from))
}

export function withoutExtension(oid: string): Shape {
  return (template) => ({ ...template, extensions: template.extensions.filter((extension) => extension.oid !== oid) })
}

export function addingExtension(...extensions: readonly ExtensionTemplate[]): Shape {
  return (template) => ({ ...template, extensions: [...template.extensions, ...extensions] })
}

/** Another extension in the place of one with its OID. */
export function replacingExtension(replacement: ExtensionTemplate): Shape {
  return (template) => ({
    ...template,
    extensions: template.extensions.map((extension) => (extension.oid === replacement.oid ? replacement : extension)),
  })
}
