/**
 * Writes what the parent instance of boot-enclave.sh boots into: programs of this machine, run-enclave.sh as it is, the settings.
 * `node parent-ramdisk.mjs ARCHIVE.cpio OPERATIONAL OUTWARD`
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { consoleEntry, fileEntry, KIND, programEntries, writeArchive } from './cpio.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const [archive, operational, outward] = process.argv.slice(2)
if (outward === undefined) throw new Error('usage: node parent-ramdisk.mjs ARCHIVE.cpio OPERATIONAL OUTWARD')

const PROGRAMS = 'bash cat dirname head ip ln mount readlink sed sleep stat'.split(' ')
/** Where user networking leads on to this machine's loopback address. */
const OUTSIDE = '10.0.2.2'

const which = (name) => execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
const programs = new Map([
  ...PROGRAMS.map((name) => [`usr/bin/${name}`, which(name)]),
  ['usr/lib/socat', which('socat')],
  ['usr/bin/node', process.execPath],
])
const hosts = JSON.parse(readFileSync(outward, 'utf8')).map(({ host }) => `${OUTSIDE} ${host}\n`)

writeArchive(archive, [
  consoleEntry,
  ...['proc', 'tmp'].map((name) => ({ name, mode: KIND.folder | 0o755 })),
  { name: 'bin', mode: KIND.link | 0o777, content: Buffer.from('usr/bin') },
  fileEntry('init', join(here, 'parent-init.sh'), 0o755),
  fileEntry('usr/bin/nitro-cli', join(here, 'nitro-cli.sh'), 0o755),
  fileEntry('usr/bin/socat', join(here, 'parent-socat.sh'), 0o755),
  fileEntry('enclave/run-enclave.sh', join(here, '../run-enclave.sh'), 0o755),
  ...programEntries(programs),
  { name: 'etc/hosts', mode: KIND.file | 0o644, content: Buffer.from(`127.0.0.1 localhost\n${hosts.join('')}`) },
  { name: 'trial/trial.eif', mode: KIND.file | 0o644 },
  fileEntry('trial/operational.yaml', operational),
  fileEntry('trial/outward.json', outward),
])
