// Event logs taken apart and put together, with the lies that are asked for. Not the reader that is compared: it believes what it reads.

export const SHA256 = 0x000b
export const SHA384 = 0x000c
const SIGNATURE = 'Spec ID Event03\0'

const u8 = (value) => Buffer.of(value)
const u16 = (value) => Buffer.of(value & 0xff, value >> 8)
export function u32(value) {
  const octets = Buffer.alloc(4)
  octets.writeUInt32LE(value >>> 0)
  return octets
}

/** `{ head, events, padding }` of a genuine log: its first record as it is, then index, type, digests and data of each. */
export function takeApart(octets) {
  const log = Buffer.from(octets)
  let at = 32 + log.readUInt32LE(28)
  const head = log.subarray(0, at)
  const events = []
  while (at + 4 <= log.length && log.readUInt32LE(at) !== 0xffff_ffff) {
    const [index, type, count] = [log.readUInt32LE(at), log.readUInt32LE(at + 4), log.readUInt32LE(at + 8)]
    if (count !== 1) throw new Error(`an event at ${at} with ${count} digests: not one of the genuine logs`)
    const size = log.readUInt32LE(at + 62)
    events.push({
      index,
      type,
      digests: [{ algorithm: log.readUInt16LE(at + 12), digest: log.subarray(at + 14, at + 62) }],
      data: log.subarray(at + 66, at + 66 + size),
    })
    at += 66 + size
  }
  return { head, events, padding: log.subarray(at) }
}

/** An event; `count` and `size` lie where they are given. */
export function encodeEvent({ index, type, digests, data, count = digests.length, size = data.length }) {
  const parts = digests.flatMap(({ algorithm, digest }) => [u16(algorithm), digest])
  return Buffer.concat([u32(index), u32(type), u32(count), ...parts, u32(size), data])
}

/** A first record; everything lies where it is given. */
export function encodeHead({ algorithms = [[SHA384, 48]], vendor = Buffer.alloc(0), ...lies } = {}) {
  const { signature = SIGNATURE, major = 2, index = 1, type = 3, digest = Buffer.alloc(20) } = lies
  const spec = Buffer.concat([
    Buffer.from(signature, 'latin1'),
    ...[u32(0), u8(0), u8(major), u8(0), u8(2)],
    u32(lies.count ?? algorithms.length),
    ...algorithms.flatMap(([algorithm, size]) => [u16(algorithm), u16(size)]),
    ...[u8(lies.vendorSize ?? vendor.length), vendor],
  ])
  return Buffer.concat([u32(index), u32(type), digest, u32(lies.size ?? spec.length), spec])
}

export const putTogether = ({ head, events, padding }) =>
  Buffer.concat([head, ...events.map((event) => (Buffer.isBuffer(event) ? event : encodeEvent(event))), padding])
