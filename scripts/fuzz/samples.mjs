// Good inputs: the repository's own fixtures, and genuine evidence where it is at hand.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeSnpEndorsements } from '../../src/core/snp/index.ts'
import * as eventLog from '../../test/core/event-log/fixture.ts'
import * as nitro from '../../test/core/nitro/fixture.ts'
import * as snp from '../../test/core/snp/fixture.ts'
import * as tdx from '../../test/core/tdx/fixture.ts'

const GENUINE = join('..', 'shared', 'vectors')
const MOST = 12

export const octets = (...path) => new Uint8Array(readFileSync(join(...path)))
export const utf8 = (text) => new Uint8Array(Buffer.from(text))
export const json = (value) => utf8(JSON.stringify(value))

/** Good fixtures of a platform, evenly chosen. */
function good({ fixtureNames, readFixture }) {
  const names = fixtureNames().filter((name) => !name.endsWith('-fail'))
  const step = Math.max(1, Math.floor(names.length / MOST))
  return names.filter((_, index) => index % step === 0).map(readFixture)
}

/** `file` of every genuine vector of a platform, evenly chosen. */
function genuine(platform, file) {
  const folder = join(GENUINE, platform)
  if (!existsSync(folder)) return []
  const paths = readdirSync(folder)
    .filter((name) => !name.startsWith('derived-') && existsSync(join(folder, name, file)))
    .sort()
  const step = Math.max(1, Math.floor(paths.length / MOST))
  return paths.filter((_, index) => index % step === 0).map((name) => octets(folder, name, file))
}

/** The first of each content: samples that are alike would be drawn more often. */
export function distinct(samples) {
  return [...new Map(samples.map((sample) => [Buffer.from(sample).toString('latin1'), sample])).values()]
}

const ARCHIVES = ['quoted', 'quoted-stream', 'quoted-spliced', 'host-data', 'signed', 'refused', 'witnessed-genesis']

export function readSamples() {
  const fixtures = { snp: good(snp), tdx: good(tdx), nitro: good(nitro), eventLog: good(eventLog) }
  const logs = (format) =>
    distinct(fixtures.eventLog.filter(({ log }) => log.format === format).map(({ log }) => log.octets))
  return {
    fixtures,
    reports: distinct([...fixtures.snp.map(({ report }) => report), ...genuine('sev-snp', 'report.bin')]),
    tables: distinct(fixtures.snp.map(({ endorsements }) => encodeSnpEndorsements(endorsements))),
    quotes: distinct([...fixtures.tdx.map(({ quote }) => quote), ...genuine('tdx', 'quote.bin')]),
    documents: distinct([...fixtures.nitro.map(({ document }) => document), ...genuine('nitro', 'document.cbor')]),
    tcbInfos: distinct([
      ...fixtures.tdx.map(({ collateral }) => collateral.tcbInfo.body),
      ...genuine('collateral', 'tcb_info.json'),
    ]),
    identities: distinct([
      ...fixtures.tdx.map(({ collateral }) => collateral.qeIdentity.body),
      ...genuine('collateral', 'qe_identity.json'),
    ]),
    crls: distinct([
      ...fixtures.tdx.flatMap(({ collateral }) => [collateral.pckCrl, collateral.rootCaCrl]),
      ...fixtures.snp.flatMap(({ endorsements }) => endorsements.crls ?? []),
      ...genuine('collateral', 'pck_crl.der').filter(({ length }) => length < 8192),
    ]),
    certificates: distinct([
      ...fixtures.snp.flatMap(({ endorsements: { crls: _, ...chain } }) => Object.values(chain)),
      ...fixtures.tdx.flatMap(({ collateral }) => collateral.tcbInfo.issuerChain),
      ...genuine('sev-snp', 'vcek.der'),
      ...genuine('sev-snp', 'ask.der'),
    ]),
    ccels: logs('ccel'),
    records: logs('record'),
    dstackLogs: logs('dstack'),
    archives: ARCHIVES.map((name) => octets('attestation-fixtures', 'answer', name, 'archive.cmw.json')),
    answers: ARCHIVES,
    logVectors: readdirSync(join('attestation-fixtures', 'log')).map((name) =>
      JSON.parse(readFileSync(join('attestation-fixtures', 'log', name, 'vector.json'), 'utf8')),
    ),
    ohttp: readdirSync(join('attestation-fixtures', 'ohttp'))
      .filter((name) => !name.endsWith('-fail'))
      .map((name) => JSON.parse(readFileSync(join('attestation-fixtures', 'ohttp', name, 'vector.json'), 'utf8'))),
    pairs: readdirSync(join('attestation-fixtures', 'equivocation')).map((name) =>
      octets('attestation-fixtures', 'equivocation', name, 'pair.cmw.json'),
    ),
    policies: [
      octets('attestation-fixtures', 'policy', 'policy.json'),
      ...ARCHIVES.map((name) =>
        json(JSON.parse(readFileSync(join('attestation-fixtures', 'answer', name, 'vector.json'), 'utf8')).policy),
      ),
    ],
    lock: octets('attestation-fixtures', 'policy', 'lock.json'),
    wire: JSON.parse(readFileSync(join('attestation-fixtures', 'wire', 'answer.json'), 'utf8')),
    streams: octets('attestation-fixtures', 'wire', 'streams.json'),
  }
}
