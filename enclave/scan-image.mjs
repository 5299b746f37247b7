/**
 * Looks through what an image is made of: the trees of its root and its initrd (M5), its unified kernel image (M3).
 *   node enclave/scan-image.mjs [--tree DIR]… [--uki FILE] [--allow PATH]… [--manifest FILE]
 * Prints each finding with its code; exit code 1 where there is one. --manifest writes what the trees hold, for compare-builds.mjs.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import {
  checkTree,
  checkUnifiedKernelImage,
  decodeUkiSections,
  UKI_HEAD_SIZE,
} from '../dist/core/measurement/image/index.js'
import './plain-errors.mjs'

const { values } = parseArgs({
  options: {
    tree: { type: 'string', multiple: true, default: [] },
    allow: { type: 'string', multiple: true, default: [] },
    uki: { type: 'string' },
    manifest: { type: 'string' },
  },
})
if (values.tree.length === 0 && values.uki === undefined) throw new Error('nothing to look at: give --tree or --uki')

const kindOf = (stat) =>
  stat.isSymbolicLink() ? 'link' : stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : 'other'
/** Units and settings of systemd, rules of udev, scripts: what may name a program and its options. */
const STARTS_PROGRAMS = /\.(?:service|socket|conf|rules|sh|preset|timer|path|mount)$|^etc\//
/** What is run by its name may be a script, whatever its name ends in. */
const RUNS = /(?:^|\/)s?bin\/[^/]+$|^init$/

function* walk(root, folder = '') {
  for (const name of readdirSync(join(root, folder)).sort()) {
    const path = folder === '' ? name : `${folder}/${name}`
    const stat = lstatSync(join(root, path))
    yield { path, stat, kind: kindOf(stat) }
    if (stat.isDirectory()) yield* walk(root, path)
  }
}

/** Of a link the text that it leads to within the tree; links of links are read where they lead. */
function textOf(root, path, kind) {
  const file = kind === 'link' ? targetOf(root, path) : join(root, path)
  if (file === undefined || !lstatSync(file, { throwIfNoEntry: false })?.isFile()) return undefined
  if (!STARTS_PROGRAMS.test(path) && !(RUNS.test(path) && readStart(file) === '#!')) return undefined
  return readFileSync(file, 'latin1')
}

function targetOf(root, path) {
  const target = readlinkSync(join(root, path))
  // As the image has it: from its own root, and never above that.
  return join(root, resolve('/', dirname(path), target))
}

function readStart(path) {
  const file = openSync(path, 'r')
  try {
    return Buffer.from(readAt(file, 0, 2)).toString('latin1')
  } finally {
    closeSync(file)
  }
}

function scanTree(root) {
  const entries = [...walk(root)].map(({ path, stat, kind }) => ({
    path,
    kind,
    mode: stat.mode & 0o7777,
    text: textOf(root, path, kind),
  }))
  return checkTree(entries, { allowed: values.allow })
}

function contentOf(path, kind) {
  if (kind === 'link') return readlinkSync(path)
  return kind === 'file' ? `sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}` : ''
}

function readAt(file, offset, size) {
  const bytes = new Uint8Array(size)
  const read = readSync(file, bytes, 0, size, offset)
  return bytes.subarray(0, read)
}

function scanUki(path) {
  const file = openSync(path, 'r')
  try {
    const sections = decodeUkiSections(readAt(file, 0, UKI_HEAD_SIZE), lstatSync(path).size)
    const found = sections.find(({ name }) => name === '.cmdline')
    const cmdline = found === undefined ? '' : Buffer.from(readAt(file, found.offset, found.size)).toString('latin1')
    return checkUnifiedKernelImage({ sections, cmdline })
  } finally {
    closeSync(file)
  }
}

const findings = [...values.tree.flatMap(scanTree), ...(values.uki === undefined ? [] : scanUki(values.uki))]
for (const { code, where, detail } of findings) console.error(`${code} ${where}: ${detail}`)
if (values.manifest !== undefined) {
  const files = values.tree.flatMap((root) =>
    [...walk(root)].map(({ path, stat, kind }) => ({
      path: `${basename(root)}/${path}`,
      kind,
      mode: stat.mode & 0o7777,
      content: contentOf(join(root, path), kind),
    })),
  )
  writeFileSync(values.manifest, `${JSON.stringify(files, undefined, 1)}\n`)
}
if (findings.length > 0) process.exitCode = 1
else
  console.log(
    `nothing forbidden in ${[...values.tree, ...(values.uki === undefined ? [] : [values.uki])].map((path) => basename(path)).join(', ')}`,
  )
