/** Launch digests of SEV-SNP: frozen ones that the field's tool computed, launches that are refused, and what must change a digest. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AMD_SEV_SECTIONS, encodeOvmf } from '../../../../scripts/differential/snp-images.mjs'
import { type LaunchShape, launchOf } from '../../../../scripts/differential/snp-launch.mjs'
import * as snp from '../../../../src/core/measurement/snp/index.ts'
import { MalformedError } from '../../../../src/errors.ts'

interface Frozen {
  readonly name: string
  readonly launch: LaunchShape
  readonly measurement: string
}
interface Refusal {
  readonly name: string
  readonly row: string
  readonly cut?: number
  readonly launch: LaunchShape
  readonly code: string
  readonly detail: string
}

const FOLDER = join(import.meta.dirname, '../../../../attestation-fixtures/measurement/snp')
const { launches }: { readonly launches: readonly Frozen[] } = JSON.parse(
  readFileSync(join(FOLDER, 'launches.json'), 'utf8'),
)
const { refusals }: { readonly refusals: readonly Refusal[] } = JSON.parse(
  readFileSync(join(FOLDER, 'refusals.json'), 'utf8'),
)

const GUEST: snp.SnpGuest = {
  firmware: encodeOvmf(),
  firmwareDigest: 'computed',
  boot: { kernelSha256: new Uint8Array(32).fill(1), initrdSha256: new Uint8Array(32).fill(2), commandLine: 'a' },
  vmm: { kind: 'qemu', vcpuSignature: snp.vcpuSignature('EPYC-v4') },
  guestFeatures: 1n,
}
const digestOf = (changes: Partial<snp.SnpLaunch> = {}): string =>
  snp.snpLaunchDigest({ ...GUEST, vcpus: 2, ...changes }).measurement

describe('launches as sev-snp-measure measures them', () => {
  it('are enough to compare with, and differ', () => {
    expect(launches.length).toBeGreaterThanOrEqual(20)
    // Some are one launch under two names: an empty initrd is none, and so are types with one signature.
    expect(new Set(launches.map(({ measurement }) => measurement)).size).toBeGreaterThan(25)
  })

  it.each(launches)('$name', ({ launch, measurement }) => {
    expect(snp.snpLaunchDigest(launchOf(snp, launch))).toEqual({ measurement })
  })
})

describe('launches that are refused', () => {
  it('are vectors, each with -fail behind its name', () => {
    expect(refusals.length).toBeGreaterThan(40)
    expect(refusals.filter(({ name }) => !name.endsWith('-fail'))).toEqual([])
  })

  for (const { name, row, cut, launch, code, detail } of refusals)
    it(`[${row}] ${code}: ${detail} (${name})`, () => {
      const run = (): unknown => {
        const { firmware, ...others } = launchOf(snp, launch)
        return snp.snpLaunchDigest({ ...others, firmware: firmware.subarray(0, cut ?? firmware.length) })
      }
      expect(run).toThrow(MalformedError)
      expect(run).toThrow(expect.objectContaining({ failure: code, message: expect.stringContaining(detail) }))
    })

  it.each(['kernelSha256', 'initrdSha256'] as const)('[M3] LAUNCH_INVALID: %s of another size', (digest) => {
    const boot = GUEST.boot === 'none' ? GUEST.boot : { ...GUEST.boot, [digest]: new Uint8Array(31) }
    expect(() => digestOf({ boot })).toThrow(expect.objectContaining({ failure: 'LAUNCH_INVALID' }))
  })

  it('[M3] OVMF_FORMAT: a place of the metadata that is no single number', () => {
    const firmware = Buffer.from(encodeOvmf())
    // Its size then covers the entry before it, too.
    firmware.writeUInt16LE(48, firmware.length - 32 - 18 - 22 - 18)
    const message = expect.stringMatching(/^the place of the SEV metadata at 0x[0-9a-f]+ has 30 octets/)
    expect(() => digestOf({ firmware })).toThrow(expect.objectContaining({ failure: 'OVMF_FORMAT', message }))
  })

  it('[M3] OVMF_FORMAT: more sections than any firmware has', () => {
    const more = Array.from({ length: 58 }, (_, i) => [0x100_0000 + i * 4096, 4096, 1] as const)
    const firmware = encodeOvmf({ sections: [...AMD_SEV_SECTIONS, ...more] })
    const message = expect.stringContaining('for 65 sections')
    expect(() => digestOf({ firmware })).toThrow(expect.objectContaining({ failure: 'OVMF_FORMAT', message }))
  })

  it('[M3] LAUNCH_INVALID: features and signatures below zero, or no whole number', () => {
    const refused = expect.objectContaining({ failure: 'LAUNCH_INVALID' })
    expect(() => digestOf({ guestFeatures: -1n })).toThrow(refused)
    for (const vcpuSignature of [-1, 0.5, Number.NaN])
      expect(() => digestOf({ vmm: { kind: 'qemu', vcpuSignature } })).toThrow(refused)
  })

  it('[M3] LAUNCH_INVALID: a signature of more than 32 bits, and no number of vCPUs', () => {
    const refused = expect.objectContaining({ failure: 'LAUNCH_INVALID' })
    expect(() => digestOf({ vmm: { kind: 'qemu', vcpuSignature: 0x1_0000_0000 } })).toThrow(refused)
    expect(() => snp.measureSnpLaunch(GUEST, [])).toThrow(refused)
  })
})

describe('a launch digest', () => {
  const changed: readonly (readonly [string, Partial<snp.SnpLaunch>])[] = [
    ['kernel', { boot: { ...bootOf(), kernelSha256: new Uint8Array(32) } }],
    ['initrd', { boot: { ...bootOf(), initrdSha256: 'none' } }],
    ['command line', { boot: { ...bootOf(), commandLine: 'a ' } }],
    ['absence of a kernel', { boot: 'none' }],
    ['firmware', { firmware: encodeOvmf({ seed: 2 }) }],
    ['order of its sections', { firmware: encodeOvmf({ sections: [...AMD_SEV_SECTIONS].reverse() }) }],
    ['type of its vCPUs', { vmm: { kind: 'qemu', vcpuSignature: snp.vcpuSignature('EPYC-Milan') } }],
    ['host', { vmm: { kind: 'ec2' } }],
    ['guest features', { guestFeatures: 0x21n }],
    ['number of vCPUs', { vcpus: 3 }],
  ]
  it.each(changed)('[M3] changes with the %s', (_, change) => {
    expect(digestOf(change)).not.toBe(digestOf())
  })

  it('of several numbers of vCPUs is that of each alone', () => {
    const { parts, measurements } = snp.measureSnpLaunch(GUEST, [8, 1, 2])
    expect([...measurements.keys()]).toEqual([1, 2, 8])
    for (const [vcpus, { measurement }] of measurements) expect(measurement).toBe(digestOf({ vcpus }))
    expect(parts.map(({ name }) => name)).toEqual([
      'firmware',
      'memory',
      'memory',
      'secrets',
      'CPUID',
      'SVSM calling area',
      'memory',
      'kernel hashes',
      'vCPU 1',
      'vCPU 2',
      'vCPU 8',
    ])
    expect(parts[0]).toMatchObject({ gpa: 0x1_0000_0000 - 65_536, size: 65_536 })
  })

  it('takes what the firmware comes to from another', () => {
    const [firmware] = snp.measureSnpLaunch(GUEST, [1]).parts
    const firmwareDigest = new Uint8Array(Buffer.from(firmware?.digest ?? '', 'hex'))
    expect(digestOf({ firmwareDigest })).toBe(digestOf())
    expect(digestOf({ firmwareDigest: new Uint8Array(48) })).not.toBe(digestOf())
  })

  function bootOf(): snp.DirectBoot {
    if (GUEST.boot === 'none') throw new TypeError('the guest boots a kernel')
    return GUEST.boot
  }
})
