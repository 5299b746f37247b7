/**
 * Writes an enclave image, signed: `node write-eif.mjs IMAGE.eif KEY.pem CERTIFICATE.pem KERNEL CMDLINE RAMDISK…`, the key on P-384. Nitro Enclaves
 * Image Format, version 4; it holds no metadata that anybody could take for a measurement.
 */
import { createHash, sign } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'

const { encodeCbor } = await import(new URL('../../../dist/core/encoding/cbor-encode.js', import.meta.url))

const TYPE = { kernel: 1, cmdline: 2, ramdisk: 3, signature: 4, metadata: 5 }
const HEADER_SIZE = 548
const SECTION_HEADER_SIZE = 12
const OFFSETS_AT = 28
const SIZES_AT = 284
const CRC_AT = 544
const ARCH_X86_64 = 0

const [image, key, certificate, kernel, cmdline, ...ramdisks] = process.argv.slice(2)
if (ramdisks.length === 0)
  throw new Error('usage: node write-eif.mjs IMAGE.eif KEY.pem CERTIFICATE.pem KERNEL CMDLINE RAMDISK…')

const measured = [
  [TYPE.kernel, readFileSync(kernel)],
  [TYPE.cmdline, Buffer.from(cmdline)],
  ...ramdisks.map((path) => [TYPE.ramdisk, readFileSync(path)]),
]

/** Over PCR0, with octets as lists of numbers, which is how the field's builder writes them. */
function signatureOver(contents) {
  const sha384 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha384')).digest()
  const pcr0 = sha384(Buffer.alloc(48), sha384(...contents))
  const payload = encodeCbor(
    new Map([
      ['register_index', 0],
      ['register_value', [...pcr0]],
    ]),
  )
  const header = encodeCbor(new Map([[1, -35]]))
  const data = encodeCbor(['Signature1', header, new Uint8Array(), payload])
  const signature = new Uint8Array(sign('sha384', data, { key: readFileSync(key), dsaEncoding: 'ieee-p1363' }))
  const entry = new Map([
    ['signing_certificate', [...readFileSync(certificate)]],
    ['signature', [...encodeCbor([header, new Map(), payload, signature])]],
  ])
  return Buffer.from(encodeCbor([entry]))
}

const sections = [
  ...measured.slice(0, 2),
  // Where the field's builder puts it: before the ramdisks.
  [TYPE.metadata, Buffer.from('{}')],
  ...measured.slice(2),
  [TYPE.signature, signatureOver(measured.map(([, content]) => content))],
]

const header = Buffer.alloc(HEADER_SIZE)
header.write('.eif', 0, 'latin1')
header.writeUInt16BE(4, 4)
header.writeUInt16BE(ARCH_X86_64, 6)
header.writeBigUInt64BE(1n << 30n, 8)
header.writeBigUInt64BE(2n, 16)
header.writeUInt16BE(sections.length, 26)
const parts = []
let at = HEADER_SIZE
for (const [index, [type, content]] of sections.entries()) {
  header.writeBigUInt64BE(BigInt(at), OFFSETS_AT + 8 * index)
  header.writeBigUInt64BE(BigInt(content.length), SIZES_AT + 8 * index)
  const head = Buffer.alloc(SECTION_HEADER_SIZE)
  head.writeUInt16BE(type, 0)
  head.writeBigUInt64BE(BigInt(content.length), 4)
  parts.push(head, content)
  at += SECTION_HEADER_SIZE + content.length
}
const checksum = parts.reduce((crc, part) => crc32(part, crc), crc32(header.subarray(0, CRC_AT)))
header.writeUInt32BE(checksum, CRC_AT)

const file = openSync(image, 'w')
for (const part of [header, ...parts]) for (let done = 0; done < part.length; ) done += writeSync(file, part, done)
closeSync(file)
