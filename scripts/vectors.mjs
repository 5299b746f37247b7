// Judges stored attestation vectors with the built verifier and compares the results with what they say.
//
//   npm run -s vectors -- [--json] FOLDER…
//
// A FOLDER is one vector (it has a vector.json), a platform's folder, or a tree of them. The policy is the one of the
// vectors' own description: signature, chain to the built-in root at `expected.at`, TCB and chip of the certificate, debug
// off; no measurement is pinned. Exit 0 when none is wrong, else 1; 2 on wrong usage.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createSnpRoots, decodeSnpPolicy, decodeSnpReport, verifySnpReport } from '../dist/core/snp/index.js'
import { MalformedError } from '../dist/errors.js'

const UNSUPPORTED = ['tdx', 'sgx', 'nitro', 'nvidia', 'azure-vtpm']

const SNP_POLICY = decodeSnpPolicy({
  products: ['Milan', 'Genoa', 'Turin'],
  reportVersions: [2, 3, 4, 5],
  signerKinds: ['vcek'],
  chipIds: 'unchecked',
  vmpls: [0, 1, 2, 3],
  migration: 'forbidden',
  smt: 'unchecked',
  cxl: 'unchecked',
  singleSocket: 'unchecked',
  memAes256Xts: 'unchecked',
  raplDisabled: 'unchecked',
  ciphertextHidingDram: 'unchecked',
  pageSwapDisabled: 'unchecked',
  platformInfo: {
    aliasCheckComplete: 'unchecked',
    ecc: 'unchecked',
    tsme: 'unchecked',
    smt: 'unchecked',
    raplDisabled: 'unchecked',
    ciphertextHidingDram: 'unchecked',
  },
  minimumTcb: 'unchecked',
  minimumLaunchTcb: 'unchecked',
  minimumCommittedTcb: 'unchecked',
  provisionalFirmware: 'allowed',
  minimumGuestSvn: 'unchecked',
  hostData: 'unchecked',
  idKeyDigests: 'unchecked',
  authorKeyDigests: 'unchecked',
  familyIds: 'unchecked',
  imageIds: 'unchecked',
  revocation: 'unchecked',
})

/** Every folder at or below `folder` that has a vector.json, in order. */
function findVectors(folder) {
  if (existsSync(join(folder, 'vector.json'))) return [folder]
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .sort()
    .flatMap(findVectors)
}

function readVector(folder) {
  const vector = JSON.parse(readFileSync(join(folder, 'vector.json'), 'utf8'))
  if (typeof vector !== 'object' || vector === null) throw new Error('vector.json is not an object')
  if (typeof vector.platform !== 'string') throw new Error('vector.json names no platform')
  const verdict = vector.expected?.verdict
  if (verdict !== 'accept' && verdict !== 'reject')
    throw new Error('vector.json: expected.verdict is neither "accept" nor "reject"')
  return vector
}

async function judgeVector(folder) {
  const name = basename(folder)
  let vector
  try {
    vector = readVector(folder)
  } catch (error) {
    return { name, platform: 'unknown', expected: null, got: null, code: null, right: false, detail: error.message }
  }
  const base = { name, platform: vector.platform, expected: vector.expected.verdict }
  if (UNSUPPORTED.includes(vector.platform)) return { ...base, got: null, code: null, unsupported: true }
  if (vector.platform !== 'sev-snp')
    return {
      ...base,
      got: null,
      code: null,
      right: false,
      detail: `unknown platform ${JSON.stringify(vector.platform)}`,
    }
  if (existsSync(join(folder, 'vlek.der')) && !existsSync(join(folder, 'vcek.der')))
    return { ...base, got: null, code: null, unsupported: true, detail: 'signed by a VLEK' }
  try {
    return { ...base, ...(await judgeSnp(folder, vector)) }
  } catch (error) {
    return { ...base, got: null, code: null, right: false, detail: `not judged: ${error.message}` }
  }
}

async function judgeSnp(folder, { expected }) {
  const report = readFileSync(join(folder, 'report.bin'))
  const { got, code, detail } = await snpVerdict(folder, report, expected.at)
  const differing = compareFields(report, expected)
  if (differing.length > 0) return { got, code, right: false, detail: `other than expected: ${differing.join(', ')}` }
  return { got, code, right: got === expected.verdict, ...(detail && { detail }) }
}

async function snpVerdict(folder, report, at) {
  const names = ['vcek', 'ask', 'ark']
  const missing = names.filter((name) => !existsSync(join(folder, `${name}.der`)))
  if (missing.length > 0)
    return { got: 'reject', code: 'X509_CHAIN_BROKEN', detail: `no endorsement: ${missing.join(', ')} missing` }
  if (Number.isNaN(Date.parse(at))) throw new Error('expected.at is not a time')
  const [vcek, ask, ark] = names.map((name) => new Uint8Array(readFileSync(join(folder, `${name}.der`))))
  const verdict = await verifySnpReport({ report: new Uint8Array(report) }, { vcek, ask, ark }, SNP_POLICY, {
    at: new Date(at),
    reportData: 'unchecked',
    measurements: 'unchecked',
    roots: createSnpRoots({ roots: 'built-in', simulated: [] }),
  })
  if (verdict.ok) return { got: 'accept', code: null }
  return { got: 'reject', code: verdict.code, detail: verdict.checks.find(({ status }) => status === 'fail')?.detail }
}

/** Names of the listed fields that the report does not hold; none where it does not parse. */
function compareFields(bytes, expected) {
  const listed = {
    ...expected.measurements,
    ...(expected.report_data !== undefined && { report_data: expected.report_data }),
  }
  let report
  try {
    report = decodeSnpReport(new Uint8Array(bytes))
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return expected.verdict === 'accept' ? ['the report does not parse'] : []
  }
  return Object.entries(listed)
    .filter(([name, value]) => {
      const field = report[name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())]
      return !(field instanceof Uint8Array) || Buffer.from(field).toString('hex') !== value
    })
    .map(([name]) => name)
}

function printTable({ total, right, wrong, unsupported, cases }) {
  for (const entry of cases) {
    const mark = entry.unsupported ? '-' : entry.right ? 'ok' : 'WRONG'
    const result = entry.unsupported ? 'not built yet' : `${entry.got ?? '-'} ${entry.code ?? ''}`.trim()
    const why = entry.right === false ? `  (expected ${entry.expected}) ${entry.detail ?? ''}` : ''
    console.log(`${mark.padEnd(6)}${`${entry.platform}/${entry.name}`.padEnd(52)}${result}${why}`)
  }
  console.log(`${total} vectors: ${right} right, ${wrong} wrong, ${unsupported} not built yet`)
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
