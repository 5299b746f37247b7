/** `countersign measure tdx`: what it prints, what it leaves out, and what a log of a boot adds. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildKernel, buildTdvf, seededOctets } from '../../scripts/differential/tdx-images.mjs'
import { LAUNCHES, launchOf } from '../../scripts/differential/tdx-launches.mjs'
import { UsageError } from '../../src/cli/command.ts'
import { command } from '../../src/cli/commands/measure.ts'
import { sha384 } from '../../src/core/crypto/index.ts'
import { decodeHex, encodeHex } from '../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { encodeEventLog, type LoggedEvent } from '../../src/core/event-log/index.ts'
import { measureTdx, tdxMeasurements } from '../../src/core/measurement/tdx/index.ts'
import { MalformedError } from '../../src/errors.ts'
import { recordIo } from './log/history-folder.ts'

const [usual] = LAUNCHES
if (usual === undefined) throw new Error('there are no launches')
const LAUNCH = launchOf(usual)
const EXPECTED = tdxMeasurements(LAUNCH)
const CONFIG = `sha256:${'5'.repeat(64)}`
let folder: string
const at = (name: string): string => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-measure-tdx-'))
  writeFileSync(at('OVMF.fd'), buildTdvf(usual.firmware))
  writeFileSync(at('vmlinuz'), buildKernel(usual.kernel))
  writeFileSync(at('initrd'), seededOctets(usual.initrd.seed, usual.initrd.size))
  writeFileSync(at('loader'), seededOctets(usual.acpiSeed, 4096))
  writeFileSync(at('rsdp'), seededOctets(usual.acpiSeed + 1000, 20))
  writeFileSync(at('log'), encodeEventLog({ events: logged() }))
})
afterAll(() => rmSync(folder, { recursive: true }))

const REGISTERS = { rtMr0: 0, rtMr1: 1, rtMr2: 2 } as const

/** What a guest would log of the launch: digests, and the text of two events. */
function logged(): readonly LoggedEvent[] {
  const action = 'Exit Boot Services Invocation'
  return measureTdx(LAUNCH).parts.flatMap(({ register, name, digest = '' }): readonly LoggedEvent[] => {
    if (register === 'mrTd') return []
    const event = { register: REGISTERS[register], type: 6, digest: decodeHex(digest) } as const
    return [name === action ? { ...event, type: 0x80000007, payload: encodeUtf8(action) } : event]
  })
}

const PLATFORM = (): readonly string[] => ['--tdvf', at('OVMF.fd'), '--memory', '2G']
const BOOT = (): readonly string[] => [
  '--kernel',
  at('vmlinuz'),
  '--initrd',
  at('initrd'),
  '--append',
  usual.commandLine,
]
const ACPI = (): readonly string[] => [
  ...['--acpi-loader', at('loader'), '--acpi-rsdp', at('rsdp')],
  ...['--acpi-tables', `sha384:${encodeHex(LAUNCH.acpi.tables)}`],
]

async function run(...args: readonly string[]): Promise<string> {
  const { io, out } = recordIo(new Date(0))
  expect(await command.run(['tdx', ...args], io)).toBe(0)
  return out()
}

async function refusal(...args: readonly string[]): Promise<string> {
  try {
    await run(...args)
  } catch (error) {
    if (error instanceof UsageError) return `${error.message}: ${error.hint}`
    if (error instanceof MalformedError) return `${error.failure}: ${error.message}`
    throw error
  }
  return 'none'
}

