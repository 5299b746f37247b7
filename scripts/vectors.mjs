// Judges stored attestation vectors with the built verifier and compares the results with what they say.
//
//   npm run -s vectors -- [--json] FOLDER…
//
// A FOLDER is one vector (it has a vector.json), a platform's folder, or a tree of them. The policies are in vectors/policies.mjs:
// those of the vectors' own description; no measurement is pinned. Exit 0 when none is wrong, else 1; 2 on wrong usage.
import { existsSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { findVectors, readVector } from './vectors/find.mjs'
import { judgeNitro } from './vectors/nitro.mjs'
import { judgeSnp } from './vectors/sev-snp.mjs'
import { judgeTdx } from './vectors/tdx.mjs'

const JUDGES = { 'sev-snp': judgeSnp, tdx: judgeTdx, nitro: judgeNitro }
/** Known, and no platform that this verifier judges. */
const UNSUPPORTED = ['sgx', 'nvidia', 'azure-vtpm']

async function judgeVector(folder) {
  const name = basename(folder)
  let vector
  try {
    vector = readVector(folder)
  } catch (error) {
    return { name, platform: 'unknown', expected: null, got: null, code: null, right: false, detail: error.message }
  }
  const { platform, generation = null } = vector
  const base = { name, platform, generation, expected: vector.expected.verdict }
  if (UNSUPPORTED.includes(platform)) return { ...base, got: null, code: null, unsupported: true }
  const judge = JUDGES[platform]
  if (judge === undefined)
    return { ...base, got: null, code: null, right: false, detail: `unknown platform ${JSON.stringify(platform)}` }
  try {
    return { ...base, ...(await judge(folder, vector)) }
  } catch (error) {
    return { ...base, got: null, code: null, right: false, detail: `not judged: ${error.message}` }
  }
}

/** Accepted and refused by platform and generation. */
function printGenerations(cases) {
  const rows = new Map()
  for (const { platform, generation, got, unsupported } of cases) {
    if (unsupported) continue
    const key = `${platform.padEnd(10)}${generation ?? 'derived'}`
    const row = rows.get(key) ?? { accept: 0, reject: 0 }
    if (got !== null) row[got] += 1
    rows.set(key, row)
  }
  console.log('\nplatform  generation                          accepted  refused')
  for (const [key, { accept, reject }] of [...rows].sort())
    console.log(`${key.padEnd(46)}${String(accept).padStart(8)}${String(reject).padStart(9)}`)
}

function printTable({ total, right, wrong, unsupported, cases }) {
  for (const entry of cases) {
    const mark = entry.unsupported ? '-' : entry.right ? 'ok' : 'WRONG'
    const result = entry.unsupported ? 'not judged' : `${entry.got ?? '-'} ${entry.code ?? ''}`.trim()
    const why = entry.right === false ? `  (expected ${entry.expected}) ${entry.detail ?? ''}` : ''
    console.log(`${mark.padEnd(6)}${`${entry.platform}/${entry.name}`.padEnd(52)}${result}${why}`)
  }
  printGenerations(cases)
  console.log(`\n${total} vectors: ${right} right, ${wrong} wrong, ${unsupported} not judged`)
}

function usage(message) {
  console.error(`vectors: ${message}\nusage: npm run -s vectors -- [--json] FOLDER…`)
  process.exit(2)
}

const args = process.argv.slice(2)
const json = args.includes('--json')
const folders = args.filter((arg) => arg !== '--json')
if (folders.length === 0) usage('name at least one folder with vectors')
for (const folder of folders) {
  if (folder.startsWith('-')) usage(`unknown option ${folder}`)
  if (!existsSync(folder) || !statSync(folder).isDirectory()) usage(`${folder} is not a folder`)
}
const found = folders.map((folder) => [folder, findVectors(folder)])
for (const [folder, vectors] of found) if (vectors.length === 0) usage(`${folder} holds no vector.json`)

const cases = []
for (const [, vectors] of found) for (const folder of vectors) cases.push(await judgeVector(folder))
const count = (test) => cases.filter(test).length
const summary = {
  total: cases.length,
  right: count(({ right }) => right === true),
  wrong: count(({ right }) => right === false),
  unsupported: count(({ unsupported }) => unsupported === true),
  cases,
}
if (json) console.log(JSON.stringify(summary, undefined, 1))
else printTable(summary)
process.exitCode = summary.wrong === 0 ? 0 : 1
