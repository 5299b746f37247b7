/** Genuine evidence from public repositories, and tampered copies of it, where the folder with it is at hand. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeJson } from '../../../src/core/encoding/json.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import { createSnpRoots, decodeSnpPolicy, decodeSnpReport, verifySnpReport } from '../../../src/core/snp/index.ts'
import { basePolicy } from './fixture.ts'

const FOLDER = join('..', 'shared', 'vectors', 'sev-snp')
const here = existsSync(FOLDER)
if (!here) process.stdout.write(`genuine SEV-SNP vectors are not at hand (${FOLDER}): not tested\n`)

const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const
/** What the vectors' own description asks for: everything that is not authenticity is left to a policy. */
const POLICY = decodeSnpPolicy({
  ...basePolicy(),
  vmpls: [0, 1, 2, 3],
  cxl: 'unchecked',
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
})

/** Vectors with a VCEK; those that a VLEK signed are not judged yet. */
const names = here ? readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'vcek.der'))) : []

function read(name: string) {
  const file = (part: string): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, name, part)))
  const expected = new ObjectReader(decodeJson(file('vector.json'), { numbers: 'any' }), name, CODES).object('expected')
  return {
    report: file('report.bin'),
    endorsements: { vcek: file('vcek.der'), ask: file('ask.der'), ark: file('ark.der') },
    at: new Date(expected.string('at')),
    verdict: expected.oneOf('verdict', ['accept', 'reject']),
    reason: expected.string('reason'),
    measurement: expected.has('measurements') ? expected.object('measurements').string('measurement') : undefined,
    reportData: expected.has('report_data') ? expected.string('report_data') : undefined,
  }
}

/** The class that a reason begins with, and the code that is due for it. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^debug/, 'SNP_DEBUG_ALLOWED'],
  [/^bad signature|^r and s|^signature all zero/, 'SNP_BAD_SIGNATURE'],
  [/^wrong root/, 'X509_UNTRUSTED_ROOT'],
  [/^broken chain/, 'X509_CHAIN_BROKEN'],
  [/^forged VCEK/, 'X509_BAD_SIGNATURE'],
  [/expired/, 'X509_EXPIRED'],
  [/not yet valid/, 'X509_NOT_YET_VALID'],
  [/^empty report|^report is/, 'SNP_VERSION'],
]

describe.skipIf(!here)('genuine SEV-SNP evidence', () => {
  it('is at hand in number', () => {
    expect(names.length).toBeGreaterThan(40)
  })

  for (const name of names) {
    it(`${name}: verdict, code and measurement are those of the vector`, async () => {
      const vector = read(name)
      const verdict = await verifySnpReport({ report: vector.report }, vector.endorsements, POLICY, {
        at: vector.at,
        reportData: 'unchecked',
        measurements: 'unchecked',
        roots: createSnpRoots({ roots: 'built-in', simulated: [] }),
      })
      const code = REASONS.find(([reason]) => reason.test(vector.reason))?.[1]
      expect(verdict.ok ? 'accept' : verdict.code).toBe(vector.verdict === 'accept' ? 'accept' : code)
      expect(verdict.simulated).toBe(false)
      if (vector.measurement === undefined) return
      const report = decodeSnpReport(vector.report)
      expect([encodeHex(report.measurement), encodeHex(report.reportData)]).toEqual([
        vector.measurement,
        vector.reportData,
      ])
    })
  }

  it('[X2] a genuine chain takes no changed byte either', async () => {
    const { report, endorsements, at } = read('turin-v5-oak')
    for (const name of ['vcek', 'ask', 'ark'] as const) {
      for (let offset = 0; offset < endorsements[name].length; offset += 7) {
        const der = endorsements[name].map((octet, index) => (index === offset ? octet ^ 0x10 : octet))
        const verdict = await verifySnpReport({ report }, { ...endorsements, [name]: der }, POLICY, {
          at,
          reportData: 'unchecked',
          measurements: 'unchecked',
          roots: createSnpRoots({ roots: 'built-in', simulated: [] }),
        })
        expect([name, offset, verdict.ok]).toEqual([name, offset, false])
      }
    }
  })
})
