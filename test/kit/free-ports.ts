/** Ports for programs that cannot choose one by themselves, and a port on which nobody listens. @module */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * Starts something on ports that were free a moment ago, and again on others where somebody else took one of them meanwhile.
 * @param start resolves with `taken` where that happened, and has then ended what it began
 */
export async function onFreePorts<T>(
  count: number,
  start: (ports: readonly number[]) => Promise<T | 'taken'>,
): Promise<T> {
  for (let tries = 0; tries < 5; tries++) {
    const started = await start(await freePorts(count))
    if (started !== 'taken') return started
  }
  throw new Error('each time somebody else took one of the ports')
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address !== null && typeof address === 'object') ports.push(address.port)
  }
  for (const server of servers) {
    server.close()
    await once(server, 'close')
  }
  return ports
}

/** A loopback port on which nobody listens, and nobody can: until this process ends, a connection of its own goes out from it. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const holder = connect(address.port, '127.0.0.1')
  const [[held]] = await Promise.all([once(server, 'connection'), once(holder, 'connect')])
  server.close()
  for (const end of [held, holder]) end.unref()
  if (holder.localPort === undefined) throw new Error('no port')
  return holder.localPort
}
