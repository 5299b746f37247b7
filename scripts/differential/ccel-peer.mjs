// The field's reader of the logs that firmware keeps of a TDX guest, a Go module at one version, compiled on demand; and the genuine logs that
// it is tested with. Where there is no Go, or no proxy, it says so once and whoever asked goes without.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../prepare.mjs'

export const CCEL_PEER = { name: 'go-eventlog', version: 'v0.0.2' }

const MODULE = 'github.com/google/go-eventlog'
const FOLDER = join(root, 'node_modules/.cache/ccel-peer')
const PROGRAM = join(FOLDER, 'ccel-peer')
const SOURCES = join(dirname(fileURLToPath(import.meta.url)), 'ccel')
const LIMIT_MS = 300_000
/** The ACPI table of one of the machines: the library wants one, and reads no more of it than that it is for TDX. */
const TABLE = 'cos-113-intel-tdx.table.bin'
/** Tables, not logs. */
const TABLES = [TABLE, 'CCEL.bin']

function go(...args) {
  const { error, status, stdout, stderr } = spawnSync('go', args, {
    cwd: SOURCES,
    env: { ...process.env, GOWORK: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: LIMIT_MS,
  })
  if (status === 0) return { stdout: stdout.trim() }
  return {
    refused: error?.code === 'ENOENT' ? 'there is no Go' : (error?.code ?? stderr.trim().split('\n').at(-1) ?? ''),
  }
}

/** @returns `{ program, table, logs }`, logs with name and octets, or undefined where it cannot be made */
export function makeCcelPeer() {
  mkdirSync(FOLDER, { recursive: true })
  const built = go('build', '-mod=readonly', '-buildvcs=false', '-o', PROGRAM, '.')
  const found = built.refused === undefined ? go('list', '-m', '-f', '{{.Dir}}', MODULE) : built
  if (found.refused !== undefined) {
    console.error(`countersign: no ${CCEL_PEER.name} (${found.refused}): event logs of TDX are compared with nothing`)
    return undefined
  }
  const folder = join(found.stdout, 'testdata/eventlogs/ccel')
  const logs = readdirSync(folder)
    .filter((name) => !TABLES.includes(name))
    .map((name) => ({ name, octets: readFileSync(join(folder, name)) }))
  return { program: PROGRAM, table: join(folder, TABLE), logs }
}

/** Its answers, one for each request. */
export function askCcelPeer({ program, table }, requests) {
  const { error, status, stdout, stderr } = spawnSync(program, {
    input: requests.map((request) => `${JSON.stringify({ ...request, table })}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${CCEL_PEER.name} ended with ${status}: ${stderr.slice(0, 500)}`)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}
