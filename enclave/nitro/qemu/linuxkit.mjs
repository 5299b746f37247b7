#!/usr/bin/env node
/**
 * Stands in for AWS's linuxkit, which nobody publishes outside its packages: nitro-cli starts it twice to have the ramdisks of an image
 * made. `linuxkit build [--docker] --name NAME --format kernel+initrd-nogz --no-sbom FILE.yaml` writes NAME-initrd.img.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import { writeBootstrap, writeCustomer } from './enclave-ramdisks.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    docker: { type: 'boolean' },
    name: { type: 'string' },
    format: { type: 'string' },
    'no-sbom': { type: 'boolean' },
  },
})
const [verb, file] = positionals
if (verb !== 'build' || values.format !== 'kernel+initrd-nogz') throw new Error('this linuxkit makes ramdisks alone')
const { init: images, files } = parse(readFileSync(file, 'utf8'))
const sourceOf = (path) => files.find((entry) => entry.path === path).source
const target = `${values.name}-initrd.img`

/** Docker puts these into a container; they are no part of the image. */
const OF_THE_CONTAINER = [
  '.dockerenv',
  'dev/console',
  'dev/pts',
  'dev/shm',
  'etc/hostname',
  'etc/hosts',
  'etc/mtab',
  'etc/resolv.conf',
]

if (images === undefined) writeBootstrap(target, sourceOf('init'))
else {
  const tree = mkdtempSync(join(tmpdir(), 'linuxkit-'))
  const container = execFileSync('docker', ['create', images[0]], { encoding: 'utf8' }).trim()
  try {
    execFileSync('sh', ['-c', 'docker export "$1" | tar -x -C "$2"', 'sh', container, tree])
    for (const path of OF_THE_CONTAINER) rmSync(join(tree, path), { recursive: true, force: true })
    const lines = (path) => readFileSync(sourceOf(path), 'utf8').split('\n').slice(0, -1)
    writeCustomer(target, { tree, command: lines('cmd'), environment: lines('env') })
  } finally {
    execFileSync('docker', ['rm', container], { stdio: 'ignore' })
    rmSync(tree, { recursive: true })
  }
}
