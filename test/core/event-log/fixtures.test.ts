/** Every vector under attestation-fixtures/event-log: its verdict, and for a bad one the code of the first failure and its check. */
import { describe, expect, it } from 'vitest'
import { matchSessionEvents } from '../../../src/core/event-log/index.ts'
import { assertVerified, failedCheck } from '../../../src/core/verdict.ts'
import { fixtureNames, judgeFixture, readFixture } from './fixture.ts'

describe('attestation-fixtures/event-log', () => {
  const fixtures = fixtureNames().map(readFixture)

  it('holds vectors, each bad one with -fail behind its name', () => {
    expect(fixtures.length).toBeGreaterThan(90)
    for (const { name, failure, session } of fixtures) {
      const bad = failure !== undefined || (session !== undefined && session.expect !== 'ok')
      expect([name, bad]).toEqual([name, name.endsWith('-fail')])
    }
  })

  for (const fixture of fixtures) {
    it(`[${fixture.row}] ${fixture.title} (${fixture.name})`, async () => {
      const { failure, session } = fixture
      const verdict = await judgeFixture(fixture)
      if (failure !== undefined) {
        expect(verdict).toMatchObject({ ok: false, code: failure.code })
        // Exactly one check fails, and it says why.
        const failed = verdict.checks.filter(({ status }) => status === 'fail')
        expect(failed.map(({ name, code }) => ({ check: name, code }))).toEqual([failure])
        expect(failed[0]?.detail).not.toBe('')
        return
      }
      expect(failedCheck(verdict.checks)).toBeUndefined()
      if (session === undefined) return
      const match = matchSessionEvents(assertVerified(verdict), session.octets, session.epoch)
      expect(match.ok ? 'ok' : match.code).toBe(session.expect)
      expect(match.detail).not.toBe('')
    })
  }
})