describe('countersign measure tdx', () => {
  it('gives all four registers of a launch, with what they cover', async () => {
    const { platform, measurements, parts, inputs, missing } = JSON.parse(
      await run(...PLATFORM(), ...BOOT(), ...ACPI(), '--json'),
    )
    expect({ platform, measurements, missing }).toEqual({ platform: 'tdx', measurements: EXPECTED, missing: undefined })
    expect(inputs).toEqual({ qemu: '9', memorySize: 2 ** 31, log: 'none' })
    expect(parts).toEqual(measureTdx(LAUNCH).parts)
  })

  it('adds pages in the order of QEMU 8 where told', async () => {
    const { measurements } = JSON.parse(await run(...PLATFORM(), '--qemu', '8', '--json'))
    expect(measurements).toEqual({ mrTd: tdxMeasurements({ ...LAUNCH, pageOrder: 'section' }).mrTd })
  })

  it('leaves out a register of which something is missing, and says what', async () => {
    const { measurements, missing } = JSON.parse(await run(...PLATFORM(), ...BOOT(), '--json'))
    const { rtMr0, ...rest } = EXPECTED
    expect(rtMr0).toHaveLength(96)
    expect(measurements).toEqual(rest)
    expect(missing).toEqual([{ register: 'rtMr0', why: expect.stringContaining('--acpi-tables') }])
    const page = await run(...PLATFORM(), ...BOOT())
    expect(page).toMatch(/rtMr0 {2}not computed: it covers QEMU's ACPI files/)
    expect(page).toContain(EXPECTED.rtMr1)
    expect(page).toMatch(/TEMP_MEM, 0x810000, 65536 octets: contents not measured/)
  })

  it('makes a lock row of all four, and of no fewer', async () => {
    const row = ['--lock-row', '--config', CONFIG, '--vcpus', '4']
    const { measurements, shape, status, platform } = JSON.parse(await run(...PLATFORM(), ...BOOT(), ...ACPI(), ...row))
    expect({ measurements, platform, status }).toEqual({ measurements: EXPECTED, platform: 'tdx', status: 'next' })
    expect(shape).toBe('qemu 9, 4 vCPUs, 2G memory')
    expect(await refusal(...PLATFORM(), ...BOOT(), ...row)).toContain(
      'a lock row holds all four registers: Missing are rtMr0',
    )
  })

  it.each([
    [['--memory', '2G'], 'wants the firmware'],
    [['--tdvf', 'OVMF.fd'], 'wants the size of memory'],
    [['--tdvf', 'OVMF.fd', '--memory', '2048'], 'wants the size of memory'],
    [['--tdvf', 'OVMF.fd', '--memory', '2G', '--qemu', '7'], '--qemu 7 is not known'],
    [['--tdvf', 'OVMF.fd', '--memory', '2G', '--vcpus', '0'], '0 is no number of vCPUs'],
    [['--tdvf', 'OVMF.fd', '--memory', '2G', '--kernel', 'k'], 'a kernel is measured with its initrd'],
    [['--tdvf', 'OVMF.fd', '--memory', '2G', '--append', 'k'], '--append is the command line of a kernel'],
    [['--tdvf', 'OVMF.fd', '--memory', '2G', '--acpi-rsdp', 'k'], 'RTMR0 covers three ACPI files'],
    [['--tdvf', 'OVMF.fd', '--memory', '2G', '--lock-row', '--config', CONFIG], 'names the number of vCPUs'],
    [['--tdvf', 'OVMF.fd', '--memory', '2G', '--config', CONFIG], '--config and --model say what a lock row holds'],
    [['--tdvf', 'OVMF.fd', '--memory', '2G', '--json', '--lock-row'], '--json and --lock-row exclude each other'],
    [['--tdvf', '/nowhere/OVMF.fd', '--memory', '2G'], 'cannot be read'],
    [['--tdvf', 'OVMF.fd', '--memory', '2G', '--kernel', 'package.json', '--initrd', 'src'], 'it is no file'],
  ])('refuses %j', async (args, text) => {
    expect(await refusal(...args)).toContain(text)
  })
})

describe('countersign measure tdx --ccel', () => {
  const row = ['--lock-row', '--config', CONFIG, '--vcpus', '4']

  it('replays a log into the registers, and says which events are taken on trust', async () => {
    const { measurements, parts, inputs } = JSON.parse(await run(...PLATFORM(), '--ccel', at('log'), '--json'))
    expect(measurements).toEqual(EXPECTED)
    expect(inputs.log).toBe('replayed')
    const grounds = (name: string) =>
      parts.find((part: { name: string; grounds?: string }) => part.name === name && part.grounds)?.grounds
    expect([grounds('TD HOB'), grounds('CFV'), grounds('SecureBoot'), grounds('Boot0000')]).toEqual(
      Array(4).fill('computed'),
    )
    expect(parts.filter((part: { grounds?: string }) => part.grounds === 'trust')).toHaveLength(6)
    expect(await run(...PLATFORM(), '--ccel', at('log'))).toContain('6 events of the log are taken on trust')
  })

  it('trusts nothing of which the files are given', async () => {
    const page = await run(...PLATFORM(), ...BOOT(), ...ACPI(), '--ccel', at('log'))
    expect(page).not.toMatch(/trust/i)
    const shape = async (...files: readonly string[]): Promise<string> =>
      JSON.parse(await run(...PLATFORM(), ...files, '--ccel', at('log'), ...row)).shape
    expect(await shape(...BOOT(), ...ACPI())).toBe('qemu 9, 4 vCPUs, 2G memory, log replayed')
    expect(await shape()).toBe('qemu 9, 4 vCPUs, 2G memory, log replayed, 6 events on trust')
  })

  it.each<[string, string, readonly string[]]>([
    ['kernel', '--kernel', ['--kernel', 'other-kernel', '--initrd', 'initrd', '--append', usual.commandLine]],
    ['program', '--kernel', ['--kernel', 'other-kernel']],
    ['initrd', '--initrd', ['--kernel', 'vmlinuz', '--initrd', 'other-initrd', '--append', usual.commandLine]],
    ['command line', '--append', ['--kernel', 'vmlinuz', '--initrd', 'initrd', '--append', 'other']],
    ['ACPI file', '--acpi-tables', ['--acpi-loader', 'loader', '--acpi-rsdp', 'loader', '--acpi-tables', 'loader']],
  ])('refuses a log that does not have the %s it is held against', async (_, option, args) => {
    writeFileSync(at('other-kernel'), buildKernel({ ...usual.kernel, seed: 99 }))
    writeFileSync(at('other-initrd'), seededOctets(99, usual.initrd.size))
    const files = args.map((arg, i) => (args[i - 1]?.startsWith('--') && args[i - 1] !== '--append' ? at(arg) : arg))
    const refused = await refusal(...PLATFORM(), ...files, '--ccel', at('log'), ...row)
    expect(refused).toMatch(/^LAUNCH_INVALID: no event of the log has the digest of what /)
    expect(refused).toContain(option)
  })

  it('recognises a program that is measured as it is', async () => {
    const kernel = { register: 1, type: 0x80000003, digest: decodeHex(programDigest()) } as const
    writeFileSync(at('uki-log'), encodeEventLog({ events: [...logged(), kernel] }))
    const args = [...PLATFORM(), '--ccel', at('uki-log'), '--kernel', at('vmlinuz'), '--json']
    const { parts } = JSON.parse(await run(...args))
    expect(parts.at(-1)).toMatchObject({ name: 'kernel as it is', grounds: 'computed' })
  })

  it('refuses the log of other firmware or other memory', async () => {
    const other = ['--tdvf', at('OVMF.fd'), '--memory', '3G', '--ccel', at('log')]
    expect(await refusal(...other)).toContain('LAUNCH_INVALID: the log is not of this firmware with this memory')
    const [hob, , ...rest] = logged()
    const cfv = { register: 0, type: 6, digest: sha384(Uint8Array.of(1)) } as const
    writeFileSync(at('cfv-log'), encodeEventLog({ events: [...(hob ? [hob] : []), cfv, ...rest] }))
    expect(await refusal(...PLATFORM(), '--ccel', at('cfv-log'))).toContain('has the digest of its CFV')
  })

  it('refuses a text that is not that of its digest', async () => {
    const events = logged().map((event) => (event.payload ? { ...event, payload: encodeUtf8('Other') } : event))
    writeFileSync(at('forged-log'), encodeEventLog({ events }))
    expect(await refusal(...PLATFORM(), '--ccel', at('forged-log'))).toMatch(
      /^EVENT_DIGEST_MISMATCH: an event of type 0x80000007 in RTMR1/,
    )
  })
})

/** Authenticode by hand: no checksum, no entry of certificates. */
function programDigest(): string {
  const image = new Uint8Array(readFileSync(at('vmlinuz')))
  const optional = 0x80 + 24
  return encodeHex(
    sha384(
      image.subarray(0, optional + 64),
      image.subarray(optional + 68, optional + 144),
      image.subarray(optional + 152),
    ),
  )
}
