/** What carried a request to the gateway, by what the gateway itself saw: never by what a header says. @module */
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { SeenChannel } from '../recorder/exchange-facts.ts'

/** The server's ends of connections within the process, over which decrypted requests come. */
const decrypted: WeakSet<Duplex> = new WeakSet()

/** For the loopback alone: a socket that is marked has every receipt say that its request came encrypted. */
export function markDecrypted(socket: Duplex): void {
  decrypted.add(socket)
}

/** `none` where the gateway does not see the end of any encryption: whatever ends it in front reads along. */
export function channelOf(socket: Duplex): SeenChannel {
  if (decrypted.has(socket)) return 'ohttp'
  return socket instanceof TLSSocket ? 'tls' : 'none'
}
