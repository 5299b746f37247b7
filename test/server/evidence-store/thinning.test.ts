/** Thinning keeps every grade that a receipt had, and bounds what is kept. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseRemovable, type History, witnessOf } from '../../../src/server/evidence-store/thinning.ts'
import type { EvidencePlace } from '../../../src/server/evidence-store/types.ts'

const HOUR = 3_600
const DAY = 24 * HOUR

/** A history as logs have it: sizes and times grow, sessions follow each other, leaves of quotes lie behind their checkpoints. */
const histories: fc.Arbitrary<History> = fc
  .array(
    fc.record({
      grows: fc.integer({ min: 1, max: 5 }),
      seconds: fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 2 * HOUR })),
      newSession: fc.boolean(),
      leaf: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
      witnessed: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    const records: EvidencePlace[] = []
    const witnessed: number[] = []
    let [size, iat, session, leafAbove] = [0, 1_000_000, 0, 0]
    for (const step of steps) {
      size += step.grows
      iat += step.seconds
      if (step.newSession && step.grows === 5) session++
      const quoteIndex = step.leaf === undefined ? undefined : Math.max(size + step.leaf, leafAbove)
      if (quoteIndex !== undefined) leafAbove = quoteIndex + 1
      records.push({ size, session: `s${session}`, iat, exp: iat + HOUR, quoteIndex })
      if (step.witnessed) witnessed.push(size + 2)
    }
    return { records, witnessed: [...new Set(witnessed)] }
  })

function afterThinning({ records, witnessed }: History, now: number): History {
  const removable = chooseRemovable({ records, witnessed }, now)
  return {
    records: records.filter(({ size }) => !removable.records.includes(size)),
    witnessed: witnessed.filter((size) => !removable.witnessed.includes(size)),
  }
}

type Grade = 'none' | 'quoted' | 'witnessed'

/** The best grade that a leaf can have under a session. */
function gradeOf({ records, witnessed }: History, index: number, session: string): Grade {
  const sizes = [...witnessed].sort((a, b) => a - b)
  const covering = records.filter((record) => record.session === session && record.size > index)
  if (covering.some((record) => witnessOf(record, sizes) !== undefined)) return 'witnessed'
  return covering.length > 0 ? 'quoted' : 'none'
}

const nows = fc.integer({ min: 1_000_000, max: 1_000_000 + 10 * DAY })

describe('thinning', () => {
  it('takes from no receipt a grade that it had', () => {
    fc.assert(
      fc.property(histories, nows, (history, now) => {
        const thinned = afterThinning(history, now)
        const last = history.records.at(-1)?.size ?? 0
        for (const session of new Set(history.records.map((record) => record.session)))
          for (let index = 0; index < last; index++)
            expect(gradeOf(thinned, index, session)).toBe(gradeOf(history, index, session))
      }),
      { numRuns: 300 },
    )
  })

  it('keeps all of the last hour, the last of each session, and the newest cosigned checkpoint', () => {
    fc.assert(
      fc.property(histories, nows, (history, now) => {
        const thinned = afterThinning(history, now)
        for (const record of history.records) if (now - record.iat < HOUR) expect(thinned.records).toContain(record)
        for (const session of new Set(history.records.map((record) => record.session)))
          expect(thinned.records).toContain(history.records.filter((record) => record.session === session).at(-1))
        expect(Math.max(0, ...thinned.witnessed)).toBe(Math.max(0, ...history.witnessed))
      }),
    )
  })

  it('done twice removes nothing more, and done later finds nothing that it would rather have kept', () => {
    fc.assert(
      fc.property(histories, nows, fc.integer({ min: 0, max: 2 * DAY }), (history, now, later) => {
        const thinned = afterThinning(history, now)
        expect(afterThinning(thinned, now)).toEqual(thinned)
        expect(afterThinning(thinned, now + later).records).toEqual(afterThinning(history, now + later).records)
      }),
    )
  })

  it('leaves one a minute of a day, and one an hour before it', () => {
    const now = 1_000_000 * HOUR
    const records = Array.from({ length: 2 * DAY }, (_, i) => ({
      size: i + 1,
      session: 's',
      iat: now - 2 * DAY + i,
      exp: now,
      quoteIndex: i + 1,
    }))
    const { records: removed } = chooseRemovable({ records, witnessed: [] }, now)
    const kept = records.length - removed.length
    // The edges of the hour and of the day lie within buckets: one more of each.
    expect(kept).toBe(24 + 1 + 23 * 60 + 1 + HOUR - 1)
  })
})
