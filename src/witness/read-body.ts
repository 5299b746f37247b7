/** Reads a request's content up to a limit, by its own count. @module */
import type { IncomingMessage } from 'node:http'

/** What may still arrive after a refusal, so that most clients get to read it. */
const LINGER_BYTES = 64 * 1024

/** Undefined when there is more than the limit; rejects when the client goes away. */
export function readBody(incoming: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  if (Number(incoming.headers['content-length'] ?? 0) > limit) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('error', () => reject(new Error('the client went away')))
    incoming.on('close', () => reject(new Error('the client went away')))
    incoming.on('end', () => resolve(new Uint8Array(Buffer.concat(chunks))))
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      else {
        incoming.removeAllListeners('data').pause()
        resolve(undefined)
      }
    })
  })
}

/** Lets what is left of a request run out, but not for ever. */
export function discardRest(incoming: IncomingMessage): void {
  if (incoming.complete) return
  let left = LINGER_BYTES
  incoming.on('error', () => {})
  incoming.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) incoming.destroy()
  })
  incoming.resume()
}
