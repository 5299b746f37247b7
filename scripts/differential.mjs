// Judges mutated evidence with the built verifier and with another project's, and measures launches with the built calculators and with
// another project's, and names every difference.
//
//   npm run -s differential -- [--count N] [--seed S] [--only NAME] [--mutation NAME] [--all] [--firmware DIR] [--json]
//
// Nothing that is accepted here may be refused there but for reasons that have a name; each is in differential/*-classes.mjs and counted.
// The same seed makes the same mutations; keys are made anew each time. Exit 0 when nothing is unexplained, else 1; 2 on wrong usage.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { command as measure } from '../dist/cli/commands/measure.js'
import * as tdxLog from '../dist/cli/measure/tdx-log.js'
import { digestUri } from '../dist/core/crypto/index.js'
import { encodePem } from '../dist/core/encoding/pem.js'
import * as eventLog from '../dist/core/event-log/index.js'
import * as eif from '../dist/core/measurement/eif/index.js'
import * as snp from '../dist/core/measurement/snp/index.js'
import * as tdxLaunch from '../dist/core/measurement/tdx/index.js'
import * as nitro from '../dist/core/nitro/index.js'
import * as tdx from '../dist/core/tdx/index.js'
import * as simulator from '../dist/simulator/index.js'
import { compareEifImages } from './differential/eif-images.mjs'
import { readGenuineNitro, readGenuineTdx } from './differential/genuine.mjs'
import { createNitroDifferential, NITRO_MUTATIONS, NITRO_PEER, nitroMeaningOf } from './differential/nitro.mjs'
import { compareSnpLaunches } from './differential/snp-launch.mjs'
import { createTally, formatTally } from './differential/table.mjs'
import { createTdxDifferential } from './differential/tdx.mjs'
import { TDX_MUTATIONS } from './differential/tdx-cases.mjs'
import { meaningOf } from './differential/tdx-classes.mjs'
import { compareTdxLaunches } from './differential/tdx-launch.mjs'
import { TDX_PEER } from './differential/tdx-peer.mjs'

const USAGE = `usage: npm run -s differential -- [--count N] [--seed S] [--only NAME] [--mutation NAME] [--all] [--firmware DIR] [--json]

  --count N        cases of each platform, 10000 unless told; a tenth of them for Nitro, a fiftieth for launches
  --seed S         a whole number, 1 unless told
  --only NAME      tdx or nitro for evidence; snp-launch, tdx-launch and eif for what launches measure
  --mutation NAME  this mutation alone, 20 times; prints each verdict. NAME list prints the names
  --all            codes of what both refuse, too
  --firmware DIR   launches with the firmware files of this folder, too
  --json           counts for machines

example: npm run -s differential -- --only tdx --mutation pck-crl-expired`

const OPTIONS = {
  count: { type: 'string' },
  seed: { type: 'string', default: '1' },
  only: { type: 'string' },
  mutation: { type: 'string' },
  all: { type: 'boolean', default: false },
  firmware: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
}
const REPEATS = 20
const NITRO_SHARE = 0.1

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const vectors = join(root, '..', 'shared', 'vectors')
const policies = JSON.parse(readFileSync(join(root, 'scripts', 'vectors', 'policies.json'), 'utf8'))

const PLATFORMS = {
  tdx: {
    peer: TDX_PEER,
    mutations: TDX_MUTATIONS,
    share: 1,
    meaningOf,
    create(genuine) {
      const library = { tdx, simulator: { ...simulator, fingerprintOf: digestUri }, policy: policies.tdx }
      return createTdxDifferential(library, genuine)
    },
    genuine: () => readGenuineTdx(vectors),
  },
  nitro: {
    peer: NITRO_PEER,
    mutations: NITRO_MUTATIONS,
    share: NITRO_SHARE,
    meaningOf: nitroMeaningOf,
    create: (genuine) => createNitroDifferential({ nitro, simulator, policy: policies.nitro }, genuine),
    genuine: () => readGenuineNitro(vectors),
  },
}

/** Calculators of launches: each gives `{ title, cases, differences }`, or undefined where the other tool cannot be had. */
const LAUNCHES = {
  'snp-launch': (options) => compareSnpLaunches({ snp }, options),
  'tdx-launch': (options) => compareTdxLaunches({ tdx: tdxLaunch, eventLog, tdxLog, measure }, options),
  eif: (options) => compareEifImages({ eif, simulator: { ...simulator, encodePem } }, options),
}
const SHARE_OF_LAUNCHES = 0.02

