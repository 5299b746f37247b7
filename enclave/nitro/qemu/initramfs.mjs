/**
 * Writes what a guest boots into, as two cpio archives: boot.cpio (node, its libraries, the first process) and gateway.cpio
 * (the built package). `node initramfs.mjs FOLDER STAGED`, STAGED made by enclave/stage.mjs --with-optional.
 */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { consoleEntry, fileEntry, filesBelow, KIND, programEntries, writeArchive } from './cpio.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const [folder, staged] = process.argv.slice(2)
if (staged === undefined) throw new Error('usage: node initramfs.mjs FOLDER STAGED')

const native = readdirSync(staged, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.node'))
  .map((name) => join(staged, name))

writeArchive(join(folder, 'boot.cpio'), [
  consoleEntry,
  ...['proc', 'sys', 'tmp'].map((name) => ({ name, mode: KIND.folder | 0o755 })),
  { name: 'init', mode: KIND.file | 0o755, content: Buffer.from("#!/usr/bin/node\nimport('/guest.mjs')\n") },
  fileEntry('guest.mjs', join(here, 'guest.mjs')),
  ...programEntries(new Map([['usr/bin/node', process.execPath]]), native),
])
writeArchive(join(folder, 'gateway.cpio'), filesBelow(staged, 'countersign'))
