/**
 * Writes what a guest boots into, as two cpio archives: boot.cpio (node, its libraries, the first process) and gateway.cpio
 * (the built package). Nobody needs to be root: an archive names owners and devices, which are made in the guest alone.
 * `node initramfs.mjs FOLDER STAGED`, STAGED made by enclave/stage.mjs --with-optional.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, realpathSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const [folder, staged] = process.argv.slice(2)
if (staged === undefined) throw new Error('usage: node initramfs.mjs FOLDER STAGED')

const KIND = { folder: 0o040000, file: 0o100000, characters: 0o020000 }
/** The kernel joins archives: the next one begins at a multiple of four octets. */
const BLOCK = 512

/** cpio as the kernel reads it ("newc"): 110 octets of hexadecimal numbers, the name, the content, both filled up to four octets. */
function writeArchive(path, entries) {
  const file = openSync(path, 'w')
  let at = 0
  const put = (octets) => {
    at += writeSync(file, octets)
  }
  const fillTo = (size) => put(Buffer.alloc((size - (at % size)) % size))
  const write = ({ name, mode, content = Buffer.alloc(0), device = [0, 0] }, number) => {
    const links = 1
    const fields = [number, mode, 0, 0, links, 0, content.length, 0, 0, ...device, name.length + 1, 0]
    put(Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`, 'latin1'))
    fillTo(4)
    put(content)
    fillTo(4)
  }
  const all = [...foldersOf(entries), ...entries]
  for (const [index, entry] of all.entries()) write(entry, index + 1)
  write({ name: 'TRAILER!!!', mode: 0 }, 0)
  fillTo(BLOCK)
  closeSync(file)
}

/** Every folder of a name, outer ones first. */
function foldersOf(entries) {
  const names = new Set()
  for (const { name } of entries)
    for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) names.add(name.slice(0, at))
  return [...names].map((name) => ({ name, mode: KIND.folder | 0o755 }))
}

const fileEntry = (name, path, permissions = 0o644) => ({
  name: name.replace(/^\//, ''),
  mode: KIND.file | permissions,
  content: readFileSync(path),
})

/** Libraries that a program was linked with, where it looks for them. */
function librariesOf(path) {
  const { stdout } = spawnSync('ldd', [path], { encoding: 'utf8' })
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, library]) => library)
}

function filesBelow(root, prefix) {
  return readdirSync(root, { recursive: true })
    .map(String)
    .sort()
    .filter((name) => statSync(join(root, name)).isFile())
    .map((name) => fileEntry(`${prefix}/${name}`, join(root, name)))
}

const native = readdirSync(staged, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.node'))
const libraries = new Set([process.execPath, ...native.map((name) => join(staged, name))].flatMap(librariesOf))

writeArchive(join(folder, 'boot.cpio'), [
  { name: 'dev/console', mode: KIND.characters | 0o600, device: [5, 1] },
  ...['proc', 'sys', 'tmp'].map((name) => ({ name, mode: KIND.folder | 0o755 })),
  { name: 'init', mode: KIND.file | 0o755, content: Buffer.from("#!/usr/bin/node\nimport('/guest.mjs')\n") },
  fileEntry('guest.mjs', join(here, 'guest.mjs')),
  fileEntry('usr/bin/node', process.execPath, 0o755),
  ...[...libraries].sort().map((library) => fileEntry(library, realpathSync(library), 0o755)),
])
writeArchive(join(folder, 'gateway.cpio'), filesBelow(staged, 'countersign'))
