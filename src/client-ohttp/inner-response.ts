/** An answer that is decrypted while it is read: as fast as the application takes it, and never ended where it was cut off. @module */
import { concatBytes } from '../core/encoding/bytes.ts'
import { ResponseDecoder, type ResponseHead } from '../core/ohttp/binary-http.ts'
import type { ResponseOpener } from '../ohttp/index.ts'
import { refused, refusedBy } from './refused.ts'

/** Statuses whose responses have no content. */
const EMPTY: ReadonlySet<number> = new Set([204, 205, 304])

export class InnerResponse {
  readonly #outer: ReadableStreamDefaultReader<Uint8Array>
  readonly #opener: ResponseOpener
  readonly #signal: AbortSignal | undefined
  readonly #decoder: ResponseDecoder = new ResponseDecoder()
  #ready: Uint8Array[] = []
  #isEnded = false

  /** @param signal of the application: what it aborts is not cut off by somebody else */
  constructor(outer: ReadableStream<Uint8Array>, opener: ResponseOpener, signal: AbortSignal | undefined) {
    this.#outer = outer.getReader()
    this.#opener = opener
    this.#signal = signal
  }

  /** Status and fields. @throws NotVerifiedError E2EE_DECRYPT, E2EE_TRUNCATED, E2EE_FORMAT */
  async head(): Promise<ResponseHead> {
    for (;;) {
      const { head } = this.#decoder
      if (head !== undefined) return head
      if (this.#isEnded) throw refused('E2EE_TRUNCATED', 'the answer ends before its status')
      await this.#step()
    }
  }

  /** Content as it comes; undefined at its authentic end. @throws NotVerifiedError as {@link head} */
  async next(): Promise<Uint8Array | undefined> {
    while (this.#ready.length === 0) {
      if (this.#isEnded) return undefined
      await this.#step()
    }
    const [first] = this.#ready
    const content = this.#ready.length === 1 ? first : concatBytes(...this.#ready)
    this.#ready = []
    return content
  }

  /** All content up to `limit` octets, without taking it: whoever reads on gets it again. Undefined where there is more. */
  async peek(limit: number): Promise<Uint8Array | undefined> {
    let size = 0
    const parts: Uint8Array[] = []
    for (let part = await this.next(); part !== undefined; part = await this.next()) {
      parts.push(part)
      size += part.length
      if (size > limit) break
    }
    this.#ready = parts
    return size > limit ? undefined : concatBytes(...parts)
  }

  /** As the application sees it. */
  async response(): Promise<Response> {
    const { status, headers } = await this.head()
    const init = { status, headers: headersOf(headers) }
    if (!EMPTY.has(status)) return new Response(this.#stream(), init)
    if ((await this.next()) !== undefined) throw refused('E2EE_FORMAT', `an answer of status ${status} has content`)
    return new Response(null, init)
  }

  /** Lets go of the connection. */
  async cancel(reason: unknown): Promise<void> {
    this.#isEnded = true
    await this.#outer.cancel(reason)
  }

  #stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          try {
            const content = await this.next()
            if (content === undefined) controller.close()
            else controller.enqueue(content)
          } catch (error) {
            this.cancel(error).catch(() => undefined)
            throw error
          }
        },
        cancel: (reason) => this.cancel(reason),
      },
      // Nothing is read ahead of the application.
      { highWaterMark: 0 },
    )
  }

  /** Reads once, decrypts what came. */
  async #step(): Promise<void> {
    const read = await this.#read()
    try {
      const content = read.done ? await this.#opener.finish() : await this.#opener.push(read.value)
      for (const part of this.#decoder.push(content)) this.#ready.push(part)
      if (!read.done) return
      // Only now: the final chunk opened, so an end is an end.
      for (const part of this.#decoder.finish()) this.#ready.push(part)
      this.#isEnded = true
    } catch (error) {
      throw refusedBy(error)
    }
  }

  async #read(): ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']> {
    try {
      return await this.#outer.read()
    } catch (error) {
      if (this.#signal?.aborted) throw error
      throw refused('E2EE_TRUNCATED', 'the connection broke within the answer')
    }
  }
}

export function headersOf(fields: ResponseHead['headers']): Headers {
  const headers = new Headers()
  for (const [name, value] of fields) headers.append(name, value)
  return headers
}
