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
    expect(page).toMatch(/those of OVMF from before edk2 202505.*of other firmware replay the log of a boot: --ccel/)
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
    [['--tdvf', '/dev/zero', '--memory', '2G'], 'it is no file'],
    [['--tdvf', 'OVMF.fd', '--memory', '2G', '--kernel', '/dev/zero', '--initrd', 'package.json'], 'is no file'],
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

  it('gives the registers of a log alone, without MRTD and without a lock row', async () => {
    const { measurements, missing, parts, runtimeEvents, inputs } = JSON.parse(await run('--ccel', at('log'), '--json'))
    const { mrTd, ...replayed } = EXPECTED
    expect(mrTd).toHaveLength(96)
    expect({ measurements, inputs, runtimeEvents }).toEqual({
      measurements: replayed,
      inputs: { log: 'replayed' },
      runtimeEvents: 0,
    })
    expect(missing).toEqual([{ register: 'mrTd', why: 'it covers the firmware: give --tdvf and --memory' }])
    const trusted = parts.filter((part: { grounds?: string }) => part.grounds === 'trust')
    expect(trusted[0]).toMatchObject({ register: 'rtMr0', name: 'event labelled EVENT_TAG' })
    expect(trusted).toHaveLength(8)
    expect(await refusal('--ccel', at('log'), ...row)).toContain('all four registers: Missing are mrTd: it covers')
  })

  it('counts what was measured at run time, and leaves it out of the registers', async () => {
    const runtime = { register: 3, type: 13, digest: sha384(Uint8Array.of(1)) } as const
    writeFileSync(at('runtime-log'), encodeEventLog({ events: [...logged(), runtime] }))
    const page = await run('--ccel', at('runtime-log'))
    expect(page).toMatch(/rtMr3 {2}grows at run time and is in no pin; the log has 1 events of it/)
    expect(page).toContain(EXPECTED.rtMr2)
    expect(page).not.toContain('before edk2 202505')
  })

  it('shows the text of a log in one line, without control characters, and cut', async () => {
    const text = encodeUtf8(`a\n  rtMr0  ${'0'.repeat(96)}`)
    const ipl = { register: 2, type: 13, digest: sha384(text), payload: text } as const
    writeFileSync(at('long-log'), encodeEventLog({ events: [...logged(), ipl] }))
    const lines = (await run('--ccel', at('long-log'))).split('\n')
    expect(lines.filter((line) => line.startsWith('  rtMr0  0'))).toEqual([])
    expect(lines.find((line) => line.includes('ipl a?'))).toMatch(/^ {2}rtMr2 {2}ipl a\? {2}rtMr0 {2}0{65}…: /)
  })

  it.each(['memory', 'initrd', 'acpi-tables', 'acpi-rsdp', 'acpi-loader'])(
    'refuses --%s beside a log without the firmware that it is computed with',
    async (option) => {
      expect(await refusal('--ccel', at('log'), `--${option}`, '2G')).toContain(
        `--${option} is computed together with the firmware`,
      )
    },
  )

  it('refuses the log of other firmware or other memory', async () => {
    const other = ['--tdvf', at('OVMF.fd'), '--memory', '3G', '--ccel', at('log')]
    expect(await refusal(...other)).toContain('LAUNCH_INVALID: the log is not of this firmware with this memory')
    const [hob, , ...rest] = logged()
    const cfv = { register: 0, type: 6, digest: sha384(Uint8Array.of(1)) } as const
    writeFileSync(at('cfv-log'), encodeEventLog({ events: [...(hob ? [hob] : []), cfv, ...rest] }))
    expect(await refusal(...PLATFORM(), '--ccel', at('cfv-log'))).toContain(
      'event 1 of RTMR0 does not have the digest of its CFV',
    )
  })

  it('refuses a log that has hand-off block and variables only behind those of another firmware', async () => {
    const other = { register: 0, type: 6, digest: sha384(Uint8Array.of(1)) } as const
    writeFileSync(at('behind-log'), encodeEventLog({ events: [other, other, ...logged()] }))
    expect(await refusal(...PLATFORM(), '--ccel', at('behind-log'))).toMatch(
      /^LAUNCH_INVALID: .*event 0 of RTMR0 does not have the digest of its TD HOB/,
    )
  })

  it.each<[string, number, 0 | 1 | 2, Uint8Array]>([
    ['a program called the text of a boot loader', 13, 1, encodeUtf8('MZ readable all the same')],
    ['a program called an action', 0x80000007, 1, encodeUtf8('MZ readable all the same')],
    ['a program called a variable', 0x80000001, 1, variable('MZ')],
    ['an initrd called the text of a boot loader', 13, 2, Uint8Array.of(0x1f, 0x8b, 8, 0)],
    ['an ACPI file called a variable', 0x80000001, 0, variable('aa')],
    ['a boot option, of which no name is measured', 0x80000002, 0, variable('aa')],
  ])('takes on trust %s', async (_, type, register, payload) => {
    const event = { register, type, payload, digest: sha384(payload) }
    writeFileSync(at('masked-log'), encodeEventLog({ events: [...logged(), event] }))
    const { parts } = JSON.parse(await run(...PLATFORM(), ...BOOT(), ...ACPI(), '--ccel', at('masked-log'), '--json'))
    expect(parts.at(-1)).toMatchObject({ grounds: 'trust', digest: encodeHex(event.digest) })
  })

  it.each<[string, number, 0 | 1 | 2, Uint8Array]>([
    ['the text of a boot loader', 13, 2, encodeUtf8('set timeout=0')],
    ['an action', 0x80000007, 1, encodeUtf8('Exit Boot Services Returned with Failure')],
    ['a variable of the firmware', 0x80000001, 0, variable('aa')],
  ])('takes %s as proven by its text', async (_, type, register, payload) => {
    const event = { register, type, payload, digest: sha384(payload) }
    const [hob, cfv, ...rest] = logged()
    const events = [...(hob ? [hob] : []), ...(cfv ? [cfv] : []), event, ...rest]
    writeFileSync(at('text-log'), encodeEventLog({ events }))
    const { parts } = JSON.parse(await run(...PLATFORM(), '--ccel', at('text-log'), '--json'))
    const digest = encodeHex(event.digest)
    expect(parts.find((part: { digest?: string }) => part.digest === digest)).toMatchObject({ grounds: 'text' })
  })

  it('refuses a text that is not that of its digest', async () => {
    const events = logged().map((event) => (event.payload ? { ...event, payload: encodeUtf8('Other') } : event))
    writeFileSync(at('forged-log'), encodeEventLog({ events }))
    expect(await refusal(...PLATFORM(), '--ccel', at('forged-log'))).toMatch(
      /^EVENT_DIGEST_MISMATCH: an event of type 0x80000007 in RTMR1/,
    )
  })
})

/** UEFI_VARIABLE_DATA of a variable `V` with one octet, of a vendor whose GUID begins with two letters. */
function variable(letters: string): Uint8Array {
  const octets = new Uint8Array(35)
  octets.set(encodeUtf8(letters))
  octets.set([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x56, 0, 7], 16)
  return octets
}

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
