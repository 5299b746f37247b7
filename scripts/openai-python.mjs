/**
 * Makes the virtual environment with which the proxy is tried from Python: the openai package at one version. Does nothing where it is there
 * already; where there is no Python, or no package index, it says so and the tests that need it are skipped.
 *
 *   node scripts/openai-python.mjs      prints the path of the interpreter
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './prepare.mjs'

const VERSION = '3.54.0'
const FOLDER = join(root, 'node_modules/.cache/openai-python', VERSION)
const INTERPRETER = join(FOLDER, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
/** Written last: a folder that was begun and not finished has none. */
const COMPLETE = join(FOLDER, 'complete')
/** Downloads fifteen packages; a run of the tests does not wait longer for an optional part. */
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

/** @returns the path of its interpreter, or undefined where it cannot be made */
export function makeOpenaiPython() {
  if (existsSync(COMPLETE)) return INTERPRETER
  console.error('countersign: making a Python environment with openai for the tests (once, up to a minute)')
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  const reason =
    run('python3', ['-m', 'venv', FOLDER]) ??
    run(INTERPRETER, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `openai==${VERSION}`])
  if (reason === undefined) {
    writeFileSync(COMPLETE, '')
    return INTERPRETER
  }
  rmSync(FOLDER, { recursive: true, force: true })
  console.error(`countersign: no openai for Python (${reason}): the tests that need it are skipped`)
  return undefined
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const interpreter = makeOpenaiPython()
  if (interpreter !== undefined) console.log(interpreter)
}
