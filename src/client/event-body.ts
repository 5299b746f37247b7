/**
 * An event stream on its way to the application: digested while it is read, its last event held back until the receipt has verified.
 * Clients stop reading at `data: [DONE]`, so whoever passes that on before verifying has passed on an unverified answer. @module
 */

import { concatBytes, sameBytes } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { EventLines } from '../core/receipt/event-lines.ts'
import { EventStreamDigest, type StreamDigest } from '../core/receipt/event-stream.ts'

const TERMINAL = encodeUtf8('data: [DONE]')
const EMPTY: Uint8Array = new Uint8Array(0)

/** Splits off what may be passed on: everything before the block that begins with `data: [DONE]`, in whole blocks. */
class HeldTail {
  readonly #lines: EventLines = new EventLines()
  #rest: Uint8Array = EMPTY
  #terminal = false

  /** Octets that may go on now. */
  push(chunk: Uint8Array): Uint8Array {
    if (this.#terminal) {
      this.#rest = concatBytes(this.#rest, chunk)
      return EMPTY
    }
    const before = this.#rest.length
    const held = concatBytes(this.#rest, chunk)
    let blockStart = 0
    let terminalAt = -1
    const close = (end: number): void => {
      if (terminalAt < 0 && isTerminal(held.subarray(blockStart, end))) terminalAt = blockStart
      blockStart = end
    }
    this.#lines.scan(chunk, {
      content: () => undefined,
      lineEnd: (blank, _clean, end) => {
        if (blank) close(before + end)
      },
    })
    const passTo = terminalAt >= 0 ? terminalAt : blockStart
    this.#terminal = terminalAt >= 0
    this.#rest = held.slice(passTo)
    return held.subarray(0, passTo)
  }

  /** What is still held. */
  rest(): Uint8Array {
    return this.#rest
  }
}

function isTerminal(block: Uint8Array): boolean {
  return block.length >= TERMINAL.length && sameBytes(block.subarray(0, TERMINAL.length), TERMINAL)
}

/**
 * @param verify called once at the end with what the stream came to; its rejection errors the stream before its end
 */
export function verifiedEventBody(
  source: ReadableStream<Uint8Array>,
  verify: (digest: StreamDigest) => Promise<void>,
): ReadableStream<Uint8Array> {
  const reader = source.getReader()
  const digest = new EventStreamDigest()
  const tail = new HeldTail()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) {
          await verify(digest.finish())
          const rest = tail.rest()
          if (rest.length > 0) controller.enqueue(rest)
          controller.close()
          return
        }
        digest.update(value)
        const ready = tail.push(value)
        if (ready.length > 0) {
          controller.enqueue(ready.slice())
          return
        }
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