function usage(message) {
  console.error(`differential: ${message}\n\n${USAGE}`)
  process.exit(2)
}

function readOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    return usage(error.message)
  }
}

function wholeNumber(text, name) {
  if (!/^\d{1,9}$/.test(text)) usage(`${name} is not a whole number`)
  return Number(text)
}

/** One line on a terminal, overwritten; nothing elsewhere. */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

const said = ({ ok, status, code, error, check, detail }) =>
  ok ? `accepts${status ? `, ${status}` : ''}` : `refuses: ${code ? `${code} (${check}) ${detail ?? ''}` : error}`

async function compare(name, { count, seed, mutation }) {
  const { peer, share, create, genuine: read, meaningOf: meaning } = PLATFORMS[name]
  const genuine = read()
  const judge = create(genuine)
  const cases = mutation === undefined ? Math.ceil(count * share) : REPEATS
  const tally = createTally()
  for (let index = 0; index < cases; index++) {
    if (index % 50 === 0) progress(`${name}: ${index} of ${cases}`)
    const result = await judge(seed, index, mutation)
    tally.add(result)
    if (mutation !== undefined)
      console.log(
        `${result.kind}: ${result.name}\n  countersign ${said(result.ours)}\n  ${peer.name} ${said(result.peer)}`,
      )
  }
  progress('')
  const title = `${name}: ${cases} cases, seed ${seed}, against ${peer.name} ${peer.version}; ${genuine.length} genuine ones to begin from`
  return { name, title, tally, meaningOf: meaning, cases }
}

async function measureLaunches(names, { count, seed, firmware }) {
  const results = []
  for (const name of names) {
    const options = { count: Math.ceil(count * SHARE_OF_LAUNCHES), seed, firmware, progress }
    const result = await LAUNCHES[name](options)
    if (result !== undefined) results.push({ name, ...result })
  }
  return results
}

function formatLaunches({ title, differences }) {
  return [
    title,
    ...(differences.length === 0 ? ['  the same, all of them'] : differences.map((one) => `  ${one}`)),
  ].join('\n')
}

const { count = '10000', seed, only, mutation, all, firmware, json, help } = readOptions()
if (help) {
  console.log(USAGE)
  process.exit(0)
}
const isChosen = (name) => only === undefined || name === only
const chosen = Object.keys(PLATFORMS).filter(isChosen)
const launches = mutation === undefined ? Object.keys(LAUNCHES).filter(isChosen) : []
if (chosen.length + launches.length === 0) usage(`there is nothing to compare under the name ${only}`)
if (mutation === 'list') {
  for (const name of chosen) console.log(PLATFORMS[name].mutations.map((one) => `${name} ${one}`).join('\n'))
  process.exit(0)
}
const having = chosen.filter((name) => mutation === undefined || PLATFORMS[name].mutations.includes(mutation))
if (having.length === 0 && mutation !== undefined) usage(`unknown mutation ${mutation}; "--mutation list" prints them`)

const plan = { count: wholeNumber(count, '--count'), seed: wholeNumber(seed, '--seed'), mutation, firmware }
const results = []
for (const name of having) results.push(await compare(name, plan))
const measured = await measureLaunches(launches, plan)
const counts = ({ tally: { kinds } }) =>
  Object.fromEntries(
    Object.entries(kinds).map(([kind, rows]) => [
      kind,
      Object.fromEntries([...rows].map(([name, row]) => [name, row.count])),
    ]),
  )
if (json)
  console.log(
    JSON.stringify(
      [
        ...results.map((result) => ({ platform: result.name, cases: result.cases, ...counts(result) })),
        ...measured.map(({ name, cases, differences }) => ({ platform: name, cases, differences })),
      ],
      undefined,
      1,
    ),
  )
else
  console.log(
    [
      ...results.map(({ tally, title, meaningOf: meaning }) => formatTally(tally, { title, meaningOf: meaning, all })),
      ...measured.map(formatLaunches),
    ].join('\n\n'),
  )
const isUnexplained =
  results.some(({ tally }) => tally.count('unexplained') > 0) ||
  measured.some(({ differences }) => differences.length > 0)
process.exitCode = isUnexplained ? 1 : 0
