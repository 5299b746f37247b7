/**
 * Makes a virtual environment of Python with packages at one version each, once. Where there is no Python, or no package index, it says so in
 * one line and what needs it is skipped.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './prepare.mjs'

/** Downloads some fifteen packages; nobody waits longer for an optional part. */
const LIMIT_MS = 120_000

function run(program, args) {
  const { error, status, stderr } = spawnSync(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: LIMIT_MS,
  })
  if (status === 0) return undefined
  if (error?.code === 'ENOENT') return 'there is no python3'
  return error?.code ?? stderr.trim().split('\n').at(-1) ?? 'unknown'
}

/**
 * @param tool `folder` below the cache, `packages` with their versions, `what` they are and what is `skipped` without them
 * @returns the folder of its programs, or undefined where it cannot be made
 */
export function makePythonTool({ folder, packages, what, skipped }) {
  const place = join(root, 'node_modules/.cache', folder)
  const programs = join(place, process.platform === 'win32' ? 'Scripts' : 'bin')
  /** Written last: a folder that was begun and not finished has none. */
  const complete = join(place, 'complete')
  if (existsSync(complete)) return programs
  console.error(`countersign: making ${what} (once, up to a minute)`)
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place, { recursive: true })
  const reason =
    run('python3', ['-m', 'venv', place]) ??
    run(join(programs, 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages])
  if (reason === undefined) {
    writeFileSync(complete, '')
    return programs
  }
  rmSync(place, { recursive: true, force: true })
  console.error(`countersign: no ${what} (${reason}): ${skipped} skipped`)
  return undefined
}
