// Firmware of no other worth than that it is measured: octets that a number decides, SEV metadata, and the table at the end, each as the
// specification has it or as a test wants it.

export const OVMF_GUIDS = {
  table: '96b582de-1fb2-45f7-baea-a366c55a082d',
  sevMetadata: 'dc886566-984a-4798-a75e-5585a7bf67cc',
  sevHashes: '7255371f-3a3b-4b04-927b-1da6efa8d454',
  resetBlock: '00f771de-1a7e-4fcb-890e-68c77e2fb44e',
  svsm: 'a789a612-0597-4c4b-a49f-cbb1fe9d1ddd',
}
const STRANGER = '00112233-4455-6677-8899-aabbccddeeff'
const TAIL_SIZE = 32
const METADATA_FROM_END = 0x800

/** As OvmfPkg/AmdSev of edk2 has them: GPA, size and type of each. */
export const AMD_SEV_SECTIONS = [
  [0x800000, 0x9000, 1],
  [0x80a000, 0x3000, 1],
  [0x80d000, 0x1000, 2],
  [0x80e000, 0x1000, 3],
  [0x80f000, 0x1000, 4],
  [0x811000, 0xf000, 1],
  [0x810000, 0x1000, 0x10],
]
const AMD_SEV_HASHES = [0x810c00, 0x400]
const RESET_ADDRESS = 0x80b004

export function u16(value) {
  return Uint8Array.of(value & 0xff, value >> 8)
}

export function u32(value) {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value, true)
  return out
}

const joined = (...parts) => new Uint8Array(Buffer.concat(parts))

function guidOctets(text) {
  const digits = Buffer.from(text.replaceAll('-', ''), 'hex')
  return Uint8Array.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15], (at) => digits[at])
}

/** Octets that differ from page to page. */
export function pattern(size, seed = 1) {
  const out = new Uint8Array(size)
  let state = seed >>> 0
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    out[i] = state >>> 24
  }
  return out
}

/**
 * The table, without the 32 octets behind it.
 * @param entries `{ guid, content, size }`; a size where a test wants another than it is
 * @param size of the whole, likewise
 */
export function encodeTable(entries, size) {
  const encoded = entries.map(({ guid, content, size: said = content.length + 18 }) =>
    joined(content, u16(said), guidOctets(guid)),
  )
  const whole = joined(...encoded)
  return joined(whole, u16(size ?? whole.length + 18), guidOctets(OVMF_GUIDS.table))
}

/** An image of `size` octets with the table at its end. */
export function imageWithTable(table, size = 8192, seed = 1) {
  const image = pattern(size, seed)
  image.set(table, size - TAIL_SIZE - table.length)
  return image
}

function encodeMetadata({ sections, signature = 'ASEV', version = 1, length, count = sections.length }) {
  const fields = sections.flatMap((section) => section.map(u32))
  const size = length ?? 16 + 12 * sections.length
  return joined(Buffer.from(signature, 'latin1'), u32(size), u32(version), u32(count), ...fields)
}

/**
 * A whole image for SEV-SNP. What is not named is as OvmfPkg/AmdSev has it; `none` leaves an entry of the table out.
 * @param shape `size`, `seed`, `sections`, `hashes`, `resetAddress`; wrong ones: `signature`, `version`, `length`, `count`, `fromEnd`,
 *   and `place`, in octets before the end
 */
export function encodeOvmf({
  size = 16 * 4096,
  seed = 1,
  sections = AMD_SEV_SECTIONS,
  hashes = AMD_SEV_HASHES,
  resetAddress = RESET_ADDRESS,
  fromEnd = METADATA_FROM_END,
  place = METADATA_FROM_END,
  ...wrong
} = {}) {
  const table = encodeTable([
    { guid: STRANGER, content: pattern(9) },
    ...(hashes === 'none' ? [] : [{ guid: OVMF_GUIDS.sevHashes, content: joined(...hashes.map(u32)) }]),
    ...(fromEnd === 'none' ? [] : [{ guid: OVMF_GUIDS.sevMetadata, content: u32(fromEnd) }]),
    ...(resetAddress === 'none' ? [] : [{ guid: OVMF_GUIDS.resetBlock, content: u32(resetAddress) }]),
  ])
  const image = imageWithTable(table, size, seed)
  image.set(encodeMetadata({ sections, ...wrong }).subarray(0, place), size - place)
  return image
}
