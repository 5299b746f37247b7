/** What a boot learns from witnesses about its host, and what it concludes about its disk. */
import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { cosignCheckpoint } from '../../../src/core/log/index.ts'
import { StateError } from '../../../src/errors.ts'
import { findWitnessed, judgeState } from '../../../src/server/witnessing/index.ts'
import { HOST, TestLog } from '../../witness/test-log.ts'
import {
  NOW,
  NOW_SECONDS,
  startWitness,
  type WitnessFixture,
  type WitnessFixtureOptions,
  witnessSigner,
} from '../../witness/witness-fixture.ts'
import { ManualTime } from '../gateway/manual-time.ts'
import { type Addressed, policyOf } from './loop-fixture.ts'
import { type ScriptedRequest, scriptWitness } from './scripted-witness.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})
async function witness(seed: number, options: WitnessFixtureOptions = {}): Promise<WitnessFixture> {
  const started = await startWitness({ seed, ...options })
  open.push(started)
  return started
}
/** A witness that lists what it is told to. */
async function listing(answer: (request: ScriptedRequest, response: ServerResponse) => void): Promise<Addressed> {
  const started = await scriptWitness(answer)
  open.push(started)
  return started
}
const find = (witnesses: readonly Addressed[]) => {
  const time = new ManualTime(NOW)
  return findWitnessed(policyOf(witnesses, 1), HOST, { clock: time, timers: time })
}
const cosigned = (log: TestLog, size: number, time = NOW_SECONDS): string => {
  const { note, body } = log.checkpoint(size)
  return note + cosignCheckpoint(body, witnessSigner(0x79), time)
}
const page = (origins: readonly object[], more: object = {}): string =>
  JSON.stringify({ host: HOST, origins, count: origins.length, next: null, ...more })

describe('witnesses asked about a host', () => {
  it('tell the newest cosigned checkpoint of each log, oldest first, though each saw another part', async () => {
    const [older, newer, silent] = [new TestLog({ seed: 1 }), new TestLog({ seed: 2 }), new TestLog({ seed: 3 })]
    let now = NOW
    const clock = { now: () => now }
    const [one, two] = [await witness(1, clock), await witness(2, clock)]
    await two.enrol(silent)
    await one.enrol(older)
    await one.submit(older.request(0, 9))
    now = new Date(NOW.getTime() + 10_000)
    await two.enrol(newer)
    await two.enrol(older)
    await two.submit(older.request(0, 4))
    await two.submit(newer.request(0, 2))
    const found = await find([one, two, { vkey: witnessSigner(3).vkey, url: 'http://127.0.0.1:9' }])
    expect(found.answered).toEqual(['w1', 'w2'])
    expect(found.failed).toEqual([{ witness: 'w3', reason: 'unreachable' }])
    expect(found.forks).toEqual([])
    expect(found.origins.map(({ origin, size, since, witnesses }) => ({ origin, size, since, witnesses }))).toEqual([
      { origin: older.origin, size: 9, since: NOW_SECONDS, witnesses: ['w1', 'w2'] },
      { origin: newer.origin, size: 2, since: NOW_SECONDS + 10, witnesses: ['w2'] },
    ])
    expect(found.origins[0]?.root).toEqual(older.tree.root(9))
    expect(found.origins[0]?.timeSeconds).toBe(NOW_SECONDS)
  })

  it('are asked about hosts with a port', async () => {
    const host = '[2001:db8::1]:8443'
    const log = new TestLog({ host })
    const one = await witness(1, { tokenHost: host })
    expect((await one.enrol(log)).status).toBe(200)
    await one.submit(log.request(0, 3))
    const time = new ManualTime(NOW)
    const { origins } = await findWitnessed(policyOf([one], 1), host, { clock: time, timers: time })
    expect(origins.map(({ origin, size }) => [origin, size])).toEqual([[log.origin, 3]])
  })

  it('tell all of a long list', async () => {
    const one = await witness(1)
    for (let seed = 1; seed <= 70; seed++) {
      const log = new TestLog({ seed })
      await one.enrol(log)
      await one.submit(log.request(0, 1))
    }
    const found = await find([one])
    expect(found.origins.map(({ origin }) => origin)).toEqual(
      Array.from({ length: 70 }, (_, i) => new TestLog({ seed: i + 1 }).origin),
    )
  })

  it('of a list too long to read, tell the end', async () => {
    const log = new TestLog()
    const asked: string[] = []
    const long = await listing(({ path }, response) => {
      asked.push(path)
      const entry = { origin: log.origin, since: 1, checkpoint: cosigned(log, 3) }
      const isFirst = path.endsWith('from=0')
      response.end(
        page(isFirst ? [{ origin: 'unread', since: 0, checkpoint: null }] : [entry], {
          count: 5_000,
          next: isFirst ? 32 : null,
        }),
      )
    })
    expect((await find([long])).origins).toHaveLength(1)
    expect(asked).toEqual([`/hosts/${HOST}?from=0`, `/hosts/${HOST}?from=3976`])
  })

  it('are given so much time in all, though each page comes just in time', async () => {
    const time = new ManualTime(NOW)
    let asked = 0
    const slow = await listing((_, response) => {
      time.advance(4_900)
      response.end(page([], { count: 1_000, next: ++asked }))
    })
    const { failed } = await findWitnessed(policyOf([slow], 1), HOST, { clock: time, timers: time })
    expect(failed).toEqual([{ witness: 'w1', reason: 'timeout' }])
    expect(asked).toBe(3)
  })

  it('are found out when two of them hold two histories of one log', async () => {
    const [log, fork] = [new TestLog(), new TestLog({ history: 'other' })]
    const [one, two] = [await witness(1), await witness(2)]
    for (const [each, of] of [
      [one, log],
      [two, fork],
    ] as const) {
      await each.enrol(of)
      await each.submit(of.request(0, 5))
    }
    const { forks } = await find([one, two])
    expect(forks.map((pair) => pair.map((note) => note.startsWith(log.checkpoint(5).body)))).toEqual([[true, false]])
  })

  it.each<readonly [string, () => object | string, string]>([
    [
      'a checkpoint that the log did not sign',
      () => {
        const forged = new TestLog({ seed: 0x33 })
        const note = cosigned(new TestLog(), 3).split('\n')
        note[4] = forged.checkpoint(3).note.split('\n')[4] ?? ''
        return { origin: new TestLog().origin, since: 1, checkpoint: note.join('\n') }
      },
      'protocol',
    ],
    [
      'one without its own cosignature',
      () => ({ origin: new TestLog().origin, since: 1, checkpoint: new TestLog().checkpoint(3).note }),
      'bad-cosignature',
    ],
    [
      'one of the future',
      () => ({ origin: new TestLog().origin, since: 1, checkpoint: cosigned(new TestLog(), 3, NOW_SECONDS + 301) }),
      'bad-time',
    ],
    [
      'one of another log',
      () => ({ origin: new TestLog({ seed: 9 }).origin, since: 1, checkpoint: cosigned(new TestLog(), 3) }),
      'protocol',
    ],
    [
      'one of another host',
      () => {
        const log = new TestLog({ host: 'else.example' })
        return { origin: log.origin, since: 1, checkpoint: cosigned(log, 3) }
      },
      'protocol',
    ],
    ['what is no list', () => 'nonsense', 'protocol'],
  ])('are believed nothing when they show %s', async (_, entry, reason) => {
    const liar = await listing((__, response) => {
      const shown = entry()
      response.end(
        typeof shown === 'string'
          ? shown
          : page([
              { origin: new TestLog({ seed: 7 }).origin, since: 0, checkpoint: cosigned(new TestLog({ seed: 7 }), 2) },
              shown,
            ]),
      )
    })
    const found = await find([liar])
    expect(found.failed).toEqual([{ witness: 'w1', reason }])
    expect(found.origins).toEqual([])
  })

  it('cannot keep a boot busy with pages for ever', async () => {
    const endless = await listing((_, response) => response.end(page([], { count: 1, next: 0 })))
    expect((await find([endless])).failed).toEqual([{ witness: 'w1', reason: 'protocol' }])
  })
})

