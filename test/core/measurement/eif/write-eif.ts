/** Writes enclave images for tests, right ones and wrong ones; its checksum is zlib's, not the reader's. */
import { type KeyObject, sign } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { concatBytes, decodeHex } from '../../../../src/core/encoding/bytes.ts'
import type { CborValue } from '../../../../src/core/encoding/cbor.ts'
import { encodeCbor } from '../../../../src/core/encoding/cbor-encode.ts'

export const SECTION = { invalid: 0, kernel: 1, cmdline: 2, ramdisk: 3, signature: 4, metadata: 5 } as const
export const HEADER_SIZE = 548
export const SECTION_HEADER_SIZE = 12
const CRC_AT = 544
const SLOTS = 32

export interface WrittenSection {
  readonly type: number
  readonly content: Uint8Array
}

export interface EifTemplate {
  readonly version?: number
  readonly flags?: number
  readonly defaultMemory?: bigint
  readonly defaultCpus?: bigint
  readonly sections: readonly WrittenSection[]
}

export const section = (type: keyof typeof SECTION, content: Uint8Array | string): WrittenSection => ({
  type: SECTION[type],
  content: typeof content === 'string' ? new TextEncoder().encode(content) : content,
})

/** The checksum is put right, whatever else is wrong. */
export function withCrc(image: Uint8Array): Uint8Array {
  const out = image.slice()
  const value = crc32(image.subarray(CRC_AT + 4), crc32(image.subarray(0, CRC_AT)))
  new DataView(out.buffer).setUint32(CRC_AT, value)
  return out
}

/** Other octets at an offset, and the checksum over them. */
export function patched(image: Uint8Array, at: number, octets: readonly number[]): Uint8Array {
  const out = image.slice()
  out.set(octets, at)
  return withCrc(out)
}

export function u64(value: number | bigint): readonly number[] {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return [...bytes]
}

/** Where section `index` begins, with its header. */
export function sectionAt({ sections }: EifTemplate, index: number): number {
  return sections.slice(0, index).reduce((at, { content }) => at + SECTION_HEADER_SIZE + content.length, HEADER_SIZE)
}

/** Slots of section `index` in the two tables of the header. */
export const offsetSlot = (index: number): number => 28 + 8 * index
export const sizeSlot = (index: number): number => 284 + 8 * index

export function writeEif(template: EifTemplate): Uint8Array {
  const { version = 4, flags = 0, defaultMemory = 1n << 30n, defaultCpus = 2n, sections } = template
  const header = new Uint8Array(HEADER_SIZE)
  const view = new DataView(header.buffer)
  header.set([0x2e, 0x65, 0x69, 0x66])
  view.setUint16(4, version)
  view.setUint16(6, flags)
  view.setBigUint64(8, defaultMemory)
  view.setBigUint64(16, defaultCpus)
  view.setUint16(26, sections.length)
  for (const [index, { content }] of sections.slice(0, SLOTS).entries()) {
    view.setBigUint64(offsetSlot(index), BigInt(sectionAt(template, index)))
    view.setBigUint64(sizeSlot(index), BigInt(content.length))
  }
  return withCrc(concatBytes(header, ...sections.map(writeSection)))
}

function writeSection({ type, content }: WrittenSection): Uint8Array {
  const out = new Uint8Array(SECTION_HEADER_SIZE + content.length)
  const view = new DataView(out.buffer)
  view.setUint16(0, type)
  view.setBigUint64(4, BigInt(content.length))
  out.set(content, SECTION_HEADER_SIZE)
  return out
}

export interface SignatureTemplate {
  /** PEM, as it goes in. */
  readonly certificate: string
  readonly key: KeyObject
  readonly alg?: number
  /** Lower-case hex. */
  readonly pcr0: string
  readonly index?: number
  /** `integers` is how Rust's serde writes octets. */
  readonly form?: 'bytes' | 'integers'
}

const HASHES: Readonly<Record<number, string>> = { [-7]: 'sha256', [-35]: 'sha384', [-36]: 'sha512' }

/** The envelope over a register: COSE_Sign1 without its tag. */
export function signRegister({ key, alg = -35, pcr0, index = 0, form = 'integers' }: SignatureTemplate): Uint8Array {
  const octets = (bytes: Uint8Array): CborValue => (form === 'bytes' ? bytes : [...bytes])
  const payload = encodeCbor(
    new Map<string, CborValue>([
      ['register_index', index],
      ['register_value', octets(decodeHex(pcr0))],
    ]),
  )
  const header = encodeCbor(new Map([[1, alg]]))
  const data = encodeCbor(['Signature1', header, new Uint8Array(), payload])
  const signature = sign(HASHES[alg] ?? 'sha384', data, { key, dsaEncoding: 'ieee-p1363' })
  return encodeCbor([header, new Map(), payload, new Uint8Array(signature)])
}

/** Content of a signature section. */
export function signatureSection(
  template: SignatureTemplate,
  envelope: Uint8Array = signRegister(template),
): Uint8Array {
  const octets = (bytes: Uint8Array): CborValue => (template.form === 'bytes' ? bytes : [...bytes])
  return encodeCbor([
    new Map<string, CborValue>([
      ['signing_certificate', octets(new TextEncoder().encode(template.certificate))],
      ['signature', octets(envelope)],
    ]),
  ])
}
