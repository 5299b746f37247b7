/** Every vector under attestation-fixtures/tdx: its verdict, and for a bad one the code of the first failure. */
import { describe, expect, it } from 'vitest'
import { describeVectors } from '../../kit/vectors.ts'
import { fixtureNames, judgeFixture, readFixture } from './fixture.ts'

describeVectors('attestation-fixtures/tdx', {
  fixtures: fixtureNames().map(readFixture),
  least: 300,
  judge: (fixture) => judgeFixture(fixture),
})

describe('what a good vector reports', () => {
  const OUTDATED = ['INTEL-SA-01192']
  const cases = [
    ['v4', 'UpToDate', [], '2026-05-14'],
    ['module-0', 'UpToDate', [], '2026-05-14'],
    ['status-accepted', 'SWHardeningNeeded', ['INTEL-SA-00615', 'INTEL-SA-00837'], '2026-05-14'],
    ['status-outofdate-accepted', 'OutOfDate', ['INTEL-SA-01036', 'INTEL-SA-01099'], '2025-03-12'],
    ['module-converged', 'OutOfDateConfigurationNeeded', OUTDATED, '2025-03-12'],
    ['relaunch-advised', 'TDRelaunchAdvised', OUTDATED, '2025-03-12'],
    ['relaunch-advised-configuration', 'TDRelaunchAdvisedConfigurationNeeded', OUTDATED, '2025-03-12'],
    ['qe-old-accepted', 'OutOfDate', ['INTEL-SA-00615'], '2025-03-12'],
  ] as const

  for (const [name, status, advisoryIds, day] of cases)
    it(`[T22] is ${status}, its advisories and the earliest date of its levels (${name})`, async () => {
      const tcbDate = new Date(`${day}T00:00:00Z`)
      const value = { tcb: { status, advisoryIds, tcbDate, evaluationDataNumber: 19, qeEvaluationDataNumber: 19 } }
      expect(await judgeFixture(readFixture(name))).toMatchObject({ ok: true, value })
    })

  it('is one quote and one set of collateral for the same octets, whatever pads the quote', async () => {
    const fixture = readFixture('v4')
    const padded = new Uint8Array(fixture.quote.length + 64)
    padded.set(fixture.quote)
    const [plain, other] = [await judgeFixture(fixture), await judgeFixture(fixture, { quote: padded })]
    if (!plain.ok || !other.ok) throw new Error('both pass')
    expect(other.value.quoteDigest).toBe(plain.value.quoteDigest)
    expect(other.value.tcb).toEqual(plain.value.tcb)
  })
})
