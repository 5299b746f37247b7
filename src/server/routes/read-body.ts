/** Reads a request's content up to a limit, by its own count: whatever Content-Length says, and chunked too. @module */
import type { IncomingMessage } from 'node:http'

export type RequestBody =
  | { readonly kind: 'whole'; readonly octets: Uint8Array }
  /** More than the limit was sent or announced; the rest is not read. */
  | { readonly kind: 'too-large' }
  /** The client went away, or was too slow, before the content was there. */
  | { readonly kind: 'gone' }

/** What a client may still send after its request was refused as too large: enough for most to see the answer. */
const LINGER_BYTES: number = 64 * 1024

export function announcesMoreThan(incoming: IncomingMessage, limit: number): boolean {
  return Number(incoming.headers['content-length'] ?? 0) > limit
}

export function readBody(incoming: IncomingMessage, limit: number): Promise<RequestBody> {
  if (announcesMoreThan(incoming, limit)) return Promise.resolve({ kind: 'too-large' })
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const finish = (body: RequestBody): void => {
      incoming.off('data', onData)
      incoming.off('end', onEnd)
      incoming.off('close', onClose)
      resolve(body)
    }
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size > limit) {
        incoming.pause()
        finish({ kind: 'too-large' })
      } else chunks.push(chunk)
    }
    const onEnd = (): void => {
      const [first] = chunks
      finish({ kind: 'whole', octets: chunks.length === 1 && first ? first : Buffer.concat(chunks, size) })
    }
    const onClose = (): void => finish({ kind: 'gone' })
    incoming.on('data', onData)
    incoming.on('end', onEnd)
    incoming.on('close', onClose)
    incoming.on('error', () => {})
  })
}

/**
 * Lets a refused request run out, then breaks the connection off: closing at once would reset it before the client has read the refusal,
 * and reading on for ever would be a gift.
 */
export function discardRest(incoming: IncomingMessage, limit: number): void {
  if (incoming.complete) return
  let left = limit + LINGER_BYTES
  incoming.on('error', () => {})
  incoming.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) incoming.destroy()
  })
  incoming.resume()
}
