/** A host's clock that is set, stopped and shaken while time goes on. @module */
import type { Clock } from '../../src/server/deps.ts'

const HOUR_MS = 3_600_000
const DECADE_MS = 87_600 * HOUR_MS

export interface HostClock extends Clock {
  /** Ahead of the truth by this much from now on. */
  set(aheadMs: number): void
  stop(): void
  /** Right again. */
  mend(): void
}

export function createHostClock(): HostClock {
  let aheadMs = 0
  let stoppedMs: number | undefined
  return {
    now: () => new Date(stoppedMs ?? Date.now() + aheadMs),
    monotonicMs: () => performance.now(),
    set(ms) {
      stoppedMs = undefined
      aheadMs = ms
    },
    stop() {
      stoppedMs = Date.now() + aheadMs
    },
    mend() {
      stoppedMs = undefined
      aheadMs = 0
    },
  }
}

/** Called again and again while it lasts, with the number of the call. */
export type Trick = (clock: HostClock, call: number) => void

const once =
  (trick: (clock: HostClock) => void): Trick =>
  (clock, call) => {
    if (call === 0) trick(clock)
  }

export const TRICKS: Readonly<Record<string, Trick>> = {
  'an hour back': once((clock) => clock.set(-HOUR_MS)),
  'an hour ahead': once((clock) => clock.set(HOUR_MS)),
  'ten years ahead': once((clock) => clock.set(DECADE_MS)),
  'ten years back': once((clock) => clock.set(-DECADE_MS)),
  'standing still': once((clock) => clock.stop()),
  'a millisecond back each time': (clock, call) => clock.set(-call),
  'all of them in turn': (clock, call) => {
    const steps = [-HOUR_MS, HOUR_MS, DECADE_MS, -1, 0, -DECADE_MS]
    if (call % 7 === 6) clock.stop()
    else clock.set(steps[call % 7] ?? 0)
  },
}

/** What a clock shows when a gateway begins: each of these is right again before it ends. */
export const BEGINNINGS: Readonly<Record<string, number>> = { 'an hour back': -HOUR_MS, 'an hour ahead': HOUR_MS }
