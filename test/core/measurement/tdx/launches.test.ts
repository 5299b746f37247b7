/** TDX launches against the answers of the field's calculators, which were frozen with the parameters of each launch. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type LaunchParameters, launchOf } from '../../../../scripts/differential/tdx-launches.mjs'
import { measureTdx, tdxMeasurements } from '../../../../src/core/measurement/tdx/index.ts'
import type { TdxMeasurements } from '../../../../src/core/tdx/index.ts'

interface Vectors {
  readonly vectors: readonly { readonly launch: LaunchParameters; readonly expected: TdxMeasurements }[]
}

const { vectors }: Vectors = JSON.parse(readFileSync('attestation-fixtures/measurement/tdx/launches.json', 'utf8'))

describe('a TDX launch measures as the field says', () => {
  it.each(vectors)('$launch.name', ({ launch, expected }) => {
    expect(tdxMeasurements(launchOf(launch))).toEqual(expected)
    expect(measureTdx(launchOf(launch)).measurements).toEqual(expected)
  })
})

describe('each input of a launch reaches the register that covers it, and no other', () => {
  const [usual] = vectors
  if (usual === undefined) throw new Error('there are no vectors')
  const launch = launchOf(usual.launch)
  const flipped = (octets: Uint8Array, at: number): Uint8Array =>
    octets.map((octet, i) => (i === at ? octet ^ 1 : octet))
  const { boot, acpi } = launch
  it.each([
    ['code of the firmware', { ...launch, firmware: flipped(launch.firmware, 0x2000) }, ['mrTd']],
    ['variables of the firmware', { ...launch, firmware: flipped(launch.firmware, 0) }, ['rtMr0']],
    ['ACPI tables', { ...launch, acpi: { ...acpi, tables: flipped(acpi.tables, 0) } }, ['rtMr0']],
    ['ACPI RSDP', { ...launch, acpi: { ...acpi, rsdp: flipped(acpi.rsdp, 0) } }, ['rtMr0']],
    ['ACPI loader', { ...launch, acpi: { ...acpi, loader: flipped(acpi.loader, 0) } }, ['rtMr0']],
    ['memory', { ...launch, memorySize: 2 ** 30 }, ['rtMr0', 'rtMr1']],
    ['memory above the hole', { ...launch, memorySize: 3 * 2 ** 30 }, ['rtMr0']],
    ['kernel', { ...launch, boot: { ...boot, kernel: flipped(boot.kernel, 0x3000) } }, ['rtMr1']],
    [
      'last octet of the kernel',
      { ...launch, boot: { ...boot, kernel: flipped(boot.kernel, boot.kernel.length - 1) } },
      ['rtMr1'],
    ],
    [
      'checksum of the kernel, which nobody measures',
      { ...launch, boot: { ...boot, kernel: flipped(boot.kernel, 0x98 + 64) } },
      [],
    ],
    ['field of the kernel that QEMU writes', { ...launch, boot: { ...boot, kernel: flipped(boot.kernel, 0x218) } }, []],
    ['command line', { ...launch, boot: { ...boot, commandLine: `${boot.commandLine} ` } }, ['rtMr2']],
    [
      'initrd',
      { ...launch, boot: { ...boot, initrd: { ...boot.initrd, digest: flipped(boot.initrd.digest, 0) } } },
      ['rtMr2'],
    ],
    [
      'pages of the initrd',
      { ...launch, boot: { ...boot, initrd: { ...boot.initrd, size: boot.initrd.size + 1 } } },
      ['rtMr1'],
    ],
  ] as const)('%s', (_, changed, registers) => {
    const seen = tdxMeasurements(changed)
    const keys = ['mrTd', 'rtMr0', 'rtMr1', 'rtMr2'] as const
    expect(keys.filter((key) => seen[key] !== usual.expected[key])).toEqual(registers)
  })
})
