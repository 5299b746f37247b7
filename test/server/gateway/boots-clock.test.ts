/** Log time under a host's clock that jumps, stops and goes back. */
import { describe, expect, it } from 'vitest'
import { BootClock } from '../../../src/server/session/boot-clock.ts'
import { beginLineage } from '../../../src/storage/index.ts'
import { createMemoryStore } from '../../kit/memory-store.ts'
import { ask, decodedReceiptOf, HOST, PLAIN_MODEL, startFixture } from './gateway-fixture.ts'

const START = Date.parse('2027-01-01T00:00:00Z')
const HOUR = 3_600_000

function createClock(): {
  readonly clock: BootClock
  /** Lets `ms` go by; the host's clock shows `shown` of it. */
  pass(ms: number, shown?: number): void
  readonly leaps: number[]
} {
  let now = START
  let monotonic = 0
  const leaps: number[] = []
  const clock = new BootClock({ now: () => new Date(now), monotonicMs: () => monotonic }, (ms) => leaps.push(ms))
  return {
    clock,
    leaps,
    pass(ms, shown = ms) {
      monotonic += ms
      now += shown
    },
  }
}

const offset = (clock: BootClock): number => clock.date().getTime() - START

describe('log time', () => {
  it('is the host’s while that goes on as time does', () => {
    const { clock, pass } = createClock()
    pass(1_500)
    expect(offset(clock)).toBe(1_500)
    expect(clock.seconds()).toBe(START / 1000 + 1)
    pass(10_000, 10_050)
    expect(offset(clock)).toBe(11_550)
  })

  it('never goes back by a millisecond or an hour, and waits at half pace until the host is there again', () => {
    const { clock, pass } = createClock()
    pass(1_000)
    clock.seconds()
    pass(0, -1)
    expect(offset(clock)).toBe(1_000)
    pass(2, 2)
    expect(offset(clock)).toBe(1_001)
    pass(0, -HOUR)
    const before = offset(clock)
    pass(HOUR)
    expect(offset(clock)).toBe(before + HOUR / 2)
    pass(HOUR)
    expect(offset(clock)).toBe(before + HOUR)
    pass(HOUR)
    expect(offset(clock)).toBe(1_001 + 2 * HOUR)
  })

  it('goes on while the host’s clock stands still', () => {
    const { clock, pass } = createClock()
    pass(10_000, 0)
    expect(offset(clock)).toBe(5_000)
    pass(0, 10_000)
    expect(offset(clock)).toBe(10_000)
  })

  it('follows an hour ahead, as of a machine that slept', () => {
    const { clock, pass, leaps } = createClock()
    pass(0, HOUR)
    expect(offset(clock)).toBe(HOUR)
    expect(leaps).toEqual([])
  })

  it('does not follow ten years ahead, says so once, and is right when the host is again', () => {
    const { clock, pass, leaps } = createClock()
    clock.vouched()
    const decade = 10 * 365 * 24 * HOUR
    pass(0, decade)
    expect(offset(clock)).toBe(0)
    pass(1_000)
    expect(offset(clock)).toBe(1_000)
    expect(leaps).toEqual([decade])
    pass(1_000, 1_000 - decade)
    expect(offset(clock)).toBe(2_000)
  })

  it('follows any leap that lasts as long as nothing is vouched for: the machine began before its clock was set', () => {
    const { clock, pass, leaps } = createClock()
    const decade = 10 * 365 * 24 * HOUR
    pass(100, decade)
    expect(offset(clock)).toBe(100)
    pass(500, -decade)
    expect(offset(clock)).toBeLessThan(HOUR)
    pass(100, decade)
    const before = offset(clock)
    pass(900)
    expect(offset(clock)).toBe(before + 900)
    pass(200)
    expect(offset(clock)).toBeGreaterThan(decade)
    expect(leaps).toHaveLength(2)
  })

  it('never decreases, whatever the host shows', () => {
    const { clock, pass } = createClock()
    clock.vouched()
    const shown = [5, -HOUR, 3, 0, HOUR, -1, 40 * 365 * 24 * HOUR, 7, -40 * 365 * 24 * HOUR, 0, 2]
    let last = offset(clock)
    for (const step of [...shown, ...shown, ...shown]) {
      pass(10, step)
      const next = offset(clock)
      expect(next).toBeGreaterThanOrEqual(last)
      expect(next - last).toBeLessThanOrEqual(24 * HOUR + 10)
      last = next
    }
  })

  it('goes on from what the boot before stated, unless that is more than a day ahead', () => {
    const { clock } = createClock()
    expect(clock.notBefore(START / 1000 - 60)).toBe(true)
    expect(offset(clock)).toBe(0)
    expect(clock.notBefore(START / 1000 + 60)).toBe(true)
    expect(offset(clock)).toBe(60_000)
    expect(clock.notBefore(START / 1000 + 10 * 86_400)).toBe(false)
    expect(offset(clock)).toBe(60_000)
  })
})

describe('a boot', () => {
  it('that began ten years behind serves soon after the clock is set', async () => {
    let behindMs = 10 * 365 * 24 * HOUR
    const clock = { now: () => new Date(Date.now() - behindMs), monotonicMs: () => performance.now() }
    const fixture = await startFixture({ unready: true, deps: { clock } })
    await fixture.line(({ event }) => event === 'quote-failed')
    behindMs = 0
    await fixture.gateway.ready()
    const { claims } = decodedReceiptOf(await fixture.chat(ask(PLAIN_MODEL)))
    await fixture.close()
    expect(Math.abs(claims.iat - Date.now() / 1000)).toBeLessThan(60)
  })

  it('is not dated before receipts of the last one that no quote covers, though the clock was set back since', async () => {
    const store = createMemoryStore()
    await beginLineage(store, { name: 'main', host: HOST })
    let now = START
    const deps = { store, clock: { now: () => new Date(now), monotonicMs: () => performance.now() } }
    const first = await startFixture({ lineage: 'there', faults: (call) => (call === 0 ? 'none' : 'error'), deps })
    now += HOUR / 2
    const { claims } = decodedReceiptOf(await first.chat(ask(PLAIN_MODEL)))
    await first.close()
    now = START
    const next = await startFixture({ lineage: 'there', deps })
    const session = next.gateway.evidence()?.attestation.session
    await next.close()
    expect(claims.iat).toBeGreaterThanOrEqual((START + HOUR / 2) / 1000)
    expect(session?.iat).toBeGreaterThanOrEqual(claims.iat)
  })
})
