/** A loop between a log and witnesses behind loopback HTTP; time moves when a test says so. @module */
import { decodeWitnessPolicy, type WitnessPolicy } from '../../../src/core/log/index.ts'
import {
  type Enrolment,
  type Witnessed,
  WitnessLoop,
  type WitnessLoopDeps,
  type WitnessOutcome,
} from '../../../src/server/witnessing/index.ts'
import type { TestLog } from '../../witness/test-log.ts'
import { NOW, TOKEN } from '../../witness/witness-fixture.ts'
import { ManualTime } from '../gateway/manual-time.ts'

export interface Addressed {
  readonly vkey: string
  readonly url: string
}

/** Witnesses w1, w2, … of which `threshold` are a quorum. */
export function policyOf(witnesses: readonly Addressed[], threshold: number): WitnessPolicy {
  const lines = witnesses.map(({ vkey, url }, i) => `witness w${i + 1} ${vkey} ${url}\n`)
  const names = witnesses.map((_, i) => `w${i + 1}`).join(' ')
  return decodeWitnessPolicy(`${lines.join('')}group all ${threshold} ${names}\nquorum all\n`)
}

export function tokenOf({ vkey }: TestLog): Enrolment {
  return { kind: 'token', token: TOKEN, vkey }
}

export interface LoopFixture {
  readonly loop: WitnessLoop
  readonly time: ManualTime
  readonly outcomes: readonly WitnessOutcome[]
  readonly witnessed: readonly Witnessed[]
  /** Resolves when `holds` does; looked at after each outcome. */
  until(holds: () => boolean): Promise<void>
  /** Outcomes in short: `w1 cosigned 3`, `w2 timeout`. */
  said(): readonly string[]
  /** Lets witnesses that rest begin again. */
  wake(ms: number): void
}

export function startLoop(log: TestLog, policy: WitnessPolicy, changed: Partial<WitnessLoopDeps> = {}): LoopFixture {
  const time = new ManualTime(NOW)
  const outcomes: WitnessOutcome[] = []
  const witnessed: Witnessed[] = []
  const waiting = new Set<() => void>()
  const look = (): void => {
    for (const each of waiting) each()
  }
  const loop = new WitnessLoop({
    policy,
    prove: async (older, newer) => log.tree.consistencyProof(older, newer),
    enrolment: async () => tokenOf(log),
    onWitnessed: (each) => {
      witnessed.push(each)
      look()
    },
    report: (outcome) => {
      outcomes.push(outcome)
      look()
    },
    clock: time,
    timers: time,
    ...changed,
  })
  return {
    loop,
    time,
    outcomes,
    witnessed,
    until: (holds) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!holds()) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    said: () => outcomes.map(describeOutcome),
    wake: (ms) => time.advance(ms),
  }
}

function describeOutcome(outcome: WitnessOutcome): string {
  switch (outcome.outcome) {
    case 'cosigned':
      return `${outcome.witness} cosigned ${outcome.size}`
    case 'enrolled':
      return `${outcome.witness} enrolled`
    case 'failed':
      return `${outcome.witness} ${outcome.reason}`
    default:
      return outcome satisfies never
  }
}
