/**
 * cpio archives as Linux's initramfs reads them. Nobody needs to be root: an archive names owners and devices, which are made in the
 * guest alone, and everything in it belongs to root.
 */
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

export const KIND = { folder: 0o040000, file: 0o100000, characters: 0o020000, link: 0o120000 }
/** The kernel joins archives: the next one begins at a multiple of four octets. */
const BLOCK = 512

/** cpio as the kernel reads it ("newc"): 110 octets of hexadecimal numbers, the name, the content, both filled up to four octets. */
export function writeArchive(path, entries) {
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
  const named = new Set(entries.map(({ name }) => name))
  const all = [...foldersOf(entries).filter(({ name }) => !named.has(name)), ...entries]
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

export const fileEntry = (name, path, permissions = 0o644) => ({
  name: name.replace(/^\//, ''),
  mode: KIND.file | permissions,
  content: readFileSync(path),
})

/** Libraries that a program was linked with, where it looks for them. */
function librariesOf(path) {
  const { stdout } = spawnSync('ldd', [path], { encoding: 'utf8' })
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, library]) => library)
}

export function filesBelow(root, prefix) {
  return readdirSync(root, { recursive: true })
    .map(String)
    .sort()
    .filter((name) => statSync(join(root, name)).isFile())
    .map((name) => fileEntry(`${prefix}/${name}`, join(root, name)))
}

/** A tree as it lies there: folders, files and links with their permissions. Links are never followed. */
export function treeBelow(root, prefix) {
  return readdirSync(root, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((found) => {
      const [from, name] = [join(root, found.name), `${prefix}/${found.name}`]
      const permissions = lstatSync(from).mode & 0o7777
      if (found.isSymbolicLink()) return [{ name, mode: KIND.link | 0o777, content: Buffer.from(readlinkSync(from)) }]
      if (found.isDirectory()) return [{ name, mode: KIND.folder | permissions }, ...treeBelow(from, name)]
      return [fileEntry(name, from, permissions)]
    })
}

/** Programs of this machine, each with the libraries that it was linked with. */
export function programEntries(programs, native = []) {
  const libraries = new Set([...programs.values(), ...native].flatMap(librariesOf))
  return [
    ...[...programs].map(([name, path]) => fileEntry(name, realpathSync(path), 0o755)),
    ...[...libraries].sort().map((library) => fileEntry(library, realpathSync(library), 0o755)),
  ]
}

/** Before any process runs, the kernel opens it for the first one. */
export const consoleEntry = { name: 'dev/console', mode: KIND.characters | 0o600, device: [5, 1] }
