/** Times that a busy machine does not stretch: for tests that say "at once", or "in proportion". @module */

let ticks = 0
let isTicking = false

/**
 * Milliseconds that this process had to itself: a stall, however long, counts as one. It falls behind the wall clock and never runs ahead of
 * it, so that a delay by a timer shows in full on a quiet machine, and a busy machine is not taken for a delay.
 */
export function ownMs(): number {
  if (!isTicking) {
    isTicking = true
    const tick = (): void => {
      ticks += 1
    }
    setInterval(tick, 1).unref()
  }
  return ticks
}

/** How many of them pass from now until something has happened. */
export async function ownMsUntil(happened: Promise<unknown>): Promise<number> {
  const from = ownMs()
  await happened
  return ownMs() - from
}

/** Milliseconds of a processor that `run` took, whoever else had one meanwhile. */
export function processorMs(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
