/** The answer to one client on Node's own response: no web stream stands between, and back-pressure and abort are seen at once. @module */
import type { ServerResponse } from 'node:http'
import { CORS_HEADERS } from '../middleware/cors.ts'

/** Sent with every answer. */
const COMMON: readonly string[] = Object.entries(CORS_HEADERS).flat()

export class ClientResponse {
  readonly #outgoing: ServerResponse
  readonly #headers: string[]
  #finished = false
  #gone = false
  #onGone: () => void = () => {}
  #closed = false
  #onClosed: () => void = () => {}
  #drained: (() => void) | undefined
  #size = 0

  constructor(outgoing: ServerResponse, requestId: string) {
    this.#outgoing = outgoing
    this.#headers = [...COMMON, 'x-request-id', requestId]
    outgoing.on('drain', () => this.#release())
    outgoing.on('close', () => {
      this.#leave()
      this.#release()
      this.#closed = true
      this.#onClosed()
    })
    // A broken socket shows as `close`; the error itself has nothing to add.
    outgoing.on('error', () => {})
  }

  /** Whether the client went away before the answer had ended. */
  get gone(): boolean {
    return this.#gone
  }

  /** Called once, when the client goes away before the answer has ended; at once if it is gone. */
  onGone(listener: () => void): void {
    this.#onGone = listener
    if (this.#gone) listener()
  }

  /** Called once, when the answer has left for the network or the connection is gone; at once if that is so. */
  onClosed(listener: () => void): void {
    this.#onClosed = listener
    if (this.#closed) listener()
  }

  /** Whether the head of the answer has left. */
  get began(): boolean {
    return this.#outgoing.headersSent
  }

  /** Octets of content written so far. */
  get size(): number {
    return this.#size
  }

  /** Adds a header to the answer, before it begins. */
  header(name: string, value: string): void {
    this.#headers.push(name, value)
  }

  headers(headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers)) this.header(name, value)
  }

  /** Begins an answer of unknown length; its head leaves at once. */
  open(status: number, mediaType: string): void {
    if (this.#gone) return
    this.#outgoing.writeHead(status, [...this.#headers, 'content-type', mediaType])
    this.#outgoing.flushHeaders()
  }

  /** Writes octets; what it returns resolves when the client can take more, and is undefined when it can now. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#gone || bytes.length === 0) return undefined
    this.#size += bytes.length
    if (this.#outgoing.write(bytes)) return undefined
    return new Promise((resolve) => {
      this.#drained = resolve
    })
  }

  /** Ends an answer that was opened. */
  end(bytes: Uint8Array): void {
    this.#finished = true
    if (this.#gone) return
    this.#size += bytes.length
    this.#outgoing.end(bytes)
  }

  /** A whole answer at once. */
  send(status: number, mediaType: string, body: Uint8Array): void {
    this.#finished = true
    if (this.#gone) return
    this.#size += body.length
    this.#outgoing.writeHead(status, [
      ...this.#headers,
      'content-type',
      mediaType,
      'content-length',
      String(body.length),
    ])
    this.#outgoing.end(body)
  }

  /** Breaks the connection off: what was sent must not look complete. */
  cut(): void {
    this.#outgoing.destroy()
  }

  #leave(): void {
    if (this.#finished || this.#gone) return
    this.#gone = true
    this.#onGone()
  }

  #release(): void {
    this.#drained?.()
    this.#drained = undefined
  }
}
