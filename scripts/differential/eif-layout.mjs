// Enclave images as octets, laid out anew: what the field's builder cannot write, older versions and wrong ones.
import { crc32 } from 'node:zlib'

const HEADER_SIZE = 548
const CRC_AT = 544
const SECTION_HEADER_SIZE = 12
const OFFSETS_AT = 28
const SIZES_AT = 284
const TYPE_SIGNATURE = 4
const TYPE_METADATA = 5

/** The checksum is put right, whatever else is wrong. */
export function withChecksum(image) {
  const out = Buffer.from(image)
  out.writeUInt32BE(crc32(out.subarray(CRC_AT + 4), crc32(out.subarray(0, CRC_AT))), CRC_AT)
  return out
}

export function sectionsOf(image) {
  const sections = []
  for (let at = HEADER_SIZE; at < image.length; ) {
    const size = Number(image.readBigUInt64BE(at + 4))
    const end = at + SECTION_HEADER_SIZE + size
    sections.push({ at, type: image.readUInt16BE(at), size, octets: image.subarray(at, end) })
    at = end
  }
  return sections
}

/** The image in an older version of the format, without the sections that it does not have. */
export function inVersion(image, version) {
  const isKept = ({ type }) => (type !== TYPE_METADATA || version >= 4) && (type !== TYPE_SIGNATURE || version >= 3)
  const kept = sectionsOf(image).filter(isKept)
  const header = Buffer.alloc(HEADER_SIZE)
  image.copy(header, 0, 0, OFFSETS_AT)
  header.writeUInt16BE(version, 4)
  header.writeUInt16BE(kept.length, 26)
  let at = HEADER_SIZE
  for (const [index, { size, octets }] of kept.entries()) {
    header.writeBigUInt64BE(BigInt(at), OFFSETS_AT + 8 * index)
    header.writeBigUInt64BE(BigInt(size), SIZES_AT + 8 * index)
    at += octets.length
  }
  return withChecksum(Buffer.concat([header, ...kept.map(({ octets }) => octets)]))
}

/** One number of the header, of a section's header or of its content is another, as the checksum says too. */
export function mutated(image, random) {
  const out = Buffer.from(image)
  const section = random.pick(sectionsOf(image)).at
  const at = random.pick([
    random.below(28),
    random.below(CRC_AT),
    section + random.below(SECTION_HEADER_SIZE),
    Math.min(section + SECTION_HEADER_SIZE + random.below(64), out.length - 1),
    HEADER_SIZE + random.below(out.length - HEADER_SIZE),
  ])
  out[at] = random.chance(0.5) ? (out[at] ?? 0) ^ (1 << random.below(8)) : random.below(256)
  return { at, octets: withChecksum(out) }
}
