/** Reads an enclave image as it comes, in pieces of any size, and says what an enclave made from it would show. @module */
import { MalformedError } from '../../../errors.ts'
import { createHasher, type Hasher } from '../../crypto/index.ts'
import { encodeHex } from '../../encoding/bytes.ts'
import { decodeUtf8 } from '../../encoding/utf8.ts'
import { type Crc32, createCrc32 } from './crc32.ts'
import { CRC_AT, EIF_MAGIC, HEADER_SIZE, malformedEif, SECTION_HEADER_SIZE, type SectionKind } from './format.ts'
import { decodeEifHeader, decodeSectionHeader, type EifHeader, requireMagic, type SectionSlot } from './header.ts'
import { createEnclaveRegisters, type EnclaveMeasurements, type EnclaveRegisters } from './registers.ts'
import { createSectionOrder } from './section-order.ts'
import { type EifSignature, verifyEifSignature } from './signature.ts'

export interface EifSection {
  readonly kind: SectionKind
  /** Of the payload, behind the section's header. */
  readonly offset: number
  readonly size: number
  /** `sha256:…` of the payload alone: what `sha256sum` says of the file that went in. */
  readonly digest: string
}

export interface EifMeasured {
  readonly measurements: EnclaveMeasurements
  /** Verified over PCR0; `none` where the image is not signed, and PCR8 of its enclave is zero. */
  readonly signature: EifSignature | 'none'
  readonly version: number
  readonly architecture: EifHeader['architecture']
  /** What an enclave gets unless told; in no register. */
  readonly defaultMemory: number
  readonly defaultCpus: number
  readonly sections: readonly EifSection[]
  readonly commandLine: string
  /** JSON of whoever built it, in no register: it may say anything, and decides nothing. */
  readonly metadata: string | 'none'
  /** Octets of the file, and their `sha256:…`. */
  readonly size: number
  readonly digest: string
}

export interface EifReader {
  /** The next octets of the file. @throws MalformedError EIF_FORMAT, EIF_CRC; each names the offset. Nothing may be pushed after it. */
  push(bytes: Uint8Array): void
  /** The file is over. @throws MalformedError EIF_FORMAT when it is cut; COSE_BAD_SIGNATURE and others when its signature fails */
  finish(): Promise<EifMeasured>
}

/** What the reader waits for: octets of this part of the file, at most this many. */
interface Wanted {
  readonly part: string
  readonly size: number
}

/** Takes octets, at most as many as wanted; ends with the result. */
type Reading<T> = Generator<Wanted, T, Uint8Array>

type Content = Omit<EifMeasured, 'signature' | 'size' | 'digest'> & {
  readonly signed: { readonly offset: number; readonly bytes: Uint8Array } | undefined
}

function* readExactly(part: string, size: number): Reading<Uint8Array> {
  const whole = new Uint8Array(size)
  for (let have = 0; have < size; ) {
    const bytes = yield { part, size: size - have }
    whole.set(bytes, have)
    have += bytes.length
  }
  return whole
}

/** Lets octets pass by: memory does not grow with them. */
function* readThrough(part: string, size: number, take: (bytes: Uint8Array) => void): Reading<void> {
  for (let left = size; left > 0; ) {
    const bytes = yield { part, size: left }
    take(bytes)
    left -= bytes.length
  }
}

function* readHeader(crc: Crc32): Reading<EifHeader> {
  const bytes = new Uint8Array(HEADER_SIZE)
  bytes.set(yield* readExactly('header', EIF_MAGIC.length))
  requireMagic(bytes.subarray(0, EIF_MAGIC.length))
  bytes.set(yield* readExactly('header', HEADER_SIZE - EIF_MAGIC.length), EIF_MAGIC.length)
  crc.update(bytes.subarray(0, CRC_AT))
  return decodeEifHeader(bytes)
}

