/** Headers, tables, sections and their order: one thing is wrong in each. */
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import {
  type EifTemplate,
  HEADER_SIZE,
  offsetSlot,
  patched,
  SECTION_HEADER_SIZE,
  section,
  sectionAt,
  sizeSlot,
  u64,
  withCrc,
  writeEif,
} from '../../core/measurement/eif/write-eif.ts'
import {
  APPLICATION,
  CMDLINE,
  type EifRecipe,
  KERNEL,
  METADATA,
  PLAIN,
  RAMDISK,
  signed,
  text,
  withSection,
} from './recipe.ts'

const plain = writeEif(PLAIN)
const at = (index: number): number => sectionAt(PLAIN, index)
const contentAt = (index: number): number => at(index) + SECTION_HEADER_SIZE

const bad = (name: string, title: string, image: Uint8Array, offset: number): EifRecipe => ({
  name,
  title,
  image,
  fails: { code: 'EIF_FORMAT', offset },
})

/** A template that is written as it is; `index` is the section that the error names, the end without one. */
const wrong = (name: string, title: string, template: EifTemplate, index?: number): EifRecipe => {
  const image = writeEif(template)
  return bad(name, title, image, index === undefined ? image.length : sectionAt(template, index))
}

const GOOD: readonly EifRecipe[] = [
  { name: 'plain', title: 'measures an image as nitro-cli writes it', image: plain },
  {
    name: 'one-ramdisk',
    title: 'measures an image without an application, whose PCR2 is that of nothing',
    image: writeEif({ sections: [KERNEL, CMDLINE, METADATA, RAMDISK] }),
  },
  {
    name: 'many-ramdisks',
    title: 'measures an image of as many sections as the header has slots',
    image: writeEif({
      sections: [KERNEL, CMDLINE, METADATA, ...Array.from({ length: 29 }, (_, i) => section('ramdisk', `disk ${i}`))],
    }),
  },
  {
    name: 'empty-cmdline',
    title: 'measures an image whose command line is empty',
    image: writeEif({ sections: [KERNEL, section('cmdline', ''), METADATA, RAMDISK, APPLICATION] }),
  },
  {
    name: 'empty-last-ramdisk',
    title: 'measures an image that ends with an empty ramdisk',
    image: writeEif({ sections: [KERNEL, CMDLINE, METADATA, RAMDISK, section('ramdisk', '')] }),
  },
  {
    name: 'aarch64',
    title: 'measures an image for aarch64: the flag is in no register',
    image: writeEif({ ...PLAIN, flags: 1 }),
  },
  {
    name: 'defaults',
    title: 'measures an image with other defaults: they are in no register',
    image: writeEif({ ...PLAIN, defaultMemory: 4096n << 20n, defaultCpus: 8n }),
  },
  {
    name: 'version-2',
    title: 'measures an image of version 2',
    image: writeEif({ version: 2, sections: [KERNEL, CMDLINE, RAMDISK, APPLICATION] }),
  },
  {
    name: 'metadata-claims',
    title: 'measures an image whose metadata claims other registers, and gives them no weight',
    image: writeEif({
      sections: [
        KERNEL,
        CMDLINE,
        section(
          'metadata',
          `{"Measurements":{"PCR0":"${'00'.repeat(48)}","PCR1":"${'11'.repeat(48)}","PCR2":"${'22'.repeat(48)}"}}`,
        ),
        RAMDISK,
        APPLICATION,
      ],
    }),
  },
  {
    name: 'metadata-no-json',
    title: 'measures an image whose metadata is no JSON: nobody reads it',
    image: writeEif({ sections: [KERNEL, CMDLINE, section('metadata', '{'), RAMDISK, APPLICATION] }),
  },
]

const HEADER: readonly EifRecipe[] = [
  bad('magic', 'refuses a file that begins otherwise', patched(plain, 0, [0x7f]), 0),
  bad('version-1', 'refuses version 1, which has no checksum', patched(plain, 4, [0, 1]), 4),
  bad('version-5', 'refuses a version that is not known', patched(plain, 4, [0, 5]), 4),
  bad('flags', 'refuses a flag that is not known', patched(plain, 6, [0, 2]), 6),
  bad('default-memory', 'refuses a default that no number holds', patched(plain, 8, [0xff]), 8),
  bad('reserved', 'refuses a reserved field that is not zero', patched(plain, 24, [0, 1]), 24),
  bad('unused', 'refuses an unused field that is not zero', patched(plain, 540, [0, 0, 0, 1]), 540),
  bad('count-33', 'refuses more sections than there are slots', patched(plain, 26, [0, 33]), 26),
  bad('count-less', 'refuses a section that is not counted', patched(plain, 26, [0, 4]), offsetSlot(4)),
  bad('count-more', 'refuses a section that is counted and not there', patched(plain, 26, [0, 6]), offsetSlot(5)),
  bad('size-beyond-count', 'refuses a size in a slot of no section', patched(plain, sizeSlot(5), u64(1)), sizeSlot(5)),
  bad('no-section', 'refuses an image of no section', writeEif({ sections: [] }), HEADER_SIZE),
  bad(
    'offset-overlap',
    'refuses a section that begins within the one before it',
    patched(plain, offsetSlot(3), u64(at(3) - 1)),
    offsetSlot(3),
  ),
  bad(
    'offset-header',
    'refuses a section within the header',
    patched(plain, offsetSlot(0), u64(HEADER_SIZE - SECTION_HEADER_SIZE)),
    offsetSlot(0),
  ),
  bad(
    'offset-order',
    'refuses sections in another order than in the file',
    patched(patched(plain, offsetSlot(3), u64(at(4))), offsetSlot(4), u64(at(3))),
    offsetSlot(3),
  ),
  bad('size-huge', 'refuses a size that no host has', patched(plain, sizeSlot(4), u64(1n << 63n)), sizeSlot(4)),
  bad(
    'gap',
    'refuses octets between two sections',
    withCrc(
      patched(
        concatBytes(plain.subarray(0, at(4)), Uint8Array.of(0), plain.subarray(at(4))),
        offsetSlot(4),
        u64(at(4) + 1),
      ),
    ),
    offsetSlot(4),
  ),
  {
    name: 'crc',
    title: 'refuses a checksum that is not the image’s',
    image: plain.map((octet, i) => (i === 547 ? octet ^ 1 : octet)),
    fails: { code: 'EIF_CRC', offset: 544 },
  },
  {
    name: 'crc-content',
    title: 'refuses an image of which one bit changed on the way',
    image: plain.map((octet, i) => (i === contentAt(3) ? octet ^ 1 : octet)),
    fails: { code: 'EIF_CRC', offset: 544 },
  },
]

