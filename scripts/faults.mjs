// Breaks things on purpose and counts what is lost: one script a fault, each a process of its own that prints a line of figures.
//
//   npm run faults -- [--short] [--only R-18] [--json] [--seed N] [--rounds N]
//
// Without --short the full runs, about half an hour; --rounds where a script breaks something again and again. The same seed breaks at the
// same places. Exit 0 when every target was met, else 1; 2 on
// wrong usage.
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.mjs'
import { root } from './prepare.mjs'

const FOLDER = join(root, 'test', 'faults')
/** Below node_modules, so that what a bundle leaves out is found. */
const BUNDLES = join(root, 'node_modules', '.cache', `countersign-faults-${process.pid}`)

function usage(message) {
  console.error(`faults: ${message}\nusage: npm run faults -- [--short] [--only ID] [--json] [--seed N] [--rounds N]`)
  process.exit(2)
}

function readArgs() {
  try {
    const flag = { type: 'boolean', default: false }
    const text = { type: 'string' }
    const { values } = parseArgs({
      options: { short: flag, json: flag, only: text, rounds: text, seed: { ...text, default: '1' } },
    })
    if (!/^[1-9]\d{0,5}$/.test(values.rounds ?? '1')) usage('--rounds is a number')
    if (!/^[1-9]\d{0,8}$/.test(values.seed)) usage('--seed is a number')
    return values
  } catch (error) {
    return usage(error.message)
  }
}

/** Scripts by the id in their name: `r-18-kill.fault.ts` is R-18. */
function findFaults(only) {
  const faults = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.fault.ts'))
    .sort()
    .map((name) => ({ id: /^r-\d+/.exec(name)?.[0].toUpperCase() ?? name, file: join(FOLDER, name) }))
    .filter(({ id }) => only === undefined || id === only)
  if (faults.length === 0) usage(`there is no fault ${only}`)
  return faults
}

/** One line on a terminal, overwritten; nothing elsewhere. */
function createProgress() {
  const { stderr } = process
  if (!stderr.isTTY) return () => {}
  return (text) => stderr.write(`\r\u001b[K${text.slice(0, (stderr.columns ?? 80) - 1)}`)
}

/** What a script says last is its result; what it says before is progress. One that ends without a result has failed. */
async function runFault({ id, file }, { short, seed, rounds }, progress) {
  // Two folders down, as modules of the package are: a gateway digests what lies below the second one above it.
  const outfile = join(BUNDLES, 'dist', 'faults', `${basename(file, '.fault.ts')}.mjs`)
  await bundle(file, { outfile, external: true })
  const args = [
    '--expose-gc',
    outfile,
    '--seed',
    seed,
    ...(short ? ['--short'] : []),
    ...(rounds ? ['--rounds', rounds] : []),
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: tmpdir() })
  let results = []
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line)
    if (said.progress !== undefined) progress(`${id}: ${said.progress}`)
    else results = [...results, { id, ...said }]
  }
  if (results.length > 0) return results
  return [{ id, figure: 'the script ended without a result', target: 'a result', ok: false }]
}

async function main({ json, only, ...options }) {
  const faults = findFaults(only)
  const progress = createProgress()
  mkdirSync(BUNDLES, { recursive: true })
  const results = []
  try {
    for (const fault of faults) {
      const found = await runFault(fault, options, progress)
      progress('')
      results.push(...found)
      if (!json)
        for (const { id, figure, target, ok } of found)
          console.log(`${ok ? '✓' : '✗'} ${id}  ${figure}  (target: ${target})`)
    }
  } finally {
    rmSync(BUNDLES, { recursive: true, force: true })
  }
  if (json) console.log(JSON.stringify({ faults: results }))
  process.exitCode = results.every(({ ok }) => ok) ? 0 : 1
}

await main(readArgs())
