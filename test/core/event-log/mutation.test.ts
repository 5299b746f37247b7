/** Nothing in a log can change unseen, and no check is there for show. */
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import {
  EVENT_LOG_CHECKS,
  encodeEventLog,
  MAX_EVENT_LOG_SIZE,
  MAX_EVENTS,
  matchSessionEvents,
} from '../../../src/core/event-log/index.ts'
import { assertVerified, failedCheck } from '../../../src/core/verdict.ts'
import { action, encodeDstack, encodeEvents, runtime } from './build.ts'
import { type EventLogFixture, fixtureNames, judgeFixture, readFixture } from './fixture.ts'

const ccel = readFixture('ccel-direct-boot')
const record = readFixture('record')
const dstack = readFixture('dstack-v1')

function withOctets(fixture: EventLogFixture, octets: Uint8Array): Partial<EventLogFixture> {
  return { log: { ...fixture.log, octets } }
}

async function codeOf(fixture: EventLogFixture, octets: Uint8Array): Promise<string> {
  const verdict = await judgeFixture(fixture, withOctets(fixture, octets))
  return verdict.ok ? 'ok' : verdict.code
}

describe('mutations of a good log', () => {
  it('[F2] rejects a CCEL that is cut at any offset', async () => {
    const codes = new Set<string>()
    for (let end = 0; end < ccel.log.octets.length; end++) codes.add(await codeOf(ccel, ccel.log.octets.slice(0, end)))
    // A log has no count of its events: where it is cut between two, only the replay tells.
    expect([...codes].sort()).toEqual(['EVENT_LOG_MALFORMED', 'RTMR_REPLAY_MISMATCH'])
  })

  it('[F2] rejects a record that is cut at any offset', async () => {
    const codes = new Set<string>()
    for (let end = 0; end < record.log.octets.length; end += 7)
      codes.add(await codeOf(record, record.log.octets.slice(0, end)))
    expect([...codes]).toEqual(['EVENT_LOG_MALFORMED'])
  })

  it('[E2] shows no other claim, whichever bit of a CCEL is changed', async () => {
    const octets = ccel.log.octets
    const claims = async (bytes: Uint8Array): Promise<readonly string[]> => {
      const verdict = await judgeFixture(ccel, withOctets(ccel, bytes))
      if (!verdict.ok) return []
      return verdict.value.events.flatMap((event) => {
        if (event.kind === 'opaque' || event.kind === 'efi-variable-data') return []
        return [`${event.register} ${event.kind} ${event.name} ${event.payload.join(',')}`]
      })
    }
    const genuine = await claims(octets)
    expect(genuine).toHaveLength(10)
    const invented = new Set<string>()
    for (let at = 0; at < octets.length; at++) {
      const changed = octets.slice()
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      // Labels of opaque events may change, and a label may turn a claim opaque: never into another claim.
      for (const claim of await claims(changed)) if (!genuine.includes(claim)) invented.add(claim)
    }
    expect([...invented]).toEqual([])
  })

  it('[E1] rejects any octet of a register that is another', async () => {
    const passing: string[] = []
    for (const name of ['rtMr0', 'rtMr1', 'rtMr2', 'rtMr3'] as const) {
      for (let at = 0; at < 48; at++) {
        const value = record.registers[name].slice()
        value[at] = (value[at] ?? 0) ^ 1
        const verdict = await judgeFixture(record, { registers: { ...record.registers, [name]: value } })
        if (verdict.ok || verdict.code !== 'RTMR_REPLAY_MISMATCH') passing.push(`${name} ${at}`)
      }
      const short = { ...record.registers, [name]: record.registers[name].slice(1) }
      if ((await judgeFixture(record, { registers: short })).ok) passing.push(`${name} short`)
    }
    expect(passing).toEqual([])
  })
})

