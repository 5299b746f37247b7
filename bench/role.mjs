/** The child's side of a role: answers calls of the bench over IPC, and ends when the bench is gone. */
import { startProfile, stopProfile } from './profile.mjs'

/** What every role can say of its process. With `--expose-gc` garbage is collected first when `settled` is asked for. */
function usage({ settled = false } = {}) {
  if (settled) globalThis.gc?.()
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { cpuMicros: user + system, rss, heapUsed, external }
}

/** Microseconds of a clock that all processes of one machine share. */
export const sharedMicros = () => Number(process.hrtime.bigint() / 1000n)

/** Serves calls by name; `stop` ends the process after it was answered. */
export function serveRole(calls) {
  const known = { usage, startProfile, stopProfile, stop: () => undefined, ...calls }
  process.on('message', async ({ id, name, argument }) => {
    const answer = await Promise.resolve(argument)
      .then(known[name])
      .then(
        (value) => ({ id, value }),
        (error) => ({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      )
    process.send(answer, () => {
      if (name === 'stop') process.disconnect()
    })
  })
  process.on('disconnect', () => process.exit(0))
  // The terminal sends these to the whole group; the bench decides what becomes of its children.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
}
