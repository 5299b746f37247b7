/**
 * Makes programs that tests need through the Go module proxy, each once. Where there is no Go, or no proxy, it says so in one line and the
 * tests that need them are skipped.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './prepare.mjs'

/** Downloads and compiles in a minute and a half on two cores; a run of the tests does not wait longer for an optional part. */
const LIMIT_MS = 150_000

/**
 * @param tool `folder` below the cache, `packages` by the name of their programs, `version` of their module, `what` they are and what is
 * `skipped` without them
 * @returns whether all of them are there
 */
export function makeGoTool({ folder, packages, version, what, skipped }) {
  const place = join(root, 'node_modules/.cache', folder)
  const missing = () => Object.keys(packages).filter((program) => !existsSync(join(place, program)))
  if (missing().length === 0) return true
  console.error(`countersign: making ${what} for the tests (once, up to two minutes)`)
  mkdirSync(place, { recursive: true })
  const { error, status, stderr } = spawnSync(
    'go',
    ['install', ...Object.values(packages).map((path) => `${path}@${version}`)],
    {
      env: { ...process.env, GOBIN: place },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: LIMIT_MS,
    },
  )
  if (status === 0 && missing().length === 0) return true
  const reason = error?.code === 'ENOENT' ? 'there is no Go' : (error?.code ?? stderr.trim().split('\n').at(-1) ?? '')
  console.error(`countersign: no ${what} (${reason}): ${skipped} are skipped`)
  return false
}
