/** Relays a stream block by block as it comes, and holds back what would make it look finished. @module */
import { concatBytes } from '../../../core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import { EventStreamDigest, type StreamDigest } from '../../../core/receipt/event-stream.ts'
import type { AnswerFacts } from '../../recorder/exchange-facts.ts'
import { EventBlocks } from '../../upstream/event-blocks.ts'
import { inspectBlock } from '../../upstream/event-reading.ts'
import { StreamProgress } from '../../upstream/stream-progress.ts'
import type { UpstreamResponse } from '../../upstream/types.ts'
import { type ApiError, encodeApiError, shuttingDown, upstreamFailed } from '../api-error.ts'
import type { ClientResponse } from '../client-response.ts'
import { readNames } from './answer-reading.ts'
import { errorOfEvent, errorOfFailure } from './upstream-error.ts'

/** How the upstream's part ended. */
export type StreamEnd =
  | { readonly outcome: 'complete' }
  | { readonly outcome: 'client_aborted' }
  | { readonly outcome: 'incomplete' | 'upstream_error'; readonly error: ApiError }

const KEEP_ALIVE: Uint8Array = encodeUtf8(': keep-alive\n\n')
const DONE: Uint8Array = encodeUtf8('data: [DONE]\n\n')
const KEEP_ALIVE_MS = 10_000
const STALL_MS = 60_000

export interface StreamRelayOptions {
  readonly client: ClientResponse
  /** The upstream's; aborted while the client is there, the gateway is shutting down. */
  readonly signal: AbortSignal
  /** Choices that were asked for. */
  readonly choices: number
  /** Octets of one block at most. */
  readonly blockBytes: number
  readonly monotonicMs: () => number
}

export class StreamRelay {
  readonly #client: ClientResponse
  readonly #signal: AbortSignal
  readonly #monotonicMs: () => number
  readonly #blocks: EventBlocks
  readonly #progress: StreamProgress
  readonly #digest: EventStreamDigest = new EventStreamDigest()
  /** Blocks behind the last reason to finish: they leave with the receipt. */
  readonly #held: Uint8Array[] = []
  #names: Pick<AnswerFacts, 'responseId' | 'responseModel'> = {}
  #end: StreamEnd | undefined
  #lastWriteMs: number
  #stalled = false

  constructor({ client, signal, choices, blockBytes, monotonicMs }: StreamRelayOptions) {
    this.#client = client
    this.#signal = signal
    this.#monotonicMs = monotonicMs
    this.#blocks = new EventBlocks(blockBytes)
    this.#progress = new StreamProgress(choices)
    this.#lastWriteMs = monotonicMs()
  }

  get facts(): AnswerFacts {
    const { finishReasons, usage } = this.#progress
    return { ...this.#names, finishReasons: finishReasons.filter((reason) => reason !== null), ...usage }
  }

  /** Reads the upstream to its end, or to the point where nothing more of it counts. */
  async run(response: UpstreamResponse): Promise<StreamEnd> {
    try {
      for await (const chunk of response.body) {
        const full = this.#relay(this.#blocks.push(chunk))
        if (full !== undefined) await this.#drain(full)
        if (this.#client.gone) return { outcome: 'client_aborted' }
        if (this.#end !== undefined) return this.#end
      }
      const { last } = this.#blocks.end()
      if (last !== undefined) this.#relay([last])
    } catch (error) {
      return this.#broken(error)
    }
    return this.#end ?? this.#ended()
  }

  /** The octets that end the stream, before the receipt, and the digest of everything with them. */
  finish(end: StreamEnd): { readonly terminal: Uint8Array; readonly digest: StreamDigest } {
    const terminal = this.#terminal(end)
    this.#digest.update(terminal)
    return { terminal, digest: this.#digest.finish() }
  }

  /** Between blocks at any time: all that is written are whole blocks. */
  beat(nowMs: number): void {
    const silentMs = nowMs - this.#lastWriteMs
    if (this.#stalled) {
      if (silentMs >= STALL_MS) this.#client.cut()
    } else if (silentMs >= KEEP_ALIVE_MS) {
      this.#lastWriteMs = nowMs
      this.#client.write(KEEP_ALIVE)
    }
  }

  /** Writes those blocks that may leave, as one portion. */
  #relay(blocks: readonly Uint8Array[]): Promise<void> | undefined {
    const leaving: Uint8Array[] = []
    for (const block of blocks) if (this.#end === undefined && this.#admits(block)) leaving.push(block)
    const [first] = leaving
    if (first === undefined) return undefined
    const portion = leaving.length === 1 ? first : concatBytes(...leaving)
    this.#digest.update(portion)
    this.#lastWriteMs = this.#monotonicMs()
    return this.#client.write(portion)
  }

  /** Whether a block leaves now. Comments of the upstream never do: one could be taken for our receipt. */
  #admits(block: Uint8Array): boolean {
    const reading = inspectBlock(block)
    const wasFinished = this.#progress.finished
    this.#progress.note(reading)
    switch (reading.kind) {
      case 'comment':
        return false
      case 'done':
        this.#end = this.#ended()
        return false
      case 'invalid':
        this.#end = {
          outcome: 'upstream_error',
          error: upstreamFailed('The model server sent an event that is not JSON.'),
        }
        return false
      case 'error':
        this.#end = { outcome: 'upstream_error', error: errorOfEvent(reading.data) }
        return false
      case 'event':
        // An event without choices breaks clients of this API; there is nothing in it for them.
        if (!Array.isArray(reading.data['choices'])) return false
        if (this.#names.responseId === undefined) this.#names = readNames(reading.data)
        if (wasFinished) this.#held.push(Uint8Array.from(block))
        return !wasFinished
      default:
        return reading satisfies never
    }
  }

  #ended(): StreamEnd {
    if (this.#progress.finished) return { outcome: 'complete' }
    return { outcome: 'incomplete', error: upstreamFailed('The model server ended before the answer did.') }
  }

  #broken(error: unknown): StreamEnd {
    if (this.#client.gone) return { outcome: 'client_aborted' }
    if (this.#signal.aborted) return { outcome: 'incomplete', error: shuttingDown() }
    return { outcome: 'upstream_error', error: errorOfFailure(error) }
  }

  async #drain(full: Promise<void>): Promise<void> {
    this.#stalled = true
    await full
    this.#stalled = false
    this.#lastWriteMs = this.#monotonicMs()
  }

  #terminal(end: StreamEnd): Uint8Array {
    switch (end.outcome) {
      case 'complete':
        return concatBytes(...this.#held, DONE)
      case 'client_aborted':
        return new Uint8Array(0)
      case 'incomplete':
      case 'upstream_error':
        return errorBlock(end.error)
      default:
        return end satisfies never
    }
  }
}

/** An error as SDKs read it within a stream. */
export function errorBlock(error: ApiError): Uint8Array {
  return concatBytes(encodeUtf8('data: '), encodeApiError(error), encodeUtf8('\n\n'))
}
