/** The reader of enclave images beside what its vectors hold: pieces of any size, every cut, every bit, and how little it keeps. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../../src/core/encoding/bytes.ts'
import { createCrc32 } from '../../../../src/core/measurement/eif/crc32.ts'
import { createEifReader, type EifMeasured } from '../../../../src/core/measurement/eif/index.ts'
import { MalformedError } from '../../../../src/errors.ts'
import { patched, section, sizeSlot, u64, withCrc, writeEif } from './write-eif.ts'

const KERNEL = section('kernel', 'kernel')
const CMDLINE = section('cmdline', 'a=b')
const METADATA = section('metadata', '{}')
const FIRST = section('ramdisk', 'first')
const SECOND = section('ramdisk', 'second')
const THIRD = section('ramdisk', 'third')

async function read(pieces: readonly Uint8Array[]): Promise<EifMeasured> {
  const reader = createEifReader()
  for (const piece of pieces) reader.push(piece)
  return reader.finish()
}

function register(...parts: readonly { readonly content: Uint8Array }[]): string {
  const inner = createHash('sha384')
    .update(concatBytes(...parts.map(({ content }) => content)))
    .digest()
  return createHash('sha384').update(new Uint8Array(48)).update(inner).digest('hex')
}

describe('the registers of an image', () => {
  it('are those of the payloads in file order, and of nothing else', async () => {
    const { measurements, signature, metadata } = await read([
      writeEif({ sections: [KERNEL, CMDLINE, METADATA, FIRST, SECOND, THIRD] }),
    ])
    expect(measurements).toEqual({
      document: 'enclave',
      pcr0: register(KERNEL, CMDLINE, FIRST, SECOND, THIRD),
      pcr1: register(KERNEL, CMDLINE, FIRST),
      pcr2: register(SECOND, THIRD),
    })
    expect([signature, metadata]).toEqual(['none', '{}'])
  })

  it('differ in PCR1 and PCR2 where only the boundary between two ramdisks moved', async () => {
    const one = await read([
      writeEif({ sections: [KERNEL, CMDLINE, section('ramdisk', 'ab'), section('ramdisk', 'c')] }),
    ])
    const two = await read([
      writeEif({ sections: [KERNEL, CMDLINE, section('ramdisk', 'a'), section('ramdisk', 'bc')] }),
    ])
    expect(one.measurements.pcr0).toBe(two.measurements.pcr0)
    expect(one.measurements.pcr1).not.toBe(two.measurements.pcr1)
    expect(one.measurements.pcr2).not.toBe(two.measurements.pcr2)
  })

  it('come with each part, its offset and the digest of the file that went in', async () => {
    const { sections } = await read([writeEif({ sections: [KERNEL, CMDLINE, FIRST] })])
    const digest = `sha256:${createHash('sha256').update(KERNEL.content).digest('hex')}`
    expect(sections[0]).toEqual({ kind: 'kernel', offset: 560, size: 6, digest })
    expect(sections.map(({ kind, offset, size }) => [kind, offset, size])).toEqual([
      ['kernel', 560, 6],
      ['cmdline', 578, 3],
      ['ramdisk', 593, 5],
    ])
  })
})

describe('the reader', () => {
  const image = writeEif({ sections: [KERNEL, CMDLINE, METADATA, FIRST, SECOND] })

  it('says the same for pieces of any size, empty ones too', async () => {
    const whole = await read([image])
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(image.length), { maxLength: 12 }), async (cuts) => {
        const ends = [...cuts, image.length].sort((a, b) => a - b)
        const pieces = ends.map((end, i) => image.subarray(ends[i - 1] ?? 0, end))
        expect(await read(pieces)).toEqual(whole)
      }),
      { numRuns: 50 },
    )
  })

  it('refuses an image that is cut anywhere, and names where', async () => {
    for (let size = 0; size < image.length; size++)
      await expect(read([image.subarray(0, size)])).rejects.toMatchObject({
        failure: 'EIF_FORMAT',
        message: expect.stringContaining(`at ${size}: the image is cut`),
      })
  })

  it('refuses every change of one bit', async () => {
    const refused = new Set<string>()
    for (let bit = 0; bit < image.length * 8; bit++) {
      const changed = image.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const error: unknown = await read([changed]).catch((caught: unknown) => caught)
      if (!(error instanceof MalformedError)) throw new Error(`bit ${bit} makes no difference`)
      refused.add(error.failure)
    }
    expect([...refused].sort()).toEqual(['EIF_CRC', 'EIF_FORMAT'])
  })

  it('shows every change of a measured octet in a register where the checksum is put right', async () => {
    const { measurements } = await read([image])
    const start = 548 + 12
    for (let at = start; at < start + KERNEL.content.length; at++) {
      const changed = await read([patched(image, at, [0x5a])])
      expect(changed.measurements.pcr0).not.toBe(measurements.pcr0)
      expect(changed.measurements.pcr1).not.toBe(measurements.pcr1)
      expect(changed.measurements.pcr2).toBe(measurements.pcr2)
    }
  })

  it('takes nothing more once it has refused', async () => {
    const reader = createEifReader()
    expect(() => reader.push(Uint8Array.of(1, 2, 3, 4))).toThrow('at 0')
    expect(() => reader.push(image)).toThrow('at 0')
    await expect(reader.finish()).rejects.toThrow('at 0')
  })

  it('refuses an endless section before it comes, and keeps no ramdisk', async () => {
    const huge = withCrc(patched(image, sizeSlot(4), u64(1n << 50n)))
    expect(() => createEifReader().push(huge.subarray(0, 548))).toThrow('larger than')
    const reader = createEifReader()
    const size = 1 << 30
    reader.push(patched(image, sizeSlot(4), u64(size)).subarray(0, image.length - SECOND.content.length - 12))
    reader.push(Uint8Array.of(0, 3, 0, 0, ...u64(size)))
    const zeros = new Uint8Array(1 << 20)
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 32; i++) reader.push(zeros)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20)
  })
})

describe('CRC-32', () => {
  it('is that of zlib, whatever the pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
        const crc = createCrc32()
        crc.update(bytes.subarray(0, at))
        crc.update(bytes.subarray(at))
        expect(crc.value()).toBe(crc32(bytes))
      }),
    )
  })
})
