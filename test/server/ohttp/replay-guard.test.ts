/** What was let in once is never let in again, whenever and however often it comes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DATE_TOLERANCE_MS, ReplayGuard, readDate } from '../../../src/server/ohttp/replay-guard.ts'

const START_MS = Date.UTC(2026, 0, 1)
const at = (ms: number): Date => new Date(START_MS + ms)
const encOf = (id: number): Uint8Array => Uint8Array.of(id >> 8, id & 0xff)

describe('the guard against replays', () => {
  it('[C7] lets no request in twice, wherever its window stands', () => {
    const step = fc.record({
      // Some of them many generations on, some back.
      passMs: fc.integer({ min: -2 * DATE_TOLERANCE_MS, max: 5 * DATE_TOLERANCE_MS }),
      request: fc.nat(20),
      skewMs: fc.integer({ min: -DATE_TOLERANCE_MS - 1_000, max: DATE_TOLERANCE_MS + 1_000 }),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
        const guard = new ReplayGuard()
        // A ciphertext holds its date: whoever sends it again cannot change it.
        const dates = new Map<number, Date>()
        const admitted = new Set<number>()
        let nowMs = 0
        for (const { passMs, request, skewMs } of steps) {
          nowMs += passMs
          const dated = dates.get(request) ?? at(nowMs + skewMs)
          dates.set(request, dated)
          const judged = guard.admit({ enc: encOf(request), dated }, at(nowMs))
          if (judged === 'admitted') {
            expect(admitted.has(request)).toBe(false)
            admitted.add(request)
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('lets every fresh request in', () => {
    const guard = new ReplayGuard()
    for (let id = 0; id < 1_000; id++) {
      const nowMs = id * 7_001
      expect(guard.admit({ enc: encOf(id), dated: at(nowMs - DATE_TOLERANCE_MS) }, at(nowMs))).toBe('admitted')
    }
  })

  it.each([-1, 1])('refuses a date just beyond its tolerance (%i)', (side) => {
    const guard = new ReplayGuard()
    const beyond = at(side * (DATE_TOLERANCE_MS + 1))
    expect(guard.admit({ enc: encOf(1), dated: beyond }, at(0))).toBe('stale')
    const edge = at(side * DATE_TOLERANCE_MS)
    expect(guard.admit({ enc: encOf(1), dated: edge }, at(0))).toBe('admitted')
    expect(guard.admit({ enc: encOf(2), dated: undefined }, at(0))).toBe('stale')
  })

  it('is full rather than forgetful, and forgets what is too old to come in', () => {
    const guard = new ReplayGuard({ capacity: 4 })
    for (let id = 0; id < 4; id++) expect(guard.admit({ enc: encOf(id), dated: at(0) }, at(0))).toBe('admitted')
    expect(guard.admit({ enc: encOf(9), dated: at(0) }, at(0))).toBe('full')
    expect(guard.admit({ enc: encOf(0), dated: at(0) }, at(0))).toBe('replayed')
    const later = 2 * DATE_TOLERANCE_MS
    expect(guard.admit({ enc: encOf(9), dated: at(later) }, at(later))).toBe('full')
    expect(guard.admit({ enc: encOf(9), dated: at(2 * later) }, at(2 * later))).toBe('admitted')
    expect(guard.size).toBe(1)
  })
})

describe('a date', () => {
  it.each(['Thu, 01 Jan 2026 00:00:00 GMT'])('is read as HTTP writes it: %s', (text) => {
    expect(readDate(text)).toEqual(new Date(START_MS))
  })

  it.each([
    undefined,
    '',
    'now',
    '2026-01-01T00:00:00Z',
    'Fri, 01 Jan 2026 00:00:00 GMT',
    'Thu, 1 Jan 2026 00:00:00 GMT',
    'Thursday, 01-Jan-26 00:00:00 GMT',
  ])('is not guessed: %s', (text) => {
    expect(readDate(text)).toBeUndefined()
  })
})