describe('stored state', () => {
  const log = new TestLog({ seed: 1 }).to(9)
  const later = new TestLog({ seed: 2 }).to(9)
  const other = new TestLog({ seed: 1, history: 'other' }).to(9)
  const headOf = ({ origin, tree }: TestLog, size: number) => ({ origin, size, root: tree.root(size) })
  const judged = (state: Parameters<typeof judgeState>[0]): string => {
    const judgement = judgeState(state)
    return judgement instanceof StateError ? `${judgement.code} ${judgement.failure}` : judgement
  }
  const BEHIND = 'ERR_STATE STATE_ROLLBACK'

  it.each<readonly [string, Parameters<typeof judgeState>[0]]>([
    ['nothing stored and nothing witnessed', { stored: undefined, witnessed: [] }],
    ['a log that no witness saw', { stored: headOf(log, 5), witnessed: [] }],
    ['exactly what was witnessed', { stored: headOf(log, 5), witnessed: [headOf(log, 5)] }],
    ['more than was witnessed', { stored: headOf(log, 9), witnessed: [headOf(log, 5)] }],
    [
      'the newest log, with an older one witnessed too',
      { stored: headOf(later, 5), witnessed: [headOf(log, 9), headOf(later, 5)] },
    ],
    [
      'a newest log that no witness saw, after one that is stored too',
      { stored: headOf(later, 5), witnessed: [headOf(log, 9)], known: new Set([log.origin]) },
    ],
    [
      'its own newest log, beside a later one of another gateway that the store holds',
      { stored: headOf(log, 9), witnessed: [headOf(log, 9), headOf(later, 5)], known: new Set([later.origin]) },
    ],
  ])('[L12] is current with %s', (_, state) => {
    expect(judged(state)).toBe('current')
  })

  it.each<readonly [string, Parameters<typeof judgeState>[0]]>([
    ['fewer leaves than were witnessed', { stored: headOf(log, 4), witnessed: [headOf(log, 5)] }],
    ['another tree of the witnessed size', { stored: headOf(other, 5), witnessed: [headOf(log, 5)] }],
    ['nothing, where a log was witnessed', { stored: undefined, witnessed: [headOf(log, 5)] }],
    [
      'an older log than the newest witnessed one',
      { stored: headOf(log, 9), witnessed: [headOf(log, 9), headOf(later, 1)] },
    ],
    [
      'a log that no witness saw, and not the one that was witnessed',
      { stored: headOf(later, 5), witnessed: [headOf(log, 9)] },
    ],
  ])('[L12] is refused as STATE_ROLLBACK with %s', (_, state) => {
    expect(judged(state)).toBe(BEHIND)
  })

  it('[L12] names the log and both sizes', () => {
    const judgement = judgeState({ stored: headOf(log, 4), witnessed: [headOf(log, 5)] })
    expect(judgement instanceof StateError && judgement.message).toBe(
      `STATE_ROLLBACK: the store has 4 leaves of ${log.origin}, a witness saw 5`,
    )
  })
})
