/**
 * The two ramdisks of an enclave image, laid out as nitro-cli has them made: `bootstrap` with AWS's init, here enclave-init.c, and `customer`
 * with the tree of the image below rootfs and its command and environment beside it.
 */
import { readFileSync } from 'node:fs'
import { fileEntry, KIND, treeBelow, writeArchive } from './cpio.mjs'

/** What AWS's init mounts onto must be there. */
const MOUNTED = ['dev', 'proc', 'run', 'sys', 'tmp', 'var']

export function writeBootstrap(path, init) {
  writeArchive(path, [{ name: 'dev', mode: KIND.folder | 0o755 }, fileEntry('init', init, 0o755)])
}

/** `command` and `environment` are lists, one line each. */
export function writeCustomer(path, { tree, command, environment }) {
  const entries = treeBelow(tree, 'rootfs')
  const there = new Set(entries.map(({ name }) => name))
  const missing = MOUNTED.map((name) => `rootfs/${name}`).filter((name) => !there.has(name))
  const lines = (list) => Buffer.from(list.map((line) => `${line}\n`).join(''))
  writeArchive(path, [
    ...entries,
    ...missing.map((name) => ({ name, mode: KIND.folder | 0o755 })),
    { name: 'cmd', mode: KIND.file | 0o644, content: lines(command) },
    { name: 'env', mode: KIND.file | 0o644, content: lines(environment) },
  ])
}

/** The words of CMD, and the environment that Docker gives an image that names none. */
export function readDockerfile(path) {
  const words = /^CMD (\[.*\])$/m.exec(readFileSync(path, 'utf8'))?.[1]
  if (words === undefined) throw new Error(`${path} has no CMD in the form of a list`)
  return {
    command: JSON.parse(words),
    environment: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  }
}

if (process.argv[1] === import.meta.filename) {
  const [folder, tree, dockerfile, init] = process.argv.slice(2)
  if (init === undefined) throw new Error('usage: node enclave-ramdisks.mjs FOLDER TREE DOCKERFILE INIT')
  writeBootstrap(`${folder}/bootstrap.cpio`, init)
  writeCustomer(`${folder}/customer.cpio`, { tree, ...readDockerfile(dockerfile) })
}
