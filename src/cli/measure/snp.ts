/** `countersign measure snp`: the launch digest that SEV-SNP will quote, computed from what is launched. @module */
import { parseArgs } from 'node:util'
import { measureSnpLaunch, type SnpGuest, type SnpVmm, vcpuSignature } from '../../core/measurement/snp/index.ts'
import { type Io, UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { createProgress } from '../log/progress.ts'
import { type DigestedFile, digestFile, readFirmware, sizeOfFiles } from './launch-file.ts'
import { askedRow, LOCK_ROW_HELP, LOCK_ROW_OPTIONS, lockRow } from './lock-row.ts'
import { type SnpInputs, shapeOf, snpJson, snpPage } from './snp-page.ts'
import type { Verb } from './verb.ts'

const MIB = 1024 * 1024
const EXAMPLE = 'For example: countersign measure snp --ovmf OVMF.amdsev.fd --vcpus 2 --vcpu-type EPYC-v4'
const HELP = `countersign measure snp --ovmf FILE --vcpus N[,N]... --vcpu-type TYPE [--kernel FILE [--initrd FILE] [--append TEXT]] [--json]

Computes the launch digest of a SEV-SNP guest offline, once for each number of vCPUs: it depends on the firmware, the kernel, initrd and
command line that the host boots directly, the vCPUs, and who sets them up. Firmware that would not measure the kernel is refused.

  --ovmf FILE          the firmware; for --kernel one that measures it, OvmfPkg/AmdSev
  --kernel FILE        as the host is given it, with
  --initrd FILE        its initrd, and
  --append TEXT        its command line, letter by letter
  --vcpus N[,N]...     1 to 512 each
  --vcpu-type TYPE     QEMU's name of the processor; only for --vmm qemu
  --vmm NAME           who sets up the guest: qemu (unless told), ec2 or gce. For qemu, a host with Linux 6.10 or later: earlier ones
                       start vCPUs with other registers, and what their guests measure is not computed
  --guest-features N   SEV_FEATURES, 0x1 unless told; 0x21 where the host has debug swap on, as Linux 6.6 and 6.7 had
  --ovmf-hash HEX      what the firmware's pages come to, where somebody else vouches for it
  --json               the result for machines, one line for each number of vCPUs
${LOCK_ROW_HELP}

Example: countersign measure snp --ovmf OVMF.amdsev.fd --kernel vmlinuz --initrd initrd.img --append 'console=ttyS0' --vcpus 1,2,4 --vcpu-type EPYC-v4
`
const OPTIONS = {
  ovmf: { type: 'string' },
  'ovmf-hash': { type: 'string' },
  kernel: { type: 'string' },
  initrd: { type: 'string' },
  append: { type: 'string' },
  vcpus: { type: 'string' },
  'vcpu-type': { type: 'string' },
  vmm: { type: 'string', default: 'qemu' },
  'guest-features': { type: 'string', default: '0x1' },
  json: { type: 'boolean', default: false },
  ...LOCK_ROW_OPTIONS,
} as const

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS }).values
type Values = ReturnType<typeof parse>

function countsOf(text: string | undefined): readonly number[] {
  if (text === undefined || !/^\d{1,6}(?:,\d{1,6})*$/.test(text))
    throw new UsageError('measure snp wants numbers of vCPUs', 'For example: --vcpus 1,2,4')
  return text.split(',').map(Number)
}

function vmmOf({ vmm, 'vcpu-type': type }: Values): SnpVmm {
  if (vmm === 'qemu') {
    if (type === undefined) throw new UsageError('measure snp wants the type of the vCPUs', EXAMPLE)
    return { kind: vmm, vcpuSignature: vcpuSignature(type) }
  }
  if (vmm !== 'ec2' && vmm !== 'gce') throw new UsageError(`there is no host ${vmm}`, 'It is qemu, ec2 or gce.')
  if (type !== undefined)
    throw new UsageError(`${vmm} tells a vCPU no type`, 'Leave --vcpu-type out: it is no part of the digest there.')
  return { kind: vmm }
}

