// Feeds mutated evidence to every decoder and every verifier. None may throw anything but a MalformedError, take above 50 ms or pass.
//
//   npm run fuzz -- [--count N] [--verifications N] [--seed S] [--only NAME] [--short] [--json]
//   npm run fuzz -- --replay fuzz-findings/FILE.json
//
// N is 1,000,000 inputs per decoder and 20,000 per verifier; the same seed makes the same inputs. --only takes the beginning of names.
// Before the mutations come every truncation, and for decoders numbers far beyond the input, of which the allocations are measured.
// Reads dist; with --sources src, for a checkout that is not built. Exit 0 when nothing was found, else 1; 2 on wrong usage.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.mjs'
import { askWorker, createProgress, runJobs } from './fuzz/pool.mjs'
import { root } from './prepare.mjs'

const FINDINGS = join(root, 'fuzz-findings')
const PART = 25_000
const PART_OF_VERIFIER = 500

const SHORT = { count: 2_000, verifications: 60, step: 37 }
const LONG = { count: 1_000_000, verifications: 20_000, step: 1 }

function usage(message) {
  console.error(
    `fuzz: ${message}\nusage: npm run fuzz -- [--count N] [--verifications N] [--seed S] [--only NAME] [--short] [--json]`,
  )
  process.exit(2)
}

function readArgs() {
  try {
    const text = { type: 'string' }
    const flag = { type: 'boolean', default: false }
    const options = {
      count: text,
      verifications: text,
      seed: text,
      only: text,
      replay: text,
      short: flag,
      json: flag,
      sources: flag,
    }
    const { values } = parseArgs({ options })
    for (const name of ['count', 'verifications'])
      if (values[name] !== undefined && !/^[1-9]\d{0,8}$/.test(values[name])) usage(`--${name} is a number`)
    return values
  } catch (error) {
    return usage(error.message)
  }
}

function jobsOf({ name, verifies }, { seed, count, verifications, step }) {
  const [total, part] = verifies ? [verifications, PART_OF_VERIFIER] : [count, PART]
  const parts = Array.from({ length: Math.ceil(total / part) }, (_, at) => ({
    ...{ name, kind: 'mutations', seed, part: at, count: Math.min(part, total - at * part) },
  }))
  // A verifier checks signatures for each: heads of a few hundred sizes will do.
  const heads = { name, kind: 'heads', step: verifies ? Math.max(step, 29) : step }
  return [heads, ...(verifies ? [] : [{ name, kind: 'claims', step: Math.max(step, 7) }]), ...parts]
}

function add(total, { inputs, ms, slowest, largest, codes, failures }) {
  total.inputs += inputs
  total.ms += ms
  total.slowest = Math.max(total.slowest, slowest)
  total.largest = Math.max(total.largest, largest)
  for (const [code, times] of Object.entries(codes)) total.codes[code] = (total.codes[code] ?? 0) + times
  total.failures.push(...failures)
}

function store(name, seed, failures) {
  return failures
    .filter(({ hex }) => hex !== undefined)
    .map(({ fault, hex }, index) => {
      mkdirSync(FINDINGS, { recursive: true })
      const file = join(FINDINGS, `${name}-${seed}-${index}.json`)
      const replay = `npm run fuzz -- --replay fuzz-findings/${name}-${seed}-${index}.json`
      writeFileSync(file, `${JSON.stringify({ name, seed, fault, replay, hex }, null, 1)}\n`)
      return file
    })
}

function printTable(rows) {
  const head = ['decoder or verifier', 'inputs', 'per s', 'slowest ms', 'claims kB', 'failures', 'refused by']
  const line = ([name, ...cells]) =>
    `${name.padEnd(28)}${cells.map((cell, at) => (at === 5 ? `  ${cell}` : cell.padStart(11))).join('')}`
  console.log(line(head))
  for (const { name, inputs, ms, slowest, largest, codes, failures } of rows) {
    const judged = Object.values(codes).reduce((sum, times) => sum + times, 0)
    const top = Object.entries(codes)
      .sort(([, one], [, other]) => other - one)
      .slice(0, 3)
      .map(([code, times]) => `${code} ${((100 * times) / judged).toFixed(0)} %`)
    const rate = Math.round((1000 * inputs) / Math.max(ms, 1))
    const cells = [inputs, rate].map((number) => number.toLocaleString('en'))
    console.log(
      line([name, ...cells, slowest.toFixed(1), (largest / 1024).toFixed(0), `${failures.length}`, top.join(', ')]),
    )
  }
}

async function replayFinding(worker, path) {
  const { name, hex } = JSON.parse(readFileSync(path, 'utf8'))
  const { codes, slowest, failures } = await askWorker(worker, { kind: 'replay', name, hex })
  const [failure] = failures
  console.log(`${name}: ${failure?.fault ?? Object.keys(codes).join()}, ${slowest.toFixed(1)} ms`)
  return failure === undefined
}

async function fuzz(worker, { json, only = '', ...options }) {
  const targets = (await askWorker(worker, { kind: 'list' })).filter(({ name }) => name.startsWith(only))
  if (targets.length === 0) usage(`no decoder or verifier begins with ${only}`)
  const rows = new Map(
    targets.map(({ name }) => [name, { name, inputs: 0, ms: 0, slowest: 0, largest: 0, codes: {}, failures: [] }]),
  )
  const jobs = targets.flatMap((target) => jobsOf(target, options))
  const progress = createProgress(jobs.length)
  const take = ({ name, tally }) => {
    add(rows.get(name), tally)
    progress.add(1, name)
  }
  await runJobs(worker, jobs, { threads: 2, take })
  progress.end()
  const results = [...rows.values()]
  const files = results.flatMap(({ name, failures }) => store(name, options.seed, failures))
  const failures = results.reduce((sum, { failures: found }) => sum + found.length, 0)
  const inputs = results.reduce((sum, { inputs: tried }) => sum + tried, 0)
  if (json) console.log(JSON.stringify({ seed: options.seed, inputs, failures, rows: results }, null, 1))
  else {
    printTable(results)
    console.log(`\nseed ${options.seed}: ${inputs.toLocaleString('en')} inputs, ${failures} failures`)
  }
  for (const file of files) console.error(`fuzz: kept in ${file}`)
  return failures === 0
}

const { count, verifications, seed = '1', short, sources, replay, ...rest } = readArgs()
const finding = replay === undefined ? undefined : resolve(replay)
process.chdir(root)
const folder = mkdtempSync(join(tmpdir(), 'countersign-fuzz-'))
try {
  const worker = join(folder, 'worker.mjs')
  await bundle(join(root, 'scripts', 'fuzz', 'worker.mjs'), { outfile: worker, of: sources ? 'sources' : 'build' })
  const sizes = short ? SHORT : LONG
  const given = {
    ...(count && { count: Number(count) }),
    ...(verifications && { verifications: Number(verifications) }),
  }
  const passed =
    finding === undefined
      ? await fuzz(worker, { ...rest, ...sizes, ...given, seed })
      : await replayFinding(worker, finding)
  process.exitCode = passed ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