const SECTIONS: readonly EifRecipe[] = [
  wrong(
    'two-cmdlines',
    'refuses a second command line',
    { sections: [KERNEL, CMDLINE, section('cmdline', 'init=/bin/sh'), METADATA, RAMDISK] },
    2,
  ),
  wrong('two-kernels', 'refuses a second kernel', { sections: [KERNEL, KERNEL, CMDLINE, RAMDISK] }, 1),
  wrong('two-metadata', 'refuses a second metadata', { sections: [KERNEL, CMDLINE, METADATA, METADATA, RAMDISK] }, 3),
  wrong('two-signatures', 'refuses a second signature', signed(signed(PLAIN)), 6),
  wrong('no-kernel', 'refuses an image without a kernel', { sections: [CMDLINE, METADATA, RAMDISK] }),
  wrong('no-cmdline', 'refuses an image without a command line', { sections: [KERNEL, METADATA, RAMDISK] }),
  wrong('no-ramdisk', 'refuses an image without a ramdisk', { sections: [KERNEL, CMDLINE, METADATA] }),
  wrong(
    'order-cmdline-first',
    'refuses a kernel behind the command line: the registers would be another image’s',
    { sections: [CMDLINE, KERNEL, METADATA, RAMDISK] },
    1,
  ),
  wrong(
    'order-metadata-last',
    'refuses metadata behind the ramdisks',
    { sections: [KERNEL, CMDLINE, RAMDISK, METADATA] },
    3,
  ),
  wrong('order-behind-signature', 'refuses a ramdisk behind the signature', withSection(signed(PLAIN), APPLICATION), 6),
  wrong('type-0', 'refuses the invalid type of section', withSection(PLAIN, { type: 0, content: text('?') }), 5),
  wrong(
    'type-6',
    'refuses a type of section that is not known',
    withSection(PLAIN, { type: 6, content: text('?') }),
    5,
  ),
  wrong(
    'version-2-signature',
    'refuses a signature in version 2',
    { ...signed({ sections: [KERNEL, CMDLINE, RAMDISK] }), version: 2 },
    3,
  ),
  wrong('version-3-metadata', 'refuses metadata in version 3', { ...PLAIN, version: 3 }, 2),
  bad('section-flags', 'refuses a flag of a section', patched(plain, at(3) + 2, [0, 1]), at(3) + 2),
  bad(
    'size-mismatch',
    'refuses a size in the header that is not the section’s own',
    patched(plain, at(3) + 4, u64(APPLICATION.content.length)),
    at(3) + 4,
  ),
  bad(
    'empty-kernel',
    'refuses an empty kernel',
    writeEif({ sections: [section('kernel', ''), CMDLINE, METADATA, RAMDISK] }),
    HEADER_SIZE + 4,
  ),
  bad(
    'cmdline-large',
    'refuses a command line that no kernel takes',
    writeEif({ sections: [KERNEL, section('cmdline', 'x'.repeat(65_537)), METADATA, RAMDISK] }),
    at(1) + 4,
  ),
  bad(
    'cmdline-nul',
    'refuses a NUL in the command line: the kernel would read less than is measured and shown',
    patched(plain, contentAt(1) + 8, [0]),
    contentAt(1) + 8,
  ),
  bad('cmdline-utf8', 'refuses a command line that is not UTF-8', patched(plain, contentAt(1), [0xff]), contentAt(1)),
  bad('metadata-utf8', 'refuses metadata that is not UTF-8', patched(plain, contentAt(2), [0xff]), contentAt(2)),
]

const cut = (name: string, title: string, size: number): EifRecipe => bad(name, title, plain.slice(0, size), size)
const CUT: readonly EifRecipe[] = [
  cut('cut-empty', 'refuses an empty file', 0),
  cut('cut-header', 'refuses an image that is cut within its header', 300),
  cut('cut-section-header', 'refuses an image that is cut within the header of a section', at(3) + 5),
  cut('cut-ramdisk', 'refuses an image that is cut within a ramdisk', plain.length - 1),
  cut('cut-section', 'refuses an image that is cut between two sections', at(4)),
  bad('trailing', 'refuses octets behind the last section', concatBytes(plain, Uint8Array.of(0)), plain.length),
]

export const LAYOUT_RECIPES: readonly EifRecipe[] = [...GOOD, ...HEADER, ...SECTIONS, ...CUT]
