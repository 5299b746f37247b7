/** The bench's side of a role: one process of its own for the model server, the relay and each gateway. */
import { fork } from 'node:child_process'
import { once } from 'node:events'

const ROLES = {
  upstream: new URL('./upstream.mjs', import.meta.url),
  relay: new URL('./relay.mjs', import.meta.url),
  gateway: new URL('./gateway.mjs', import.meta.url),
  asker: new URL('./asker.mjs', import.meta.url),
}

/** Starts a role. `call(name, argument)` gives what the role answers; `stop` lets it finish and waits for its end. */
export async function startRole(role, options, { execArgv = [] } = {}) {
  const child = fork(ROLES[role], {
    execArgv: ['--expose-gc', ...execArgv],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const waiting = new Map()
  let calls = 0
  child.on('message', ({ id, value, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) resolve(value)
    else reject(new Error(`${role}: ${error}`))
  })
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${role} ended with code ${code}`))
    waiting.clear()
  })
  const call = (name, argument) =>
    new Promise((resolve, reject) => {
      const id = calls++
      waiting.set(id, { resolve, reject })
      child.send({ id, name, argument })
    })
  const stop = async () => {
    if (child.exitCode !== null) return
    const ended = once(child, 'exit')
    await call('stop')
    await ended
  }
  const started = await call('start', options)
  return { ...started, call, stop, usage: (how = {}) => call('usage', how) }
}

/** Runs `task` with roles that are stopped after it, in the opposite order of their start. */
export async function withRoles(task) {
  const started = []
  const start = async (...how) => {
    const role = await startRole(...how)
    started.push(role)
    return role
  }
  try {
    return await task(start)
  } finally {
    for (const role of started.reverse()) await role.stop()
  }
}
