// Takes each step of the verifiers out in turn and names what notices: a vector whose verdict is another without it, or a test that fails.
//
//   npm run steps [-- --json] [--all] [--only=PATH]
//
// A vector or test can notice a step only if the step fails in it: each is run once with all steps, and then for each step those alone in
// which it failed. A check that nothing notices has survived: it needs a vector, or a reason in steps/unobserved.json. Rules of form in
// decoders that nothing notices are listed, and do not fail the run. --all lists every step; --only=src/core/log takes those of the files
// whose paths begin so. Exit 0 when none survived without a reason, else 1; 2 on wrong usage.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle } from './bundle.mjs'
import { root } from './prepare.mjs'
import { instrumentation } from './steps/instrument.mjs'
import { createPool, judgeByTests, judgeByVectors } from './steps/survey.mjs'
import { bundleTests, makeProvided } from './steps/tests.mjs'

const args = process.argv.slice(2)
const unknown = args.find((arg) => !['--json', '--all'].includes(arg) && !arg.startsWith('--only='))
if (unknown !== undefined) {
  console.error(`steps: unknown option ${unknown}\nusage: npm run steps [-- --json] [--all] [--only=PATH]`)
  process.exit(2)
}

const only = args.find((arg) => arg.startsWith('--only='))?.slice('--only='.length) ?? ''
const isChosen = ({ file }) => file.startsWith(only)

/** Steps are known by file, line and text: two bundles meet the files in different orders. */
const keyOf = ({ file, line, column, what }) => `${file}:${line}:${column} ${what}`

async function judgeSteps(folder) {
  const [steps, others] = [[], []]
  const replays = join(folder, 'replays.mjs')
  const tests = join(folder, 'tests.mjs')
  await bundle(join(root, 'test', 'kit', 'replays.ts'), { outfile: replays, plugins: [instrumentation(steps)] })
  const files = await bundleTests(folder, tests, others)
  const [replaysUrl, testsUrl] = [replays, tests].map((file) => pathToFileURL(file).href)
  const pool = createPool({ replays: replaysUrl, tests: testsUrl, provided: await makeProvided(folder) })
  const chosen = steps.filter(isChosen)
  const { vectors, noticed } = await judgeByVectors(pool, chosen)
  const results = new Map(chosen.map((step, index) => [keyOf(step), { ...step, ...noticed[index] }]))
  const left = others.filter((step) => isChosen(step) && results.get(keyOf(step))?.vector === undefined)
  const { tests: count, unfit, noticed: byTests } = await judgeByTests(pool, left, files)
  for (const [index, step] of left.entries()) results.set(keyOf(step), { ...step, ...byTests[index] })
  await pool.end()
  return { vectors, tests: count, unfit, steps: [...results.values()] }
}

function print({ vectors, tests, steps, seconds, idle }) {
  const noticing = ({ vector, wanted, seen, test }) => (vector ? `${vector}: ${seen} for ${wanted}` : test)
  for (const step of steps) {
    const { file, line, what, reason } = step
    const by = noticing(step)
    if (unnoticed(step)) console.log(`${survived(step) ? 'SURVIVED ' : 'form     '} ${file}:${line}  ${what}`)
    else if (args.includes('--all'))
      console.log(`${by ? 'noticed  ' : 'explained'} ${file}:${line}  ${what}  ->  ${by ?? reason}`)
  }
  for (const { file, step } of idle) console.log(`IDLE      ${file}  ${step}: has a reason, and needs none`)
  const count = (test) => steps.filter(test).length
  const parts = [
    `${count(({ vector }) => vector)} noticed by a vector`,
    `${count(({ test }) => test)} by a test`,
    `${count(({ reason }) => reason)} explained`,
    `${count(survived)} survived`,
    `${count((step) => unnoticed(step) && !survived(step))} forms unnoticed`,
  ]
  console.log(`${steps.length} steps, ${vectors} vectors, ${tests} tests: ${parts.join(', ')}, in ${seconds} s`)
}

const unnoticed = ({ vector, test, reason }) => vector === undefined && test === undefined && reason === undefined
/** A form that nothing refuses is another reading of the same evidence; a check that nothing makes is no verifier. */
const survived = (step) => step.kind === 'check' && unnoticed(step)

process.chdir(root)
const started = performance.now()
const folder = mkdtempSync(join(tmpdir(), 'countersign-steps-'))
const { steps, ...counts } = await judgeSteps(folder).finally(() => rmSync(folder, { recursive: true, force: true }))
const reasons = JSON.parse(readFileSync(new URL('steps/unobserved.json', import.meta.url), 'utf8'))
const used = new Set()
const judged = steps
  .sort((one, other) => (one.file === other.file ? one.line - other.line : one.file < other.file ? -1 : 1))
  .map(({ id: _, ...step }) => {
    const entry = reasons.find(({ file, step: what }) => file === step.file && what === step.what)
    if (step.vector !== undefined || step.test !== undefined || entry === undefined) return step
    used.add(entry)
    return { ...step, reason: entry.reason }
  })
const idle = reasons.filter((entry) => isChosen(entry) && !used.has(entry))
const seconds = ((performance.now() - started) / 1000).toFixed(0)
if (args.includes('--json')) console.log(JSON.stringify({ ...counts, steps: judged, idle }, null, 1))
else print({ ...counts, steps: judged, seconds, idle })
process.exitCode = judged.some(survived) || idle.length > 0 ? 1 : 0
