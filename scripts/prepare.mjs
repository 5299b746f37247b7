/** Brings a checkout into a state in which its commands run: dependencies installed, sources built. Speaks on stderr alone. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const INSTALL_STAMP = join(root, 'node_modules', '.countersign-lock')
/** What needs a DOM is compiled apart: its types contradict Node's. */
const PROGRAMS = ['tsconfig.build.json', 'tsconfig.dom.json']
const BUILD_STAMP = join(root, 'dist', '.countersign-sources')

/** Runs a command with its output on stderr; ends this process when it fails. */
export function run(command, args, { stdout = 2 } = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', stdout, 2], env: process.env })
  if (error || status !== 0) {
    console.error(`countersign: ${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`)
    process.exit(status ?? 1)
  }
}

const digestOf = (text) => createHash('sha256').update(text).digest('hex')

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? sources(join(folder, entry.name)) : [join(folder, entry.name)]))
}

function stampIs(path, digest) {
  return existsSync(path) && readFileSync(path, 'utf8') === digest
}

export function install() {
  const digest = digestOf(readFileSync(join(root, 'package-lock.json')))
  if (stampIs(INSTALL_STAMP, digest)) return
  console.error('countersign: installing dependencies (once, about half a minute)')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(INSTALL_STAMP, digest)
}

export function build({ force = false } = {}) {
  const configurations = ['tsconfig.base.json', ...PROGRAMS].map((file) => join(root, file))
  const files = [...sources(join(root, 'src')), ...configurations]
  const digest = digestOf(
    // By its place in the checkout: the stamp lies in what is packed, which is to be the same wherever it was built.
    files.map((file) => `${relative(root, file)} ${statSync(file).size} ${digestOf(readFileSync(file))}`).join('\n'),
  )
  if (!force && stampIs(BUILD_STAMP, digest)) return
  console.error('countersign: building')
  for (const program of PROGRAMS) run('npx', ['--no-install', 'tsc', '-p', program])
  mkdirSync(dirname(BUILD_STAMP), { recursive: true })
  writeFileSync(BUILD_STAMP, digest)
}
