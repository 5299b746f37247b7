/**
 * Makes the server with which the bucket driver is tested: versitygw, through the Go module proxy. Does nothing where it is there already;
 * where there is no Go, or no proxy, it says so and the tests that need it are skipped.
 *
 *   node scripts/versitygw.mjs
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './prepare.mjs'

const VERSION = 'v1.8.0'
const FOLDER = join(root, 'node_modules/.cache/versitygw')
/** Downloads and compiles in a minute and a half on two cores; a run of the tests does not wait longer for an optional part. */
const LIMIT_MS = 150_000

/** @returns whether it is there */
export function makeVersitygw() {
  const binary = join(FOLDER, 'versitygw')
  if (existsSync(binary)) return true
  console.error('countersign: making the S3 server for the tests (once, up to two minutes)')
  mkdirSync(FOLDER, { recursive: true })
  const { error, status, stderr } = spawnSync(
    'go',
    ['install', `github.com/versity/versitygw/cmd/versitygw@${VERSION}`],
    {
      env: { ...process.env, GOBIN: FOLDER },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: LIMIT_MS,
    },
  )
  if (status === 0 && existsSync(binary)) return true
  const reason = error?.code === 'ENOENT' ? 'there is no Go' : (error?.code ?? stderr.trim().split('\n').at(-1) ?? '')
  console.error(`countersign: no S3 server (${reason}): the tests of the bucket driver are skipped`)
  return false
}

if (process.argv[1] === fileURLToPath(import.meta.url)) makeVersitygw()
