/**
 * An event stream on its way to the application: digested while it is read, its last event held back until the receipt has verified.
 * Clients stop reading at `data: [DONE]`, so whoever passes that on before verifying has passed on an unverified answer. @module
 */

import { EventStreamDigest, type StreamDigest } from '../core/receipt/event-stream.ts'
import { CountersignError } from '../errors.ts'
import { HeldTail } from './held-tail.ts'

export interface VerifiedBodyOptions {
  /** Called once at the end with what the stream came to; its rejection errors the stream before its end. */
  readonly verify: (digest: StreamDigest) => Promise<void>
  /** Told why, when the stream ends in any other way than verified. */
  readonly abandon: (reason: unknown) => void
  /** Most octets that are held back. */
  readonly maxHeld: number
  /** Whether a block is the end, beside those of `[DONE]`. */
  readonly mayEnd?: (block: Uint8Array) => boolean
  /** Sees each portion as it comes. The octets go on to the application: whoever keeps them keeps a copy. */
  readonly tap?: (octets: Uint8Array) => void
}

export function verifiedEventBody(
  source: ReadableStream<Uint8Array>,
  { verify, abandon, maxHeld, mayEnd, tap }: VerifiedBodyOptions,
): ReadableStream<Uint8Array> {
  const reader = source.getReader()
  const tail = new HeldTail(maxHeld, mayEnd)
  const digest = new EventStreamDigest((end) => tail.blockEnd(end))

  async function pass(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) {
          await verify(digest.finish())
          const rest = tail.rest()
          if (rest.length > 0) controller.enqueue(rest)
          controller.close()
          return
        }
        tap?.(value)
        tail.begin(value)
        digest.update(value)
        const ready = tail.take()
        if (ready.length > 0) {
          controller.enqueue(ready)
          return
        }
      }
    } catch (error) {
      abandon(error)
      reader.cancel(error).catch(() => undefined)
      throw error
    }
  }

  return new ReadableStream<Uint8Array>({
    pull: pass,
    cancel(reason) {
      abandon(new CountersignError('ERR_USAGE', 'the stream was cancelled before its receipt came'))
      return reader.cancel(reason)
    },
  })
}
