/**
 * What a hostile host can do to a disk, a kernel image or a running machine, for hostile-qemu.sh:
 *   node enclave/cvm/tamper.mjs data FILE CONTENT          flips one octet of where FILE holds the file CONTENT
 *   node enclave/cvm/tamper.mjs tree DISK CONTENT          flips one octet of the hash that covers it, in the dm-verity tree of the root
 *   node enclave/cvm/tamper.mjs hash UKI                   gives a kernel image another root hash, and prints it
 *   node enclave/cvm/tamper.mjs variable VARS NAME TEXT    puts an EFI variable of systemd's into an empty store of OVMF's
 *   node enclave/cvm/tamper.mjs plug SOCKET DEVICE         plugs a device into a running QEMU
 */
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

const BLOCK = 4096
const ROOT = '4f68bce3-e8cd-4db1-96e7-fbcaf984b709'
const ROOT_VERITY = '2c7357ed-ebd2-46d9-aec1-23d437ec2bf5'

/** As GPT and EFI write them: the first three groups little-endian. */
function guid(text) {
  const [a, b, c, ...rest] = text.split('-')
  const turned = [a, b, c].map((group) => Buffer.from(group, 'hex').reverse())
  return Buffer.concat([...turned, Buffer.from(rest.join(''), 'hex')])
}

function partition(disk, type) {
  for (let at = 1024; at < 1024 + 128 * 128; at += 128)
    if (disk.subarray(at, at + 16).equals(guid(type))) return Number(disk.readBigUInt64LE(at + 32)) * 512
  throw new Error(`no partition of the type ${type}`)
}

/** In the middle: what stands at a beginning may stand elsewhere too, and at an end may be packed with other files' ends. */
function placeOf(disk, content) {
  const middle = Math.floor(content.length / 2)
  const sample = content.subarray(middle, middle + 1024)
  // Not in the EFI partition before it: its initrd holds some of the same files.
  const from = disk.toString('latin1', 512, 520) === 'EFI PART' ? partition(disk, ROOT) : 0
  const at = disk.indexOf(sample, from)
  if (at === -1 || disk.indexOf(sample, at + 1) !== -1) throw new Error('the content is there not once')
  return at
}

/** Leaves lie behind the superblock and the upper levels, one digest of 32 octets for each block. */
function leafOf(disk, at) {
  const tree = partition(disk, ROOT_VERITY)
  const blocks = Number(disk.readBigUInt64LE(tree + 72))
  const levels = []
  for (let n = blocks; n > 1; n = levels.at(-1)) levels.push(Math.ceil(n / 128))
  const upper = levels.slice(1).reduce((sum, n) => sum + n, 0)
  return tree + (1 + upper) * BLOCK + Math.floor((at - partition(disk, ROOT)) / BLOCK) * 32
}

/** One octet is written and no more: the machine may be running. */
function flip(path, disk, at) {
  const file = openSync(path, 'r+')
  writeSync(file, Uint8Array.of(disk[at] ^ 1), 0, 1, at)
  closeSync(file)
  console.log(`tamper: octet ${at} of ${path} flipped`)
}

/** The command line stands in the kernel image once, and digits for digits change no size. */
function rehash(path) {
  const image = readFileSync(path)
  const word = Buffer.from('roothash=')
  const at = image.indexOf(word) + word.length
  if (image.indexOf(word, at) !== -1) throw new Error('there are two root hashes')
  const digit = at + 20
  image[digit] = image[digit] === 0x30 ? 0x31 : 0x30
  writeFileSync(path, image)
  return image.toString('latin1', at, at + 64)
}

/** EDK II's authenticated variable store: behind the headers of volume and store, each variable on four octets. */
function addVariable(path, name, text) {
  const store = readFileSync(path)
  const at = store.readUInt16LE(48) + 28
  if (store.readUInt16LE(at) !== 0xffff) throw new Error('the store is not empty')
  const wide = (value) => Buffer.from(`${value}\0`, 'utf16le')
  const head = Buffer.alloc(60)
  head.writeUInt16LE(0x55aa, 0)
  head[2] = 0x3f // added, valid
  head.writeUInt32LE(7, 4) // kept, for the loader, for the running system
  head.writeUInt32LE(wide(name).length, 36)
  head.writeUInt32LE(wide(text).length, 40)
  guid('8cf2644b-4b0b-428f-9387-6d876050dc67').copy(head, 44)
  Buffer.concat([head, wide(name), wide(text)]).copy(store, at)
  writeFileSync(path, store)
}

async function plug(socket, device) {
  const stream = connect(socket)
  const answers = createInterface({ input: stream })[Symbol.asyncIterator]()
  await answers.next() // its greeting
  for (const command of [
    { execute: 'qmp_capabilities' },
    { execute: 'device_add', arguments: { driver: device, id: 'late', bus: 'late-port' } },
  ]) {
    stream.write(`${JSON.stringify(command)}\n`)
    const { value } = await answers.next()
    if (JSON.parse(value).error !== undefined) throw new Error(value)
  }
  stream.destroy()
}

const [what, path = '', ...rest] = process.argv.slice(2)
if (what === 'data' || what === 'tree') {
  const disk = readFileSync(path)
  const at = placeOf(disk, readFileSync(rest[0]))
  flip(path, disk, what === 'data' ? at : leafOf(disk, at))
} else if (what === 'hash') console.log(rehash(path))
else if (what === 'variable') addVariable(path, rest[0], rest[1])
else if (what === 'plug') await plug(path, rest[0])
else throw new Error('usage: node enclave/cvm/tamper.mjs data|tree|hash|variable|plug FILE …')
