// The field's builder and reader of enclave images, a Rust crate at one version, compiled on demand. Where there is no Rust, or no registry,
// it says so once and whoever asked goes without.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../prepare.mjs'

export const EIF_PEER = { name: 'aws-nitro-enclaves-image-format', version: '0.3.0' }

const FOLDER = join(root, 'node_modules/.cache/eif-peer')
const PROGRAM = join(FOLDER, 'debug/eif-peer')
const SOURCES = join(dirname(fileURLToPath(import.meta.url)), 'eif')
/** Two minutes on two idle cores. */
const LIMIT_MS = 600_000

/** @returns the program's path, or undefined where it cannot be made */
export function makeEifPeer() {
  if (!existsSync(PROGRAM))
    console.error(`countersign: compiling ${EIF_PEER.name} ${EIF_PEER.version} (once, some minutes)`)
  mkdirSync(FOLDER, { recursive: true })
  const { error, status, stderr } = spawnSync('cargo', ['build', '--locked', '--quiet'], {
    cwd: SOURCES,
    env: { ...process.env, CARGO_TARGET_DIR: FOLDER },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: LIMIT_MS,
  })
  if (status === 0) return PROGRAM
  const reason = error?.code === 'ENOENT' ? 'there is no Rust' : (error?.code ?? stderr.trim().split('\n').at(-1) ?? '')
  console.error(`countersign: no ${EIF_PEER.name} (${reason}): enclave images are compared with nothing`)
  return undefined
}

/** Its answers, one for each request. A section that claims more octets than there is memory ends it: it goes on with the next. */
export function askEifPeer(program, requests) {
  const answers = []
  while (answers.length < requests.length) {
    const input = requests.slice(answers.length).map((request) => `${JSON.stringify(request)}\n`)
    const { error, status, stdout } = spawnSync(program, {
      input: input.join(''),
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    })
    if (error !== undefined && error.code !== 'EPIPE') throw error
    answers.push(
      ...stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    )
    if (status !== 0 || stdout === '') answers.push({ error: 'it ended' })
  }
  return answers
}
