// SEV-SNP: report.bin with vcek.der, ask.der or vlek.der, asvk.der, and ark.der. No measurement is pinned.
import { createSnpRoots, decodeSnpPolicy, decodeSnpReport, verifySnpReport } from '../../dist/core/snp/index.js'
import { MalformedError } from '../../dist/errors.js'
import { differing, hex, readIfThere, readOctets, timeOf } from './find.mjs'
import { SNP_POLICY } from './policies.mjs'

const POLICY = decodeSnpPolicy(SNP_POLICY)
const CHAINS = { vlek: ['vlek', 'asvk', 'ark'], vcek: ['vcek', 'ask', 'ark'] }

export async function judgeSnp(folder, { expected }) {
  const report = readOctets(folder, 'report.bin')
  const result = await verdictOf(folder, report, expected)
  const wrong = compareFields(report, expected)
  if (wrong.length > 0) return { ...result, right: false, detail: wrong.join('; ') }
  return { ...result, right: result.got === expected.verdict }
}

async function verdictOf(folder, report, { at }) {
  const files = (names) => names.map((name) => [name, readIfThere(folder, `${name}.der`)])
  const chain = files(readIfThere(folder, 'vlek.der') ? CHAINS.vlek : CHAINS.vcek)
  const missing = chain.filter(([, der]) => der === undefined).map(([name]) => name)
  if (missing.length > 0)
    return { got: 'reject', code: 'CHECK_NOT_PERFORMED', detail: `no endorsement: ${missing.join(', ')} missing` }
  const verdict = await verifySnpReport({ report }, Object.fromEntries(chain), POLICY, {
    at: timeOf(at),
    reportData: 'unchecked',
    measurements: 'unchecked',
    roots: createSnpRoots({ roots: 'built-in', simulated: [] }),
  })
  if (verdict.ok) return { got: 'accept', code: null }
  return { got: 'reject', code: verdict.code, detail: verdict.checks.find(({ status }) => status === 'fail')?.detail }
}

/** None where a report that is to be refused does not parse. */
function compareFields(bytes, { measurements = {}, report_data, verdict }) {
  const listed = { ...measurements, ...(report_data !== undefined && { report_data }) }
  try {
    const report = decodeSnpReport(bytes)
    const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
    return differing(listed, Object.fromEntries(Object.keys(listed).map((name) => [name, hex(report[camel(name)])])))
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return verdict === 'accept' ? ['the report does not parse'] : []
  }
}
