// Firmware and kernels of no other worth than that they are measured: made from a few numbers, so that a vector need not hold their octets.

const FOOTER_GUID = '96b582de-1fb2-45f7-baea-a366c55a082d'
const METADATA_GUID = 'e47a6535-984a-4798-865e-4685a7bf8ec2'
const TAIL_SIZE = 32
const PE_OFFSET = 0x80
const OPTIONAL_SIZE = 240
const SECTIONS_OFFSET = PE_OFFSET + 4 + 20 + OPTIONAL_SIZE

/** `size` octets that a number decides (xorshift32). */
export function seededOctets(seed, size) {
  const octets = new Uint8Array(size)
  let state = seed >>> 0 || 1
  for (let i = 0; i < size; i++) {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    octets[i] = state & 0xff
  }
  return octets
}

function guidOctets(text) {
  const digits = Buffer.from(text.replaceAll('-', ''), 'hex')
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
  return Buffer.from(order.map((at) => digits[at]))
}

function tableEntry(guid, content) {
  const size = Buffer.alloc(2)
  size.writeUInt16LE(content.length + 18)
  return Buffer.concat([content, size, guidOctets(guid)])
}

/** Sections of genuine OVMF, with the addresses that it uses: variables, code, hand-off block, three pieces of memory. */
export function usualSections({ codePages = 4, variablePages = 2 } = {}) {
  const variables = variablePages * 4096
  const code = codePages * 4096
  const start = 2 ** 32 - variables - code
  return [
    { dataOffset: variables, rawSize: code, address: start + variables, memorySize: code, type: 0, attributes: 1 },
    { dataOffset: 0, rawSize: variables, address: start, memorySize: variables, type: 1, attributes: 0 },
    { dataOffset: 0, rawSize: 0, address: 0x810000, memorySize: 0x10000, type: 3, attributes: 0 },
    { dataOffset: 0, rawSize: 0, address: 0x80b000, memorySize: 0x2000, type: 3, attributes: 0 },
    { dataOffset: 0, rawSize: 0, address: 0x809000, memorySize: 0x2000, type: 2, attributes: 0 },
    { dataOffset: 0, rawSize: 0, address: 0x800000, memorySize: 0x6000, type: 3, attributes: 0 },
  ]
}

/**
 * Firmware with variables, code, metadata near its end, and the table. `signature`, `version`, `count`, `length`, `distance` and `size` lie where they are given;
 * `entry: false` leaves the entry for TDX out.
 */
export function buildTdvf({ seed = 1, sections = usualSections(), ...lies } = {}) {
  const { signature = 'TDVF', version = 1, count = sections.length, entry = true } = lies
  const size = lies.size ?? Math.max(...sections.map(({ dataOffset, rawSize }) => dataOffset + rawSize))
  const metadata = Buffer.alloc(16 + 32 * sections.length)
  metadata.write(signature, 0, 'latin1')
  metadata.writeUInt32LE(lies.length ?? 16 + 32 * count, 4)
  metadata.writeUInt32LE(version, 8)
  metadata.writeUInt32LE(count, 12)
  sections.forEach((section, i) => {
    const at = 16 + 32 * i
    metadata.writeUInt32LE(section.dataOffset, at)
    metadata.writeUInt32LE(section.rawSize, at + 4)
    metadata.writeBigUInt64LE(BigInt(section.address), at + 8)
    metadata.writeBigUInt64LE(BigInt(section.memorySize), at + 16)
    metadata.writeUInt32LE(section.type, at + 24)
    metadata.writeUInt32LE(section.attributes, at + 28)
  })
  const pointer = Buffer.alloc(4)
  const other = tableEntry('4c2eb361-7d9b-4cc3-8081-127c90d3d294', Buffer.alloc(4))
  const entries = Buffer.concat([other, ...(entry ? [tableEntry(METADATA_GUID, pointer)] : [])])
  const footer = Buffer.alloc(2)
  footer.writeUInt16LE(entries.length + 18)
  const table = Buffer.concat([entries, footer, guidOctets(FOOTER_GUID)])
  const start = size - TAIL_SIZE - table.length - metadata.length
  if (entry) table.writeUInt32LE(lies.distance ?? size - start, other.length)
  const image = Buffer.from(seededOctets(seed, size))
  image.set(metadata, start)
  image.set(table, start + metadata.length)
  return new Uint8Array(image)
}

/**
 * A kernel with a setup header and a PE header: sections of the sizes given, in one piece behind the headers, and certificates of
 * `certificates` octets behind them. `shuffled` writes the section table backwards; fields lie where they are given.
 */
export function buildKernel({ seed = 1, sizes = [0x200, 0x3000], certificates = 0, ...lies } = {}) {
  const {
    headers = 0x1000,
    version = 0x20f,
    loadFlags = 0x01,
    xLoadFlags = 0x7f,
    magic = 'HdrS',
    shuffled = false,
  } = lies
  const size = headers + sizes.reduce((sum, part) => sum + part, 0) + certificates
  const image = Buffer.from(seededOctets(seed, size))
  image.writeUInt32LE(PE_OFFSET, 0x3c)
  image.write(lies.peSignature ?? 'PE\0\0', PE_OFFSET, 'latin1')
  const coff = PE_OFFSET + 4
  image.writeUInt16LE(lies.machine ?? 0x8664, coff)
  image.writeUInt16LE(sizes.length, coff + 2)
  image.writeUInt16LE(OPTIONAL_SIZE, coff + 16)
  const optional = coff + 20
  image.writeUInt16LE(0x20b, optional)
  image.writeUInt32LE(lies.headersField ?? headers, optional + 60)
  image.writeUInt32LE(lies.directories ?? 16, optional + 108)
  const entry = optional + 112 + 8 * 4
  image.writeUInt32LE(certificates === 0 ? 0 : size - certificates, entry)
  image.writeUInt32LE(lies.certificatesField ?? certificates, entry + 4)
  let start = headers
  const lines = sizes.map((part) => {
    const line = { size: part, start }
    start += part + (lies.gap ?? 0)
    return line
  })
  for (const [i, line] of (shuffled ? lines.reverse() : lines).entries()) {
    image.writeUInt32LE(line.size, SECTIONS_OFFSET + 40 * i + 16)
    image.writeUInt32LE(line.start, SECTIONS_OFFSET + 40 * i + 20)
  }
  image.write(magic, 0x202, 'latin1')
  image.writeUInt16LE(version, 0x206)
  image.writeUInt8(loadFlags, 0x211)
  image.writeUInt32LE(0, 0x224)
  image.writeUInt16LE(xLoadFlags, 0x236)
  return new Uint8Array(image)
}
