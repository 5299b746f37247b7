/** `npm run bench`: everything side by side in one run, as ratios, beside the figures to beat. Loopback only; nothing is asserted. */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createSimulatedPki, exportPki } from '../dist/simulator/index.js'
import { benchClient } from './client.mjs'
import { compareFigures } from './figures.mjs'
import { benchHistory } from './history.mjs'
import { showHotSpots } from './hot-spots.mjs'
import { benchLaunch } from './launch.mjs'
import { benchMeasuring } from './measuring.mjs'
import { createPlan } from './plan.mjs'
import { benchPlatforms } from './platforms.mjs'
import { benchQuoting } from './quoting.mjs'
import { benchReceipts } from './receipts.mjs'
import { formatReport } from './report.mjs'
import { benchRequests } from './requests.mjs'
import { benchStreams } from './streams.mjs'
import { benchVerifying } from './verifying.mjs'

const PARTS = {
  requests: benchRequests,
  streams: benchStreams,
  receipts: benchReceipts,
  quoting: benchQuoting,
  verifying: benchVerifying,
  platforms: benchPlatforms,
  history: benchHistory,
  client: benchClient,
  measuring: benchMeasuring,
  launch: benchLaunch,
}

const USAGE = `usage: npm run bench -- [--short] [--only PART] [--json]
       npm run bench -- --profile

  --short      a look in about a minute, before all code is warm; without it about 5 minutes
  --only PART  one part: ${Object.keys(PARTS).join(', ')}
  --json       the results for machines
  --profile    where the gateway spends its time, function by function

example: npm run bench -- --short`

/** One line on a terminal, overwritten; nothing elsewhere. */
function createProgress() {
  const { stderr } = process
  if (!stderr.isTTY) return () => {}
  return (text) => stderr.write(`\r\u001b[K${text.slice(0, (stderr.columns ?? 80) - 1)}`)
}

async function measureParts(bench, names) {
  const machine = { node: process.versions.node, cores: availableParallelism(), load: loadavg()[0] }
  const parts = {}
  for (const name of names) parts[name] = await PARTS[name](bench)
  return { machine, plan: bench.plan, parts, figures: compareFigures(parts, bench.plan) }
}

async function run({ short, only, json, profile }) {
  const progress = createProgress()
  const scratch = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const clear = () => rmSync(scratch, { recursive: true, force: true })
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])
    process.once(signal, () => {
      clear()
      process.exit(code)
    })
  try {
    progress('making a simulated TEE with throw-away keys')
    const bench = { plan: createPlan({ short }), pki: exportPki(await createSimulatedPki()), scratch, progress }
    if (profile) return await showHotSpots(bench)
    const results = await measureParts(bench, only === undefined ? Object.keys(PARTS) : [only])
    return json ? JSON.stringify(results, undefined, 2) : formatReport(results)
  } finally {
    progress('')
    clear()
  }
}

const OPTIONS = {
  short: { type: 'boolean' },
  only: { type: 'string' },
  json: { type: 'boolean' },
  profile: { type: 'boolean' },
  help: { type: 'boolean' },
}

function usage(message) {
  console.error(`${message}\n\n${USAGE}`)
  process.exit(2)
}

function readOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    return usage(error.message)
  }
}

const { help = false, short = false, only, json = false, profile = false } = readOptions()
if (only !== undefined && !Object.hasOwn(PARTS, only)) usage(`no part is called ${only}`)
console.log(help ? USAGE : await run({ short, only, json, profile }))
