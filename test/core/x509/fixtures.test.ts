/** Every vector under attestation-fixtures/x509: its verdict, and for a bad one its code, judged fresh and after a path that holds. */
import { describe, expect, it } from 'vitest'
import { fixtureNames, judgeFixture, readFixture } from './fixture.ts'

describe('attestation-fixtures/x509', () => {
  const fixtures = fixtureNames().map(readFixture)

  it('holds vectors, each bad one with -fail behind its name', () => {
    expect(fixtures.length).toBeGreaterThan(180)
    for (const { name, code } of fixtures) expect([name, code !== undefined]).toEqual([name, name.endsWith('-fail')])
  })

  for (const fixture of fixtures) {
    it(`[${fixture.row}] ${fixture.title} (${fixture.name})`, async () => {
      // Twice: what was proven the first time must not change what is judged the second.
      for (const round of [1, 2]) {
        const result = await judgeFixture(fixture)
        if (fixture.code === undefined) {
          expect([round, result]).toEqual([round, expect.objectContaining({ ok: true })])
          if (result.ok) expect(result.chain).toHaveLength(fixture.path.length)
        } else {
          expect([round, result]).toMatchObject([round, { ok: false, code: fixture.code }])
          expect(!result.ok && result.detail).not.toBe('')
        }
      }
    })
  }
})