/** One section's payload: into the checksum, its digest and the registers; kept where it is small and somebody reads it. */
function* readPayload(
  section: { readonly kind: SectionKind; readonly offset: number; readonly size: number },
  { crc, registers }: { readonly crc: Crc32; readonly registers: EnclaveRegisters },
): Reading<{ readonly listed: EifSection; readonly kept: Uint8Array | undefined }> {
  const { kind, offset, size } = section
  const hasher: Hasher = createHasher('sha256')
  const kept = kind === 'kernel' || kind === 'ramdisk' ? undefined : new Uint8Array(size)
  let have = 0
  registers.begin(kind)
  yield* readThrough(kind, size, (bytes) => {
    crc.update(bytes)
    hasher.update(bytes)
    registers.update(bytes)
    kept?.set(bytes, have)
    have += bytes.length
  })
  return { listed: { kind, offset, size, digest: `sha256:${encodeHex(hasher.digest())}` }, kept }
}

function decodeText(bytes: Uint8Array, section: EifSection): string {
  try {
    return decodeUtf8(bytes)
  } catch (cause) {
    if (cause instanceof MalformedError) throw malformedEif(section.offset, `the ${section.kind} is not UTF-8`)
    throw cause
  }
}

function decodeCommandLine(bytes: Uint8Array, section: EifSection): string {
  const nul = bytes.indexOf(0)
  // The kernel would stop reading there, while all of it is measured and shown.
  if (nul >= 0) throw malformedEif(section.offset + nul, 'a NUL in the command line')
  return decodeText(bytes, section)
}

function* readImage(): Reading<Content> {
  const crc = createCrc32()
  const { slots, size, crc: expected, ...header } = yield* readHeader(crc)
  const order = createSectionOrder(header.version)
  const registers = createEnclaveRegisters()
  const sections: EifSection[] = []
  const kept = new Map<SectionKind, { readonly section: EifSection; readonly bytes: Uint8Array }>()
  for (const slot of slots) {
    const section = yield* readSectionHeader(slot, { crc, order })
    const { listed, kept: bytes } = yield* readPayload(section, { crc, registers })
    sections.push(listed)
    if (bytes !== undefined) kept.set(listed.kind, { section: listed, bytes })
  }
  order.end(size)
  const seen = crc.value()
  if (seen !== expected)
    throw new MalformedError('EIF_CRC', `at ${CRC_AT}: the checksum is ${hex32(expected)}, the image's ${hex32(seen)}`)
  const [cmdline, metadata, signed] = [kept.get('cmdline'), kept.get('metadata'), kept.get('signature')]
  return {
    ...header,
    sections,
    measurements: registers.finish(),
    commandLine: cmdline === undefined ? '' : decodeCommandLine(cmdline.bytes, cmdline.section),
    metadata: metadata === undefined ? 'none' : decodeText(metadata.bytes, metadata.section),
    signed: signed && { offset: signed.section.offset, bytes: signed.bytes },
  }
}

function* readSectionHeader(
  slot: SectionSlot,
  { crc, order }: { readonly crc: Crc32; readonly order: ReturnType<typeof createSectionOrder> },
): Reading<{ readonly kind: SectionKind; readonly offset: number; readonly size: number }> {
  const bytes = yield* readExactly('section header', SECTION_HEADER_SIZE)
  crc.update(bytes)
  const kind = order.next(slot, decodeSectionHeader(bytes))
  return { kind, offset: slot.offset + SECTION_HEADER_SIZE, size: slot.size }
}

function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}

/**
 * @example
 * const reader = createEifReader()
 * for await (const bytes of createReadStream('gateway.eif')) reader.push(bytes)
 * const { measurements } = await reader.finish()
 */
export function createEifReader(): EifReader {
  const file = createHasher('sha256')
  const reading = readImage()
  let step = reading.next()
  let size = 0
  let failure: unknown
  const feed = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length; ) {
      if (step.done) throw malformedEif(size + at, 'octets after the last section')
      const taken = bytes.subarray(at, at + step.value.size)
      step = reading.next(taken)
      at += taken.length
    }
    file.update(bytes)
    size += bytes.length
  }
  return {
    push(bytes) {
      if (failure !== undefined) throw failure
      try {
        feed(bytes)
      } catch (error) {
        failure = error
        throw error
      }
    },
    async finish() {
      if (failure !== undefined) throw failure
      if (!step.done)
        throw malformedEif(size, `the image is cut: ${step.value.size} octets of the ${step.value.part} are missing`)
      const { signed, ...content } = step.value
      const signature = signed === undefined ? 'none' : await verifyEifSignature(signed, content.measurements.pcr0)
      return { ...content, signature, size, digest: `sha256:${encodeHex(file.digest())}` }
    },
  }
}
