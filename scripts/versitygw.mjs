// Makes the server with which the bucket driver is tested: versitygw, through the Go module proxy. Does nothing where it is there already,
// or where there is no Go; the tests that need it then say that they were not run.
//
//   node scripts/versitygw.mjs
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './prepare.mjs'

const VERSION = 'v1.8.0'
const folder = join(root, 'node_modules/.cache/versitygw')

if (!existsSync(join(folder, 'versitygw'))) {
  mkdirSync(folder, { recursive: true })
  const made = spawnSync('go', ['install', `github.com/versity/versitygw/cmd/versitygw@${VERSION}`], {
    env: { ...process.env, GOBIN: folder },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 15 * 60_000,
  })
  if (made.status !== 0) console.error('versitygw could not be made: the tests of the bucket driver will not run')
}
