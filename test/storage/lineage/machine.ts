/** Machines and processes that are not there: a clock, and a table of who lives. @module */
import type { ProcessFacts } from '../../../src/storage/index.ts'

/** One clock for all machines of a test; time passes only where somebody waits for it. */
export class Time {
  nowMs = 1_700_000_000_000
  readonly #tasks: {
    readonly ms: number
    readonly run: () => Promise<void>
    nextMs: number
    isPaused: () => boolean
  }[] = []

  async wait(ms: number): Promise<void> {
    const end = this.nowMs + ms
    for (;;) {
      const due = this.#tasks.filter((task) => task.nextMs <= end).sort((a, b) => a.nextMs - b.nextMs)[0]
      if (due === undefined) break
      this.nowMs = Math.max(this.nowMs, due.nextMs)
      due.nextMs += due.ms
      if (!due.isPaused()) await due.run()
    }
    this.nowMs = end
  }

  repeat(ms: number, run: () => Promise<void>, isPaused: () => boolean): () => void {
    const task = { ms, run, nextMs: this.nowMs + ms, isPaused }
    this.#tasks.push(task)
    return () => {
      this.#tasks.splice(this.#tasks.indexOf(task), 1)
    }
  }
}

export interface Machine {
  readonly bootId: string
  readonly pidNamespace?: string
  /** Processes of its table, as `pid start`. */
  readonly living: Set<string>
}

/** A process of a machine. `paused`: its heart stops, and nothing else. */
export interface FakeProcess extends ProcessFacts {
  isPaused: boolean
}

let nonces = 0

export function startProcess(time: Time, machine: Machine, pid: number, start = String(time.nowMs)): FakeProcess {
  machine.living.add(`${pid} ${start}`)
  const fake: FakeProcess = {
    isPaused: false,
    machine: `machine of ${machine.bootId}`,
    pid,
    start,
    bootId: machine.bootId,
    pidNamespace: machine.pidNamespace ?? 'pid:[1]',
    isAlive: async (other, otherStart) => machine.living.has(`${other} ${otherStart}`),
    nonce: () => String(++nonces),
    seconds: () => Math.floor(time.nowMs / 1000),
    monotonicMs: () => time.nowMs,
    wait: (ms) => time.wait(ms),
    repeat: (ms, task) => time.repeat(ms, task, () => fake.isPaused || !machine.living.has(`${pid} ${start}`)),
  }
  return fake
}

export function endProcess(machine: Machine, { pid, start }: ProcessFacts): void {
  machine.living.delete(`${pid} ${start}`)
}