function featuresOf({ 'guest-features': text }: Values): bigint {
  if (/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) return BigInt(text)
  throw new UsageError(`${text} are no guest features`, 'Give a number, for example 0x1.')
}

function firmwareDigestOf({ 'ovmf-hash': text }: Values): Uint8Array | 'computed' {
  if (text === undefined) return 'computed'
  if (/^[0-9a-f]{96}$/i.test(text)) return new Uint8Array(Buffer.from(text, 'hex'))
  throw new UsageError('--ovmf-hash is no SHA-384', 'Give its 96 hexadecimal digits.')
}

/** One after the other: one thread digests them anyhow, and the second finds the memory of the first. */
async function digestAll(files: readonly string[], io: Io): Promise<readonly DigestedFile[]> {
  const progress = createProgress(io, 'MiB')
  const total = await sizeOfFiles(files)
  let done = 0
  const onRead = (octets: number): void => {
    done += octets
    progress.show('measuring', Math.floor(done / MIB), Math.floor(total / MIB))
  }
  try {
    const digested: DigestedFile[] = []
    for (const file of files) digested.push(await digestFile(file, onRead))
    return digested
  } finally {
    progress.end()
  }
}

async function readInputs(values: Values, io: Io): Promise<{ readonly guest: SnpGuest; readonly inputs: SnpInputs }> {
  const { ovmf, kernel, initrd, append = '' } = values
  if (ovmf === undefined) throw new UsageError('measure snp wants the firmware', EXAMPLE)
  if (kernel === undefined && (initrd !== undefined || values.append !== undefined))
    throw new UsageError('--initrd and --append are for a kernel', 'Give --kernel FILE too.')
  // What Node writes for octets that are not UTF-8: the host's loader would take and measure the octets themselves.
  if (append.includes('\ufffd'))
    throw new UsageError('--append is not UTF-8', 'Give the command line letter by letter.')
  const [vmm, guestFeatures, firmwareDigest] = [vmmOf(values), featuresOf(values), firmwareDigestOf(values)]
  const { octets, ...firmware } = await readFirmware(ovmf)
  const paths = [kernel, initrd].filter((file) => file !== undefined)
  const [first, second] = await digestAll(paths, io)
  // No host boots it: the file was left behind by a build that failed.
  if (kernel !== undefined && first?.size === 0)
    throw new UsageError(
      `${kernel} is empty`,
      'Give the kernel itself; without --kernel the firmware boots from a disk.',
    )
  const named = (file: string | undefined, digested: DigestedFile | undefined) =>
    file === undefined || digested === undefined ? ('none' as const) : { file, ...digested }
  const inputs: SnpInputs = {
    firmware: { file: ovmf, ...firmware },
    firmwareDigest: values['ovmf-hash']?.toLowerCase() ?? 'computed',
    kernel: named(kernel, first),
    initrd: named(initrd, second),
    commandLine: append,
    vmm: vmm.kind,
    vcpuType: values['vcpu-type'] ?? 'none',
    guestFeatures,
  }
  const boot =
    inputs.kernel === 'none'
      ? ('none' as const)
      : {
          kernelSha256: inputs.kernel.sha256,
          initrdSha256: inputs.initrd === 'none' ? ('none' as const) : inputs.initrd.sha256,
          commandLine: append,
        }
  return { inputs, guest: { firmware: octets, firmwareDigest, boot, vmm, guestFeatures } }
}

export const verb: Verb = {
  summary: 'the launch digest of a SEV-SNP guest, from firmware, kernel, initrd, command line and vCPUs',
  help: HELP,
  async run(args, io) {
    const values = parse(args)
    const counts = countsOf(values.vcpus)
    // What is wrong with the row is said before the files are read, not after.
    const row = askedRow(values)
    const { guest, inputs } = await readInputs(values, io)
    const measured = measureSnpLaunch(guest, counts)
    if (row !== undefined)
      for (const [vcpus, measurements] of measured.measurements)
        io.out(lockRow({ platform: 'snp', measurements }, shapeOf(inputs, vcpus), row))
    else io.out(values.json ? snpJson(inputs, measured) : snpPage(inputs, measured))
    return EXIT_OK
  },
}
