/** Every fixture of an answer gives exactly its verdict: one thing is wrong with each that fails, and its code comes first. */
import { describe, expect, it } from 'vitest'
import type { VerifiedAnswer } from '../../../src/core/receipt/answer.ts'
import { fixtureNames, judgeFixture, readFixture } from './fixture.ts'

/** T, and where it came from. */
function timeOf({ attestation: { time, judgedAt } }: VerifiedAnswer): object {
  return { source: time, at: judgedAt.toISOString() }
}

describe('fixtures of answers', () => {
  for (const fixture of fixtureNames().map(readFixture)) {
    const verb = fixture.expect.ok ? 'accepts' : 'rejects'
    it(`[${fixture.row}] ${verb} ${fixture.title} (${fixture.name})`, async () => {
      const verdict = await judgeFixture(fixture)
      const seen = verdict.ok
        ? { ok: true, grade: verdict.value.grade, time: timeOf(verdict.value) }
        : { ok: false, code: verdict.code }
      expect(seen, JSON.stringify(verdict.checks, null, 1)).toMatchObject(fixture.expect)
      if (verdict.ok) expect(verdict.simulated).toBe(true)
      const failed = verdict.checks.filter(({ status }) => status === 'fail')
      expect(failed.length).toBeLessThanOrEqual(1)
    })
  }
})
