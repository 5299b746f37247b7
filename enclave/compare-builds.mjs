/**
 * Compares the outputs of two builds (M6): first the files of their trees, so that what differs has a name, then every output.
 *   node enclave/compare-builds.mjs FOLDER FOLDER
 * Prints BUILD_NOT_REPRODUCIBLE with the first file that differs; exit code 1.
 */
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { compareBuilds } from '../dist/core/measurement/image/index.js'
import './plain-errors.mjs'

const folders = process.argv.slice(2)
if (folders.length !== 2) throw new Error('usage: node enclave/compare-builds.mjs FOLDER FOLDER')
if (new Set(folders.map((folder) => realpathSync(folder))).size !== 2)
  throw new Error('both folders are one: a build says nothing of its own repetition')

/** In pieces: disk images are larger than what one read takes. */
function digestOf(path) {
  if (!statSync(path).isFile()) throw new Error(`${path} is neither file nor folder`)
  const hash = createHash('sha256')
  const file = openSync(path, 'r')
  const piece = new Uint8Array(1 << 20)
  for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) hash.update(piece.subarray(0, read))
  closeSync(file)
  return `sha256:${hash.digest('hex')}`
}

const treeOf = (folder) => {
  const manifest = join(folder, 'tree.json')
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : []
}
const outputsOf = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => !statSync(join(folder, name)).isDirectory())
    .map((path) => ({ path, kind: 'file', mode: 0o644, content: digestOf(join(folder, path)) }))

const trees = folders.map(treeOf)
const findings = [
  ...(trees.every((tree) => tree.length === 0) ? [] : compareBuilds(...trees)),
  ...compareBuilds(...folders.map(outputsOf)),
]
for (const { code, where, detail } of findings) console.error(`${code} ${where}: ${detail}`)
if (findings.length > 0) process.exitCode = 1
else console.log('the two builds are the same, octet for octet')
