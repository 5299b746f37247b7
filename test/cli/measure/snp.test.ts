/** `countersign measure snp`: what it prints, rows that a lock takes, and what it refuses. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AMD_SEV_SECTIONS, encodeOvmf, pattern } from '../../../scripts/differential/snp-images.mjs'
import { type Io, UsageError } from '../../../src/cli/command.ts'
import { command } from '../../../src/cli/commands/measure.ts'
import { digestFile } from '../../../src/cli/measure/launch-file.ts'
import { decodeLock } from '../../../src/core/lock.ts'
import { MalformedError } from '../../../src/errors.ts'
import { rejectionOf } from '../../kit/rejection-of.ts'

const FROZEN = join(import.meta.dirname, '../../../attestation-fixtures/measurement/snp/launches.json')
const CONFIG = `sha256:${'ab'.repeat(32)}`

let folder: string
let ovmf: string
let kernel: string
let initrd: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-cli-snp-'))
  const put = (name: string, octets: Uint8Array): string => {
    writeFileSync(join(folder, name), octets)
    return join(folder, name)
  }
  ovmf = put('OVMF.fd', encodeOvmf())
  put('plain.fd', encodeOvmf({ sections: AMD_SEV_SECTIONS.slice(0, 6) }))
  put('cut.fd', encodeOvmf().subarray(0, 61_440))
  truncateSync(put('huge.fd', new Uint8Array()), 64 * 1024 * 1024 + 1)
  put('empty', new Uint8Array())
  kernel = put('vmlinuz', pattern(70_000, 11))
  initrd = put('initrd', pattern(123_457, 12))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function run(args: readonly string[], progress = false) {
  const written = { out: '', err: '' }
  const io: Io = {
    out: (text) => {
      written.out += text
    },
    err: (text) => {
      written.err += text
    },
    colour: false,
    progress,
    env: {},
    now: () => new Date(0),
  }
  return { exit: await command.run(['snp', ...args], io), ...written }
}

const frozen = (name: string): string =>
  JSON.parse(readFileSync(FROZEN, 'utf8')).launches.find((one: { name: string }) => one.name === name).measurement

const TYPE = ['--vcpu-type', 'EPYC-v4']
const direct = (): readonly string[] => [
  ...['--ovmf', ovmf, '--kernel', kernel, '--initrd', initrd],
  ...['--append', 'console=ttyS0 root=/dev/vda1', ...TYPE],
]

describe('countersign measure snp', () => {
  it('shows files, parts and the digest of each number of vCPUs', async () => {
    const { exit, out, err } = await run([...direct(), '--vcpus', '4,1'])
    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    expect(out.replaceAll(`${folder}/`, '')).toMatchInlineSnapshot(`
      "  firmware        OVMF.fd, 65,536 octets, sha256:893066a76ad88afa004de1e3a94d9b176efd4358bdb9517db6b27321b2e86c14
        kernel          vmlinuz, 70,000 octets, sha256:4df7e6130c2aadf9a7dd6fe126a5582ffc676c4a78f8c25a2d7160c357f49784
        initrd          initrd, 123,457 octets, sha256:92086c7f2a9d76b0e688841fcdd04a316e179e6d0b1f736bb3a2fce8f8f7ff41
        command line    console=ttyS0 root=/dev/vda1
        host            qemu, EPYC-v4
        guest features  0x1

        part               at          octets  launch digest so far
        firmware           0xffff0000  65,536  77e3580184757822…
        memory             0x800000    36,864  388628f9ff2c4fea…
        memory             0x80a000    12,288  9f8827a76fda1ff1…
        secrets            0x80d000     4,096  02340d51be6327d9…
        CPUID              0x80e000     4,096  a11b4d2be005d405…
        SVSM calling area  0x80f000     4,096  e8704304cc8c586b…
        memory             0x811000    61,440  b6703588f25fa603…
        kernel hashes      0x810000     4,096  a3e328b1b88a292e…
        vCPU 1             -            4,096  eecfaf714874b88e…
        vCPU 4             -            4,096  9c45eb95e0d98f6d…

        1 vCPU   eecfaf714874b88e674d28ba1a5f80cfd55a3df1081e9ed53e61bc1b26821f19e1612366b989e8cb8041ec38034dd24a
        4 vCPUs  9c45eb95e0d98f6d97c93574497062873a116c82e2cd9162b1a3ff2a1621eba2c916bcca3317e7e2ed98440e0bc21641
      "
    `)
    expect(out).toContain(frozen('direct-boot'))
  })

  it('says when a kernel is none of what is measured', async () => {
    const { out } = await run(['--ovmf', ovmf, '--vcpus', '2', ...TYPE])
    expect(out).toContain('none: what the firmware boots from a disk is not in this digest')
    expect(out).toContain(frozen('vcpus-2'))
  })

  it('gives machines one line for each number of vCPUs, with all that went into it', async () => {
    const { out } = await run([...direct(), '--vcpus', '1,4', '--json'])
    const [first, second, ...more] = out.trimEnd().split('\n')
    expect(more).toEqual([])
    expect(JSON.parse(second ?? '')).toMatchObject({
      platform: 'snp',
      measurements: { measurement: frozen('direct-boot') },
      inputs: { kernel: { size: 70_000 }, vmm: 'qemu', vcpuType: 'EPYC-v4', guestFeatures: '0x1', vcpus: 4 },
    })
    const { measurements, parts } = JSON.parse(first ?? '')
    expect(parts[0]).toMatchObject({ name: 'firmware', gpa: '0xffff0000', size: 65_536 })
    expect(parts.at(-1)).toMatchObject({ name: 'vCPU 1', gpa: '-', digest: measurements.measurement })
  })

  it('prints rows that a lock takes, next and without an end', async () => {
    const { out } = await run([
      ...[...direct(), '--vcpus', '1,4', '--guest-features', '0x21', '--lock-row'],
      ...['--config', CONFIG, '--model', `llama=${CONFIG}`, '--model', 'a@b=none'],
    ])
    const rows = out
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    const lock = decodeLock(JSON.stringify({ minimumPolicyRevision: 1, revision: 1, rows, version: 1 }))
    expect(lock.rows.map(({ shape, status, notAfter }) => [shape, status, notAfter])).toEqual([
      ['qemu, EPYC-v4, 1 vCPU, guest features 0x21', 'next', 'none'],
      ['qemu, EPYC-v4, 4 vCPUs, guest features 0x21', 'next', 'none'],
    ])
    expect(lock.rows[0]?.models).toEqual([
      { name: 'llama', digest: CONFIG },
      { name: 'a@b', digest: 'none' },
    ])
  })

  it('says in a row what that row does not pin', async () => {
    const row = ['--vcpus', '2', '--lock-row', '--config', CONFIG]
    const shape = async (...args: readonly string[]): Promise<string> =>
      JSON.parse((await run(['--ovmf', ovmf, ...TYPE, ...args, ...row])).out).shape
    expect(await shape('--kernel', kernel)).toBe('qemu, EPYC-v4, 2 vCPUs')
    expect(await shape()).toBe('qemu, EPYC-v4, 2 vCPUs, no kernel measured')
    expect(await shape('--kernel', kernel, '--ovmf-hash', 'AB'.repeat(48))).toBe(
      'qemu, EPYC-v4, 2 vCPUs, firmware digest as given',
    )
  })

  it.each([
    ['ec2-direct-boot', 'ec2'],
    ['gce-direct-boot', 'gce'],
  ])('measures as %s without a type of vCPU', async (name, vmm) => {
    const args = direct().filter((word) => !TYPE.includes(word))
    const { out } = await run([...args, '--vcpus', '3', '--vmm', vmm])
    expect(out).toContain(frozen(name))
  })

  it('takes what the firmware comes to from another', async () => {
    const { out } = await run(['--ovmf', ovmf, '--ovmf-hash', 'AB'.repeat(48), '--vcpus', '2', ...TYPE])
    expect(out).toContain(frozen('firmware-digest-given'))
    expect(out).toContain(`${'ab'.repeat(48)}, as given`)
  })

  it('shows progress on a terminal, and takes it away', async () => {
    const { err } = await run([...direct(), '--vcpus', '1'], true)
    expect(err).toContain('100 %  measuring: 0 of 0 MiB')
    expect(err.endsWith('\r\u001b[2K')).toBe(true)
  })

  it.each([
    ['OVMF_FORMAT', ['--ovmf', 'cut.fd'], 'no table at 0xefd0'],
    ['OVMF_FORMAT', ['--ovmf', 'vmlinuz'], 'the firmware ends within a page, at 0x11170'],
    ['IMAGE_PROFILE_WEAK', ['--ovmf', 'plain.fd', '--kernel', 'vmlinuz'], 'the kernel would not be measured'],
  ])('[M3] refuses with %s: %s', async (failure, given, detail) => {
    const args = given.map((word) => (word.startsWith('-') ? word : join(folder, word)))
    const error = await rejectionOf(run([...args, '--vcpus', '1', ...TYPE]))
    expect(error).toBeInstanceOf(MalformedError)
    expect(error).toMatchObject({ failure, message: expect.stringContaining(detail) })
  })

  it.each([
    ['VCPU_TYPE', ['--vcpus', '1', '--vcpu-type', 'EPYC-Siena'], 'known are EPYC, EPYC-v1'],
    ['LAUNCH_INVALID', ['--vcpus', '0', ...TYPE], '0 vCPUs'],
    ['LAUNCH_INVALID', ['--vcpus', '1,513', ...TYPE], '513 vCPUs'],
    ['LAUNCH_INVALID', ['--vcpus', '1', ...TYPE, '--guest-features', '2'], 'guest features 0x2'],
  ])('[M3] refuses with %s: %s', async (failure, args, detail) => {
    const error = await rejectionOf(run(['--ovmf', ovmf, ...args]))
    expect(error).toMatchObject({ failure, message: expect.stringContaining(detail) })
  })

  it.each([
    ['no firmware', ['--vcpus', '1', ...TYPE], 'wants the firmware'],
    ['no vCPUs', ['--ovmf', 'OVMF.fd', ...TYPE], 'wants numbers of vCPUs'],
    ['vCPUs that are no numbers', ['--ovmf', 'OVMF.fd', '--vcpus', '1,,2', ...TYPE], 'wants numbers of vCPUs'],
    ['no type', ['--ovmf', 'OVMF.fd', '--vcpus', '1'], 'wants the type of the vCPUs'],
    ['a type that counts for nothing', ['--ovmf', 'OVMF.fd', '--vcpus', '1', '--vmm', 'ec2', ...TYPE], 'no type'],
    ['an unknown host', ['--ovmf', 'OVMF.fd', '--vcpus', '1', '--vmm', 'xen', ...TYPE], 'no host xen'],
    ['an initrd alone', ['--ovmf', 'OVMF.fd', '--vcpus', '1', '--initrd', 'initrd', ...TYPE], 'for a kernel'],
    ['a command line alone', ['--ovmf', 'OVMF.fd', '--vcpus', '1', '--append', '', ...TYPE], 'for a kernel'],
    [
      'a command line that is not UTF-8',
      ['--ovmf', 'OVMF.fd', '--vcpus', '1', '--kernel', 'vmlinuz', '--append', 'quiet \ufffd', ...TYPE],
      'not UTF-8',
    ],
    ['an empty kernel', ['--ovmf', 'OVMF.fd', '--vcpus', '1', '--kernel', 'empty', ...TYPE], 'empty is empty'],
    ['a file that is not there', ['--ovmf', 'none.fd', '--vcpus', '1', ...TYPE], 'none.fd cannot be read'],
    ['no firmware by its size', ['--ovmf', 'huge.fd', '--vcpus', '1', ...TYPE], 'larger than 64 MiB'],
    ['a folder', ['--ovmf', '.', '--vcpus', '1', ...TYPE], 'it is no file'],
    ['odd features', ['--ovmf', 'OVMF.fd', '--vcpus', '1', ...TYPE, '--guest-features', 'x'], 'no guest features'],
    ['an odd digest', ['--ovmf', 'OVMF.fd', '--vcpus', '1', ...TYPE, '--ovmf-hash', 'ab'], 'no SHA-384'],
    ['a row without configuration', ['--ovmf', 'OVMF.fd', '--vcpus', '1', ...TYPE, '--lock-row'], 'by its digest'],
    ['a configuration without row', ['--ovmf', 'OVMF.fd', '--vcpus', '1', ...TYPE, '--config', CONFIG], 'lock row'],
    ['a model without digest', ['--vcpus', '1', '--lock-row', '--config', CONFIG, '--model', 'a'], 'no model of a row'],
    [
      'a name that no lock takes',
      ['--vcpus', '1', '--lock-row', '--config', CONFIG, '--model', 'a=b=none'],
      'no model',
    ],
    ['two forms', ['--vcpus', '1', '--lock-row', '--config', CONFIG, '--json'], 'exclude each other'],
  ])('wants to be called rightly: %s', async (_, args, message) => {
    const inFolder = args.map((word) => (/^(?:\.|.*\.fd|initrd|vmlinuz|empty)$/.test(word) ? join(folder, word) : word))
    const error = await rejectionOf(run(inFolder))
    expect(error).toBeInstanceOf(UsageError)
    expect(error).toMatchObject({ message: expect.stringContaining(message) })
  })

  it('does not take a file for one that is written to meanwhile', async () => {
    const file = join(folder, 'growing')
    writeFileSync(file, new Uint8Array(3 * 1024 * 1024))
    let grown = false
    const error = await rejectionOf(
      digestFile(file, () => {
        if (!grown) appendFileSync(file, 'x')
        grown = true
      }),
    )
    expect(error).toMatchObject({
      code: 'ERR_STATE',
      message: expect.stringContaining('changed while it was measured'),
    })
  })
})
