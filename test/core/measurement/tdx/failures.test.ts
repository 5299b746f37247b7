/** Launches that are refused: each for the one thing that its name says, with where it is. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  buildKernel,
  buildTdvf,
  type FirmwareParameters,
  type KernelParameters,
  seededOctets,
  usualSections,
} from '../../../../scripts/differential/tdx-images.mjs'
import { sha384 } from '../../../../src/core/crypto/index.ts'
import { authenticodeSha384 } from '../../../../src/core/measurement/tdx/authenticode.ts'
import { type TdxLaunch, tdxMeasurements } from '../../../../src/core/measurement/tdx/index.ts'
import { MalformedError } from '../../../../src/errors.ts'

interface Failure {
  readonly name: string
  readonly code: string
  readonly text: string
  readonly launch: {
    readonly firmware?: FirmwareParameters
    /** Octets of the firmware that are left. */
    readonly keep?: number
    readonly kernel?: KernelParameters
    readonly keepKernel?: number
    readonly memorySize?: number
    readonly initrd?: { readonly seed: number; readonly size: number }
    /** Without octets, of which nobody asks. */
    readonly initrdSize?: number
    readonly commandLine?: string
  }
}

const failures: readonly Failure[] = JSON.parse(
  readFileSync('attestation-fixtures/measurement/tdx/failures.json', 'utf8'),
)

function launchOf(failure: Failure['launch']): TdxLaunch {
  const { firmware, keep, kernel, keepKernel, memorySize = 2 ** 31, commandLine = 'quiet' } = failure
  const initrd = seededOctets(failure.initrd?.seed ?? 7, failure.initrd?.size ?? 1000)
  const digest = sha384(initrd)
  return {
    firmware: buildTdvf(firmware).subarray(0, keep),
    pageOrder: 'page',
    memorySize,
    acpi: { loader: digest, rsdp: digest, tables: digest },
    boot: {
      kernel: buildKernel(kernel).subarray(0, keepKernel),
      commandLine,
      initrd: { size: failure.initrdSize ?? initrd.length, digest },
    },
  }
}

function refusalOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof MalformedError) return `${error.failure}: ${error.message}`
    throw error
  }
  return 'none'
}

describe('a TDX launch that cannot be measured is refused', () => {
  it.each(failures)('$name: $code', ({ launch, code, text }) => {
    const refusal = refusalOf(() => tdxMeasurements(launchOf(launch)))
    expect(refusal.startsWith(`${code}: `)).toBe(true)
    expect(refusal).toContain(text)
  })

  it('and what the failing launches have in common is measured', () => {
    expect(tdxMeasurements(launchOf({})).mrTd).toMatch(/^[0-9a-f]{96}$/)
  })

  it.each(['loader', 'rsdp', 'tables'] as const)('for a digest of another size: ACPI %s', (file) => {
    const launch = launchOf({})
    const cut = { ...launch, acpi: { ...launch.acpi, [file]: new Uint8Array(32) } }
    expect(refusalOf(() => tdxMeasurements(cut))).toMatch(/^LAUNCH_INVALID: the digest of the ACPI .* has 32 octets/)
  })

  it('for a digest of another size: initrd', () => {
    const { boot, ...launch } = launchOf({})
    const cut = { ...launch, boot: { ...boot, initrd: { size: 1, digest: new Uint8Array(47) } } }
    expect(refusalOf(() => tdxMeasurements(cut))).toMatch(/^LAUNCH_INVALID: the digest of the initrd has 47 octets/)
  })

  it('for an entry of the table that is no single number', () => {
    const firmware = Buffer.from(buildTdvf())
    // Its size then covers the entry before it, too.
    firmware.writeUInt16LE(44, firmware.length - 32 - 18 - 18)
    expect(refusalOf(() => tdxMeasurements({ ...launchOf({}), firmware }))).toMatch(
      /^OVMF_FORMAT: the entry for TDX at 0x[0-9a-f]+ has 26 octets, not 4/,
    )
  })

  it('for more sections than any firmware has', () => {
    const more = Array.from({ length: 59 }, (_, i) => ({
      ...{ dataOffset: 0, rawSize: 0, memorySize: 4096, type: 3, attributes: 0 },
      address: 0x100_0000 + i * 4096,
    }))
    const firmware = buildTdvf({ sections: [...usualSections(), ...more] })
    expect(refusalOf(() => tdxMeasurements({ ...launchOf({}), firmware }))).toMatch(
      /^OVMF_FORMAT: .* have 65 sections, 1 to 64 are due/,
    )
  })

  const OPTIONAL_HEADER = 0x98
  it.each<[string, number, readonly number[], RegExp]>([
    ['an optional header of 32 bits', OPTIONAL_HEADER, [0x10b], /is not for x86-64/],
    ['a section table over the directories', OPTIONAL_HEADER - 4, [100], /the section table at 0xfc is not within/],
    // Else they would be loaded, and in no digest.
    [
      'certificates over a section',
      OPTIONAL_HEADER + 144,
      [0x3200, 0, 0x1000, 0],
      /certificates from 0x3200 to 0x4200/,
    ],
  ])('for a kernel with %s', (_, at, words, text) => {
    const kernel = Buffer.from(buildKernel())
    for (const [i, word] of words.entries()) kernel.writeUInt16LE(word, at + 2 * i)
    expect(refusalOf(() => authenticodeSha384(kernel))).toMatch(text)
  })

  const firmware = buildTdvf()
  it('whatever is cut off the end of the firmware', () => {
    for (let keep = 0; keep < firmware.length; keep += keep < firmware.length - 512 ? 509 : 1)
      expect(refusalOf(() => tdxMeasurements({ ...launchOf({}), firmware: firmware.subarray(0, keep) }))).toMatch(
        /^OVMF_FORMAT: .*(0x|table)/,
      )
  })

  const kernel = buildKernel({ certificates: 8 })
  it('whatever is cut off the end of a kernel', () => {
    for (let keep = 0; keep < kernel.length; keep += keep < 1024 ? 1 : 61)
      expect(refusalOf(() => authenticodeSha384(kernel.subarray(0, keep)))).toMatch(/^KERNEL_FORMAT: .*0x/)
  })
})
