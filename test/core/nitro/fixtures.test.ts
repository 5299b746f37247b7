/** Every vector under attestation-fixtures/nitro: its verdict, and for a bad one the code of the first failure. */
import { describe, expect, it } from 'vitest'
import { failedCheck } from '../../../src/core/verdict.ts'
import { fixtureNames, judgeFixture, readFixture } from './fixture.ts'

describe('attestation-fixtures/nitro', () => {
  const fixtures = fixtureNames().map(readFixture)

  it('holds vectors, each bad one with -fail behind its name', () => {
    expect(fixtures.length).toBeGreaterThan(200)
    for (const { name, code } of fixtures) expect([name, code !== undefined]).toEqual([name, name.endsWith('-fail')])
  })

  for (const fixture of fixtures) {
    it(`[${fixture.row}] ${fixture.title} (${fixture.name})`, async () => {
      const verdict = await judgeFixture(fixture)
      if (fixture.code === undefined) {
        expect(failedCheck(verdict.checks)).toBeUndefined()
        expect(verdict).toMatchObject({ ok: true, simulated: true })
      } else {
        expect(verdict).toMatchObject({ ok: false, code: fixture.code })
        // Exactly one check fails, and it says why.
        const failed = verdict.checks.filter(({ status }) => status === 'fail')
        expect(failed.map(({ code }) => code)).toEqual([fixture.code])
        expect(failed[0]?.detail).not.toBe('')
      }
    })
  }
})
