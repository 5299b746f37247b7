// Launches that our calculator and the field's are asked for alike. A launch is parameters of tdx-images.mjs and of the machine.
import { createHash } from 'node:crypto'
import { buildKernel, buildTdvf, seededOctets, usualSections } from './tdx-images.mjs'

const MIB = 2 ** 20
const GIB = 2 ** 30
const COMMAND = 'console=ttyS0 root=/dev/vda1 ro'
const USUAL = { firmware: {}, kernel: {}, initrd: { seed: 7, size: 100_000 }, commandLine: COMMAND }
const [CODE, VARIABLES, ...MEMORY] = usualSections()

/** One thing differs from the usual launch, mostly. */
export const LAUNCHES = [
  { name: 'usual', memorySize: 2 * GIB },
  { name: 'memory-64m', memorySize: 64 * MIB },
  { name: 'memory-512m', memorySize: 512 * MIB },
  { name: 'memory-1g', memorySize: GIB },
  { name: 'memory-below-2g', memorySize: 2 * GIB - MIB },
  { name: 'memory-above-2g', memorySize: 2 * GIB + MIB },
  { name: 'memory-below-2816m', memorySize: 2815 * MIB },
  { name: 'memory-2816m', memorySize: 2816 * MIB },
  { name: 'memory-above-2816m', memorySize: 2817 * MIB },
  { name: 'memory-3g', memorySize: 3 * GIB },
  { name: 'memory-4g', memorySize: 4 * GIB },
  { name: 'memory-16g', memorySize: 16 * GIB },
  { name: 'memory-1t', memorySize: 1024 * GIB },
  { name: 'vcpus-1', acpiSeed: 101 },
  { name: 'vcpus-8', acpiSeed: 108 },
  { name: 'vcpus-64', acpiSeed: 164 },
  { name: 'firmware-large', firmware: { seed: 2, sections: usualSections({ codePages: 64, variablePages: 33 }) } },
  { name: 'firmware-order', firmware: { seed: 3, sections: [...MEMORY, VARIABLES, CODE] } },
  {
    name: 'firmware-variables-measured',
    firmware: { seed: 4, sections: [CODE, { ...VARIABLES, attributes: 1 }, ...MEMORY] },
  },
  {
    name: 'firmware-variables-short',
    firmware: { seed: 6, sections: [CODE, { ...VARIABLES, rawSize: 5000 }, ...MEMORY] },
  },
  { name: 'command-line-empty', commandLine: '' },
  { name: 'command-line-long', commandLine: 'a=b '.repeat(400) },
  { name: 'kernel-small', kernel: { seed: 8, sizes: [0x200] } },
  { name: 'kernel-sections-shuffled', kernel: { seed: 9, sizes: [0x400, 0x1000, 0x2200], shuffled: true } },
  { name: 'kernel-signed', kernel: { seed: 10, certificates: 0x5c0 } },
  { name: 'kernel-large', kernel: { seed: 12, sizes: [0x3000, 0x80000] } },
  { name: 'kernel-protocol-20c', kernel: { seed: 13, version: 0x20c } },
  { name: 'kernel-flags', kernel: { seed: 14, loadFlags: 0x41 } },
  { name: 'initrd-one-octet', initrd: { seed: 15, size: 1 } },
  { name: 'initrd-page', initrd: { seed: 16, size: 4096 }, memorySize: 3 * GIB },
  { name: 'initrd-mib', initrd: { seed: 17, size: 1_048_577 }, memorySize: 1536 * MIB },
].flatMap(({ name, ...rest }) =>
  ['page', 'section'].map((pageOrder) => ({
    name: `${name}-${pageOrder}`,
    pageOrder,
    memorySize: 2 * GIB,
    acpiSeed: 104,
    ...USUAL,
    ...rest,
  })),
)

export const sha384 = (octets) => new Uint8Array(createHash('sha384').update(octets).digest())

/** The octets of a launch. ACPI files are octets like any others: they are only hashed. */
export function buildLaunch({ firmware, kernel, initrd, acpiSeed, ...machine }) {
  return {
    ...machine,
    firmware: buildTdvf(firmware),
    kernel: buildKernel(kernel),
    initrd: seededOctets(initrd.seed, initrd.size),
    loader: seededOctets(acpiSeed, 4096),
    rsdp: seededOctets(acpiSeed + 1000, 20),
    tables: seededOctets(acpiSeed + 2000, 20_000),
  }
}

/** The same for the calculator. */
export function launchOf(parameters) {
  const { pageOrder, memorySize, firmware, kernel, commandLine, initrd, loader, rsdp, tables } = buildLaunch(parameters)
  return {
    firmware,
    pageOrder,
    memorySize,
    acpi: { loader: sha384(loader), rsdp: sha384(rsdp), tables: sha384(tables) },
    boot: { kernel, commandLine, initrd: { size: initrd.length, digest: sha384(initrd) } },
  }
}
