/** Opens the gateway's address, and says in words why it cannot be opened. @module */
import type { Server } from 'node:net'
import { CountersignError } from '../errors.ts'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'is in use: end what listens there, or name another port'],
  ['EADDRNOTAVAIL', 'is no address of this machine'],
  ['EACCES', 'may not be opened by this user: name a port above 1023'],
  ['ENOTFOUND', 'is a name that nobody knows'],
])

function refusalOf(error: Error, { host, port }: ListenAddress): CountersignError {
  const code = 'code' in error ? String(error.code) : ''
  const why = REASONS.get(code) ?? `cannot be opened (${code})`
  return new CountersignError('ERR_CONFIG', `operational.listen: ${host} port ${port} ${why}`, { cause: error })
}

/** @throws CountersignError ERR_CONFIG */
export async function listenAt(server: Server, address: ListenAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (error: Error): void => reject(refusalOf(error, address))
    server.once('error', refuse)
    server.listen(address.port, address.host, () => {
      server.off('error', refuse)
      resolve()
    })
  })
}
