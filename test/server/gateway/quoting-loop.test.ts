/** When the device is asked, and when it is left alone: in a time that the test moves. */
import { describe, expect, it } from 'vitest'
import { QuotingLoop, type QuotingOutcome } from '../../../src/server/session/quoting-loop.ts'
import { ManualTime } from './manual-time.ts'

const INTERVAL = 1_000
const DEADLINE = 2_000
const RENEW = 60_000

interface Attempt {
  readonly startedMs: number
  succeed(evidence?: string): Promise<void>
  fail(): Promise<void>
}

/** A loop whose attempts the test ends. */
function createLoop() {
  const time = new ManualTime(new Date(0))
  const attempts: Attempt[] = []
  const adopted: string[] = []
  const outcomes: QuotingOutcome[] = []
  const state: {
    due: boolean
    inFlight: number
    mostInFlight: number
    adopts: boolean
    urgent: boolean
    deviceMs?: number
  } = {
    due: true,
    inFlight: 0,
    mostInFlight: 0,
    adopts: true,
    urgent: false,
  }
  const settle = async (run: () => void): Promise<void> => {
    state.inFlight--
    run()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const loop = new QuotingLoop<string>(
    {
      attempt: () => {
        state.inFlight++
        state.mostInFlight = Math.max(state.mostInFlight, state.inFlight)
        return new Promise((resolve, reject) => {
          attempts.push({
            startedMs: time.monotonicMs(),
            succeed: (evidence = `evidence ${attempts.length}`) => settle(() => resolve(evidence)),
            fail: () => settle(() => reject(new Error('no report'))),
          })
        })
      },
      isDue: () => state.due,
      isUrgent: () => state.urgent,
      adopt: (evidence) => {
        adopted.push(evidence)
        state.due = false
        return state.adopts
      },
      renewInMs: () => RENEW,
      deviceMs: () => state.deviceMs ?? time.monotonicMs() - (attempts.at(-1)?.startedMs ?? 0),
      report: (outcome) => outcomes.push(outcome),
      monotonicMs: () => time.monotonicMs(),
      timers: time,
    },
    { intervalMs: INTERVAL, deadlineMs: DEADLINE },
  )
  return { loop, time, attempts, adopted, outcomes, state }
}

describe('the quoting loop', () => {
  it('asks at once, then at most once an interval, however often it is poked', async () => {
    const { loop, time, attempts, state } = createLoop()
    loop.poke()
    time.advance(0)
    expect(attempts).toHaveLength(1)
    for (let i = 0; i < 50; i++) loop.poke()
    time.advance(500)
    expect(attempts).toHaveLength(1)
    await attempts[0]?.succeed()
    state.due = true
    for (let i = 0; i < 50; i++) loop.poke()
    time.advance(499)
    expect(attempts).toHaveLength(1)
    time.advance(1)
    expect(attempts.map(({ startedMs }) => startedMs)).toEqual([0, INTERVAL])
    expect(state.mostInFlight).toBe(1)
  })

  it('leaves the device alone while nothing waits, until the evidence runs out', async () => {
    const { loop, time, attempts } = createLoop()
    loop.poke()
    time.advance(0)
    await attempts[0]?.succeed()
    loop.poke()
    time.advance(RENEW - 1)
    expect(attempts).toHaveLength(1)
    time.advance(1)
    expect(attempts).toHaveLength(2)
  })

  it('tries again after a failure, later each time, never later than the interval', async () => {
    const { loop, time, attempts, adopted } = createLoop()
    loop.poke()
    for (let i = 0; i < 7; i++) {
      time.advance(time.nextInMs ?? 0)
      await attempts.at(-1)?.fail()
    }
    const starts = attempts.map(({ startedMs }) => startedMs)
    expect(starts.map((start, i) => start - (starts[i - 1] ?? 0))).toEqual([0, 100, 200, 400, 800, 1_000, 1_000])
    expect(adopted).toEqual([])
  })

  it('gives up on a device that hangs, gives it more time, and still uses what comes late', async () => {
    const { loop, time, attempts, adopted, outcomes } = createLoop()
    loop.poke()
    time.advance(0)
    time.advance(DEADLINE)
    expect(outcomes).toMatchObject([{ ok: false, durationMs: DEADLINE }])
    time.advance(100)
    expect(attempts).toHaveLength(2)
    time.advance(2 * DEADLINE - 1)
    expect(outcomes).toHaveLength(1)
    await attempts[0]?.succeed('late')
    expect(adopted).toEqual(['late'])
    await attempts[1]?.succeed('in time')
    expect(adopted).toEqual(['late', 'in time'])
  })

  it('asks a throttled device at half its pace, and a fast one at its own again', async () => {
    const { loop, time, attempts, state } = createLoop()
    loop.poke()
    time.advance(0)
    time.advance(1_900)
    await attempts[0]?.succeed()
    state.due = true
    loop.poke()
    time.advance(1_899)
    expect(attempts).toHaveLength(1)
    time.advance(1)
    expect(attempts).toHaveLength(2)
    await attempts[1]?.succeed()
    state.due = true
    loop.poke()
    time.advance(INTERVAL)
    expect(attempts).toHaveLength(3)
  })

  it('does not leave a fast device alone because the disk was slow', async () => {
    const { loop, time, attempts, state } = createLoop()
    state.deviceMs = 8
    loop.poke()
    time.advance(0)
    time.advance(1_900)
    await attempts[0]?.succeed()
    state.due = true
    loop.poke()
    time.advance(0)
    expect(attempts).toHaveLength(2)
  })

  it('asks for a full batch before the interval is over, and still lets the device rest', async () => {
    const { loop, time, attempts, state } = createLoop()
    state.deviceMs = 300
    loop.poke()
    time.advance(0)
    await attempts[0]?.succeed()
    state.due = true
    loop.poke()
    state.urgent = true
    loop.poke()
    time.advance(599)
    expect(attempts).toHaveLength(1)
    time.advance(1)
    expect(attempts.map(({ startedMs }) => startedMs)).toEqual([0, 600])
    expect(state.mostInFlight).toBe(1)
  })

  it('backs off from a device that fails, however full the batch is', async () => {
    const { loop, time, attempts, state } = createLoop()
    state.urgent = true
    loop.poke()
    time.advance(0)
    await attempts[0]?.fail()
    loop.poke()
    time.advance(99)
    expect(attempts).toHaveLength(1)
    time.advance(1)
    expect(attempts).toHaveLength(2)
  })

  it('makes one last attempt when something waits, and none after it', async () => {
    const { loop, time, attempts, state } = createLoop()
    loop.poke()
    time.advance(0)
    await attempts[0]?.succeed()
    state.due = true
    const closed = loop.close()
    await new Promise((resolve) => setImmediate(resolve))
    expect(attempts).toHaveLength(2)
    await attempts[1]?.succeed()
    await closed
    state.due = true
    loop.poke()
    time.advance(RENEW)
    expect(attempts).toHaveLength(2)
  })

  it('does not wait for a device that hangs when it closes', async () => {
    const { loop, time, attempts, adopted } = createLoop()
    loop.poke()
    time.advance(0)
    const closed = loop.close()
    time.advance(DEADLINE)
    await new Promise((resolve) => setImmediate(resolve))
    time.advance(2 * DEADLINE)
    await closed
    await attempts[0]?.succeed('after the end')
    expect(adopted).toEqual([])
  })

  it('lets whoever closes it go on when it is stopped', async () => {
    const { loop, time, state } = createLoop()
    loop.poke()
    time.advance(0)
    const closed = loop.close()
    state.due = false
    loop.stop()
    await closed
    expect(time.armed).toBe(0)
  })
})
