// Launches that are refused, each for one thing. scripts/tdx-vectors.mjs writes them down.
import { usualSections } from './tdx-images.mjs'

const MIB = 2 ** 20
const [CODE, VARIABLES, LARGE, SMALL, HOB, FIRST] = usualSections()
const MEMORY = [LARGE, SMALL, HOB, FIRST]
/** Octets of the usual firmware. */
const SIZE = 24_576
const withCode = (change) => ({ sections: [{ ...CODE, ...change }, VARIABLES, ...MEMORY] })
const withFirst = (change) => ({ sections: [CODE, VARIABLES, LARGE, SMALL, HOB, { ...FIRST, ...change }] })

const firmware = (name, parameters, text, cut) => ({
  name: `${name}-fail`,
  launch: { firmware: parameters, ...(cut === undefined ? {} : { keep: cut }) },
  code: 'OVMF_FORMAT',
  text,
})
const kernel = (name, parameters, text, keep) => ({
  name: `${name}-fail`,
  launch: { kernel: parameters, ...(keep === undefined ? {} : { keepKernel: keep }) },
  code: 'KERNEL_FORMAT',
  text,
})
const machine = (name, launch, text) => ({ name: `${name}-fail`, launch, code: 'LAUNCH_INVALID', text })

export const FAILURES = [
  firmware('firmware-cut-to-nothing', {}, 'the firmware ends at 0x0, before its table', 0),
  firmware('firmware-cut-in-tail', {}, 'no table at', SIZE - 1),
  firmware('firmware-cut-at-table', {}, 'no table at', SIZE - 32),
  firmware('firmware-cut-in-half', {}, 'no table at 0x2fd0', SIZE / 2),
  firmware('firmware-without-entry', { entry: false }, 'no entry e47a6535-984a-4798-865e-4685a7bf8ec2'),
  firmware('metadata-before-file', { distance: SIZE + 1 }, 'points outside of the file, 24577 octets from its end'),
  firmware('metadata-behind-file', { distance: 15 }, 'points outside of the file, 15 octets from its end'),
  firmware('metadata-signature', { signature: 'TDVG' }, 'no "TDVF" at 0x5ed2'),
  firmware('metadata-version', { version: 2 }, 'the TDX metadata at 0x5ed2 are of version 2, not 1'),
  firmware('metadata-length', { length: 207 }, 'the TDX metadata at 0x5ed2 have 6 sections, but a length of 207'),
  firmware('metadata-no-sections', { count: 0 }, 'the TDX metadata at 0x5ed2 have 0 sections'),
  firmware(
    'metadata-count-runs-out',
    { count: 10 },
    'the TDX metadata at 0x5ed2 have 10 sections, and the file ends before them',
  ),
  firmware('metadata-many-sections', { count: 65 }, 'the TDX metadata at 0x5ed2 have 65 sections'),
  firmware('section-type', withFirst({ type: 4 }), 'the section at 0x5f82 is of type 4'),
  firmware('section-attributes', withFirst({ attributes: 4 }), 'the section at 0x5f82 has unknown attributes, 0x4'),
  firmware('section-address', withFirst({ address: 0x800800 }), 'the section at 0x5f82 has the address 0x800800'),
  firmware('section-no-memory', withFirst({ memorySize: 0 }), 'the section at 0x5f82 takes 0 octets'),
  firmware('section-part-of-page', withFirst({ memorySize: 0x5800 }), 'the section at 0x5f82 takes 22528 octets'),
  firmware(
    'section-above-4g',
    withFirst({ address: 2 ** 32 }),
    'the section at 0x5f82 ends at 0x100006000, above 4 GiB',
  ),
  firmware(
    'section-raw-too-large',
    { sections: [CODE, { ...VARIABLES, memorySize: 4096 }, ...MEMORY] },
    'has 8192 octets for 4096 octets of memory',
  ),
  firmware(
    'section-outside-file',
    { ...withCode({ dataOffset: 8193 }), size: SIZE },
    "the section at 0x5ee2 takes the file's octets to 0x6001, and the file ends at 0x6000",
  ),
  firmware(
    'section-memory-with-octets',
    withFirst({ rawSize: 4096 }),
    'the section at 0x5f82 of type TEMP_MEM has 4096 octets in the file',
  ),
  firmware(
    'section-volume-without-octets',
    { sections: [CODE, { ...VARIABLES, rawSize: 0 }, ...MEMORY] },
    'of type CFV has 0 octets in the file',
  ),
  firmware(
    'section-measured-in-part',
    { sections: [CODE, { ...VARIABLES, rawSize: 5000, attributes: 1 }, ...MEMORY] },
    'is measured, and has 5000 octets for 8192 octets of memory',
  ),
  firmware('section-pages-later', withFirst({ attributes: 2 }), 'the section at 0x5f82 wants its pages later'),
  firmware('section-measured-before-there', withCode({ attributes: 3 }), 'the section at 0x5ee2 wants its pages later'),
  firmware(
    'sections-overlap',
    withFirst({ memorySize: 0xa000 }),
    'the sections at 0x5f82 and 0x5f62 share the address 0x809000',
  ),
  firmware(
    'volume-not-measured',
    withCode({ attributes: 0 }),
    'the firmware volume of the section at 0x5ee2 is not measured',
  ),
  firmware(
    'volume-missing',
    { sections: [{ ...VARIABLES, rawSize: 8192 }, ...MEMORY] },
    'the TDX metadata have no firmware volume',
  ),
  firmware(
    'volume-without-first-instruction',
    withCode({ address: CODE.address - 0x100000 }),
    'no measured firmware volume ends at 0x100000000, where the first instruction is',
  ),
  firmware('hob-missing', { sections: [CODE, VARIABLES, LARGE, SMALL, FIRST] }, 'no section TD_HOB'),
  firmware(
    'hob-twice',
    { sections: [CODE, VARIABLES, LARGE, { ...SMALL, type: 2 }, HOB, FIRST] },
    'more than one section TD_HOB',
  ),
  firmware('variables-missing', { sections: [CODE, ...MEMORY] }, 'no section CFV'),
  kernel('kernel-cut-in-header', {}, 'the kernel ends at 0xfff', 0xfff),
  kernel('kernel-cut-in-section', {}, 'the image ends at 0x4000, before its last section does, at 0x4200', 0x4000),
  kernel('kernel-without-setup-header', { magic: 'NONE' }, '"HdrS" is not at 0x202'),
  kernel('kernel-protocol', { version: 0x20b }, 'boot protocol 0x20b at 0x206'),
  kernel('kernel-loaded-low', { loadFlags: 0 }, 'bit 0 at 0x211'),
  kernel('kernel-below-4g', { xLoadFlags: 0x7d }, 'bit 1 at 0x236'),
  kernel('kernel-no-efi', { peSignature: 'NE\0\0' }, 'no "PE" at 0x80'),
  kernel('kernel-not-x86-64', { machine: 0xaa64 }, 'is not for x86-64'),
  kernel('kernel-no-directory', { directories: 4 }, 'no entry for certificates at 0x128'),
  kernel('kernel-table-outside-headers', { headersField: 0x180 }, 'the section table at 0x188'),
  kernel('kernel-gap', { gap: 8 }, 'begins at 0x1208, and what is before it ends at 0x1200'),
  kernel(
    'kernel-certificates-not-last',
    { certificates: 0x600, certificatesField: 0x5f8 },
    'are not the end of the image',
  ),
  kernel(
    'kernel-unaligned',
    { seed: 11, sizes: [0x200, 0x3001] },
    'the image ends at 0x4201, which is no multiple of 8',
  ),
  machine('memory-no-mebibyte', { memorySize: 2 ** 31 + 4096 }, 'the memory of 2147487744 octets'),
  machine('memory-none', { memorySize: 0 }, 'the memory of 0 octets'),
  machine('memory-negative', { memorySize: -MIB }, 'the memory of -1048576 octets'),
  machine('memory-too-large', { memorySize: 2 ** 52 }, 'the memory of 4503599627370496 octets'),
  machine(
    'memory-too-small',
    { memorySize: 8 * MIB },
    "the memory ends at 0x800000, and the firmware's section at 0x5f82 needs it to 0x806000",
  ),
  machine(
    'hob-too-small',
    {
      firmware: {
        sections: [
          CODE,
          VARIABLES,
          LARGE,
          SMALL,
          { ...HOB, memorySize: 4096 },
          FIRST,
          ...Array.from({ length: 57 }, (_, i) => ({ ...FIRST, address: 0x900000 + i * 0x2000, memorySize: 4096 })),
        ],
      },
    },
    'does not fit the section at 0x',
  ),
  machine('initrd-empty', { initrd: { seed: 1, size: 0 } }, 'the initrd has 0 octets'),
  machine(
    'initrd-too-large',
    { memorySize: 64 * MIB, initrdSize: 64 * MIB - 0x28000 - 1 },
    'the initrd of 66945023 octets does not fit the memory below 0x3fd7fff',
  ),
  machine('command-line-not-ascii', { commandLine: 'naïve' }, 'the command line is not printable ASCII'),
  machine('command-line-nul', { commandLine: 'a\0b' }, 'the command line is not printable ASCII'),
  machine('command-line-vga', { commandLine: 'quiet vga=791' }, '"vga="'),
]