describe('limits', () => {
  it('[E5] rejects a log of more than 1 MiB in any format before it reads any', async () => {
    const filled = new Uint8Array(MAX_EVENT_LOG_SIZE).fill(0xff)
    for (const fixture of [ccel, record, dstack]) {
      const verdict = await judgeFixture(fixture, withOctets(fixture, concatBytes(fixture.log.octets, filled)))
      expect(verdict).toMatchObject({ ok: false, code: 'EVENT_LOG_TOO_LARGE' })
      expect(verdict.checks.filter(({ status }) => status !== 'not-performed').map(({ name }) => name)).toEqual([
        'limits',
      ])
    }
  })

  it('[E5] takes a log of 1 MiB and not one octet more', async () => {
    const { octets } = ccel.log
    const area = new Uint8Array(MAX_EVENT_LOG_SIZE).fill(0xff)
    area.set(octets)
    expect(await codeOf(ccel, area)).toBe('ok')
    expect(await codeOf(ccel, concatBytes(area, Uint8Array.of(0xff)))).toBe('EVENT_LOG_TOO_LARGE')
  })

  it('[E5] rejects a log of more than 10,000 events in any format', async () => {
    const events = (count: number) => Array.from({ length: count }, () => action(2, 'x'))
    const one = runtime('x')
    expect(await codeOf(ccel, encodeEvents(events(MAX_EVENTS + 1)))).toBe('EVENT_LOG_TOO_LARGE')
    expect(await codeOf(ccel, encodeEvents(events(MAX_EVENTS)))).toBe('RTMR_REPLAY_MISMATCH')
    const short = encodeDstack([one], 'stripped').slice(1, -1)
    const list = (count: number): Uint8Array => {
      const items = Array.from({ length: count }, (_, at) => (at === 0 ? [short] : [Uint8Array.of(0x2c), short])).flat()
      return concatBytes(Uint8Array.of(0x5b), ...items, Uint8Array.of(0x5d))
    }
    expect(await codeOf(dstack, list(MAX_EVENTS + 1))).toBe('EVENT_LOG_TOO_LARGE')
    expect(await codeOf(dstack, list(MAX_EVENTS))).toBe('RTMR_REPLAY_MISMATCH')
  })

  it('[E5] counts the events of both parts of a record together', async () => {
    // The smallest events: 66 octets of a CCEL, 88 once in base64.
    const small = Array.from({ length: 7_000 }, () => action(2, ''))
    const few = Array.from(
      { length: 3_001 },
      (_, at) => ({ register: 3, type: at % 10, digest: new Uint8Array(48) }) as const,
    )
    const octets = encodeEventLog({ ccel: encodeEvents(small), events: few })
    expect(octets.length).toBeLessThanOrEqual(MAX_EVENT_LOG_SIZE)
    expect(await codeOf(record, octets)).toBe('EVENT_LOG_TOO_LARGE')
    const fewer = encodeEventLog({ ccel: encodeEvents(small), events: few.slice(1) })
    expect(await codeOf(record, fewer)).toBe('RTMR_REPLAY_MISMATCH')
  })

  it('judges the longest log in less than a second', async () => {
    const events = Array.from({ length: MAX_EVENTS }, () => action(2, 'x'))
    const start = performance.now()
    await codeOf(ccel, encodeEvents(events))
    expect(performance.now() - start).toBeLessThan(1_000)
  })
})

describe('checks of the verdict', () => {
  const names = Object.keys(EVENT_LOG_CHECKS)

  it('are each decided by a vector, so that none can be taken out unseen', async () => {
    // Sizes are in the tests above: such a log would be a file of 1 MiB.
    const decided = new Set<string>(['limits'])
    for (const name of fixtureNames()) {
      const verdict = await judgeFixture(readFixture(name))
      if (!verdict.ok) decided.add(failedCheck(verdict.checks)?.name ?? '')
    }
    expect(names.filter((name) => !decided.has(name))).toEqual([])
  })

  it('come in the order in which they are declared, and those behind a failure are not performed', async () => {
    const verdict = await judgeFixture(readFixture('order-after-ready-fail'))
    expect(verdict.checks.map(({ name }) => name)).toEqual(names)
    const at = names.indexOf('required-order')
    expect(verdict.checks.slice(0, at).every(({ status }) => status === 'pass')).toBe(true)
    expect(verdict.checks.slice(at + 1).every(({ status }) => status === 'not-performed')).toBe(true)
  })

  it('say what they saw and which section asks', async () => {
    const verdict = await judgeFixture(record)
    expect(verdict.checks.filter(({ detail }) => detail === '').map(({ name }) => name)).toEqual(['log'])
    expect(verdict.checks.filter(({ spec }) => spec === undefined)).toEqual([])
    expect(verdict.assumptions.length).toBeGreaterThan(0)
  })

  it('show what policy leaves out', async () => {
    const verdict = await judgeFixture(readFixture('ccel-one-register'))
    const left = verdict.checks.filter(({ status }) => status === 'not-performed').map(({ name }) => name)
    expect(left).toEqual(['rtmr0', 'rtmr2', 'rtmr3', 'required-payload', 'nothing-hidden'])
    expect(verdict.ok && verdict.value.events.every(({ register }) => register === 1)).toBe(true)
  })
})

describe('session match', () => {
  it('throws on an epoch that is no count: no comparison with it would fail', async () => {
    const fixture = readFixture('session-epoch-0')
    const measured = assertVerified(await judgeFixture(fixture))
    for (const epoch of [Number.NaN, -1, 0.5])
      expect(() => matchSessionEvents(measured, fixture.session?.octets ?? new Uint8Array(), epoch)).toThrow(
        expect.objectContaining({ code: 'ERR_USAGE' }),
      )
  })
})
