/** Reads what a client sends, up to a limit. @module */
import type { IncomingMessage } from 'node:http'
import { localRefusal, type Refusal } from './refusal.ts'

/** The exact octets, or a refusal as soon as there are too many. */
export async function readRequest(incoming: IncomingMessage, maxSize: number): Promise<Uint8Array | Refusal> {
  const tooLarge = localRefusal(413, 'request_too_large', `A request has at most ${maxSize} octets.`)
  if (Number(incoming.headers['content-length'] ?? 0) > maxSize) return tooLarge
  const parts: Uint8Array[] = []
  let size = 0
  // The connection stays, so that the refusal can be read.
  for await (const part of incoming.iterator({ destroyOnReturn: false })) {
    if (!(part instanceof Uint8Array)) continue
    size += part.length
    if (size > maxSize) return tooLarge
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}
