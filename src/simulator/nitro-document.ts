/** Writes attestation documents of Nitro's layout, and wrong ones on purpose: every field and every octet is the caller's. @module */
import { type KeyObject, sign } from 'node:crypto'
import type { NitroKind } from '../core/nitro/index.ts'
import {
  cborArray,
  cborBytes,
  cborIndefiniteMap,
  cborInteger,
  cborMap,
  cborNull,
  cborTag,
  cborText,
} from './nitro-cbor.ts'

/** A field that was not asked for stands there as null; a hypervisor may leave it out as well. */
export type OptionalNitroField = Uint8Array | 'null' | 'left-out'

export interface NitroFields {
  readonly kind: NitroKind
  readonly moduleId: string
  readonly digest: string
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly pcrs: ReadonlyMap<number, Uint8Array>
  /** DER. */
  readonly certificate: Uint8Array
  /** DER, root first. */
  readonly cabundle: readonly Uint8Array[]
  readonly publicKey: OptionalNitroField
  readonly userData: OptionalNitroField
  readonly nonce: OptionalNitroField
}

/** One entry of the payload; key and value are CBOR already. */
export interface PayloadEntry {
  readonly name: string
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** The parts of a COSE_Sign1. */
export interface EnvelopeParts {
  /** Content of the byte string. */
  readonly protectedHeader: Uint8Array
  /** CBOR already. */
  readonly unprotectedHeader: Uint8Array
  /** Content of the byte string. */
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

/** Alters a document on its way: its entries, its parts before they are signed, what is signed, and its parts after. */
export interface NitroShapes {
  readonly entries?: (entries: readonly PayloadEntry[]) => readonly PayloadEntry[]
  /** Newer hypervisors write a map of indefinite length, older ones a definite one. */
  readonly payloadMap?: 'indefinite' | 'definite'
  readonly unsigned?: (parts: EnvelopeParts) => EnvelopeParts
  readonly toSign?: (parts: EnvelopeParts) => EnvelopeParts
  readonly signed?: (parts: EnvelopeParts) => EnvelopeParts
  /** AWS describes tag 18 and leaves it out. */
  readonly tagged?: boolean
}

const TAG_SIGN1 = 18
const LABEL_ALG = 1
const ES384 = -35
const SIGNATURE_CONTEXT = 'Signature1'

/** Entries in the order of the hypervisor. */
export function payloadEntries(fields: NitroFields): readonly PayloadEntry[] {
  const registers = [...fields.pcrs].map(([index, value]) => [cborInteger(index), cborBytes(value)] as const)
  const entry = (name: string, value: Uint8Array): PayloadEntry => ({ name, key: cborText(name), value })
  const optional = (name: string, value: OptionalNitroField): readonly PayloadEntry[] => {
    if (value === 'left-out') return []
    return [entry(name, value === 'null' ? cborNull : cborBytes(value))]
  }
  return [
    entry('module_id', cborText(fields.moduleId)),
    entry('digest', cborText(fields.digest)),
    entry('timestamp', cborInteger(fields.timestamp)),
    entry(fields.kind === 'enclave' ? 'pcrs' : 'nitrotpm_pcrs', cborMap(registers)),
    entry('certificate', cborBytes(fields.certificate)),
    entry('cabundle', cborArray(...fields.cabundle.map(cborBytes))),
    ...optional('public_key', fields.publicKey),
    ...optional('user_data', fields.userData),
    ...optional('nonce', fields.nonce),
  ]
}

/** Writes and signs a document. */
export function writeNitroDocument(fields: NitroFields, key: KeyObject, shapes: NitroShapes = {}): Uint8Array {
  const { entries = same, unsigned = same, toSign = same, signed = same, tagged = false } = shapes
  const pairs = entries(payloadEntries(fields)).map((entry) => [entry.key, entry.value] as const)
  const payload = shapes.payloadMap === 'definite' ? cborMap(pairs) : cborIndefiniteMap(pairs)
  const protectedHeader = cborMap([[cborInteger(LABEL_ALG), cborInteger(ES384)]])
  const parts = unsigned({ protectedHeader, unprotectedHeader: cborMap([]), payload, signature: new Uint8Array() })
  const signature = sign('sha384', sigStructure(toSign(parts)), { key, dsaEncoding: 'ieee-p1363' })
  const envelope = encodeEnvelope(signed({ ...parts, signature: new Uint8Array(signature) }))
  return tagged ? cborTag(TAG_SIGN1, envelope) : envelope
}

function sigStructure({ protectedHeader, payload }: EnvelopeParts): Uint8Array {
  const externalData = new Uint8Array()
  return cborArray(cborText(SIGNATURE_CONTEXT), cborBytes(protectedHeader), cborBytes(externalData), cborBytes(payload))
}

function encodeEnvelope({ protectedHeader, unprotectedHeader, payload, signature }: EnvelopeParts): Uint8Array {
  return cborArray(cborBytes(protectedHeader), unprotectedHeader, cborBytes(payload), cborBytes(signature))
}

function same<T>(value: T): T {
  return value
}
