/** Relays a stream block by block as it comes, and holds back what would make it look finished. @module */
import { concatBytes } from '../../../core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import { EventStreamDigest, type StreamDigest } from '../../../core/receipt/event-stream.ts'
import { EventBlocks } from '../../upstream/event-blocks.ts'
import { inspectBlock } from '../../upstream/event-reading.ts'
import type { UpstreamResponse } from '../../upstream/types.ts'
import { shuttingDown } from '../api-error.ts'
import type { ClientResponse } from '../client-response.ts'
import type { StreamEnd, StreamFollower } from './operation.ts'
import { errorOfFailure } from './upstream-error.ts'

const KEEP_ALIVE: Uint8Array = encodeUtf8(': keep-alive\n\n')
const KEEP_ALIVE_MS = 10_000
const STALL_MS = 60_000

export interface StreamRelayOptions {
  readonly client: ClientResponse
  /** The upstream's; aborted while the client is there, the gateway is shutting down. */
  readonly signal: AbortSignal
  /** Knows the API: what each block means, and when the answer is whole. */
  readonly follower: StreamFollower
  /** Octets of one block at most. */
  readonly blockBytes: number
  readonly monotonicMs: () => number
}

export class StreamRelay {
  readonly #client: ClientResponse
  readonly #signal: AbortSignal
  readonly #monotonicMs: () => number
  readonly #blocks: EventBlocks
  readonly #follower: StreamFollower
  readonly #digest: EventStreamDigest = new EventStreamDigest()
  /** Blocks that would make the answer look whole: they leave with the receipt. */
  readonly #held: Uint8Array[] = []
  #end: StreamEnd | undefined
  #lastWriteMs: number
  #stalled = false

  constructor({ client, signal, follower, blockBytes, monotonicMs }: StreamRelayOptions) {
    this.#client = client
    this.#signal = signal
    this.#monotonicMs = monotonicMs
    this.#blocks = new EventBlocks(blockBytes)
    this.#follower = follower
    this.#lastWriteMs = monotonicMs()
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
    return this.#end ?? this.#follower.closed()
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

  /** Whether a block leaves now. */
  #admits(block: Uint8Array): boolean {
    const { leaves, end } = this.#follower.take(inspectBlock(block))
    if (end !== undefined) this.#end = end
    if (leaves === 'held') this.#held.push(Uint8Array.from(block))
    return leaves === 'now'
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
        return concatBytes(...this.#held, this.#follower.terminator)
      case 'client_aborted':
        return new Uint8Array(0)
      case 'incomplete':
      case 'upstream_error':
        return end.error === 'said' ? concatBytes(...this.#held) : this.#follower.errorBlock(end.error)
      default:
        return end satisfies never
    }
  }
}
