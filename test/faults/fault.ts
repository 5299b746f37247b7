/** What every fault script shares: its arguments, what it prints, chance that can be repeated, and a scratch folder. @module */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

/** One line of figures. */
export interface FaultResult {
  /** What was counted or measured, in words with numbers. */
  readonly figure: string
  /** What it should be. */
  readonly target: string
  readonly ok: boolean
}

export interface FaultRun {
  /** The short form, for CI. */
  readonly short: boolean
  /** How often something is broken: what was asked for, or one of the two defaults. */
  rounds(defaults: { readonly short: number; readonly full: number }): number
  /** A whole number from 0 to below `end`; the same for the same seed. */
  pick(end: number): number
  /** A folder that is gone afterwards. */
  readonly scratch: string
  progress(text: string): void
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** xorshift32: small, repeatable, and good enough to choose places. */
function createPick(seed: number): (end: number) => number {
  let state = (seed * 0x9e3779b1) >>> 0 || 1
  return (end) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return Math.floor((state / 2 ** 32) * end)
  }
}

/** Runs one fault script and prints its results as JSON lines. */
export async function runFault(body: (run: FaultRun) => Promise<FaultResult | readonly FaultResult[]>): Promise<void> {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      rounds: { type: 'string' },
    },
  })
  const scratch = mkdtempSync(join(tmpdir(), 'countersign-fault-'))
  // Timers of a gateway keep no process alive: here nothing else does.
  const awake = setInterval(() => {}, 1_000)
  // Told to end, it leaves nothing behind.
  const clear = (): void => rmSync(scratch, { recursive: true, force: true })
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      process.once('exit', clear)
      process.exit(1)
    })
  try {
    const results = await body({
      short: values.short,
      rounds: ({ short, full }) => Number(values.rounds ?? (values.short ? short : full)),
      pick: createPick(Number(values.seed)),
      scratch,
      progress: (progress) => say({ progress }),
    })
    for (const result of 'figure' in results ? [results] : results) say(result)
  } finally {
    clearInterval(awake)
    clear()
  }
}
