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
  /** Octets of one block at most. */
  readonly blockBytes: number
  readonly monotonicMs: () => number
}

export class StreamRelay {
  readonly #client: ClientResponse
  readonly #signal: AbortSignal
  readonly #monotonicMs: () => number
  readonly #blockBytes: number
  readonly #digest: EventStreamDigest = new EventStreamDigest()
  /** Blocks that would make the answer look whole: they leave with the receipt. */
  #held: Uint8Array[] = []
  #end: StreamEnd | undefined
  #lastWriteMs: number
  #stalled = false

  constructor({ client, signal, blockBytes, monotonicMs }: StreamRelayOptions) {
    this.#client = client
    this.#signal = signal
    this.#monotonicMs = monotonicMs
    this.#blockBytes = blockBytes
    this.#lastWriteMs = monotonicMs()
  }

  /**
   * Reads an upstream to its end, or to the point where nothing more of it counts. What was held of one before is dropped: it was a step.
   * @param follower knows the API: what each block means, and when the answer is whole
   */
  async run({ body }: UpstreamResponse, follower: StreamFollower): Promise<StreamEnd> {
    this.#held = []
    this.#end = undefined
    const blocks = new EventBlocks(this.#blockBytes)
    try {
      for await (const chunk of body) {
        const full = this.#relay(blocks.push(chunk), follower)
        if (full !== undefined) await this.#drain(full)
        if (this.#client.gone) return { outcome: 'client_aborted' }
        if (this.#end !== undefined) return this.#end
      }
      const { last } = blocks.end()
      if (last !== undefined) this.#relay([last], follower)
    } catch (error) {
      return this.broken(error)
    }
    return this.#end ?? follower.closed()
  }

  /** How a stream ends whose upstream failed, or that was cut. */
  broken(error: unknown): StreamEnd {
    if (this.#client.gone) return { outcome: 'client_aborted' }
    if (this.#signal.aborted) return { outcome: 'incomplete', error: shuttingDown() }
    return { outcome: 'upstream_error', error: errorOfFailure(error) }
  }

  /** The octets that end the stream, before the receipt, and the digest of everything with them. */
  finish(end: StreamEnd, follower: StreamFollower): { readonly terminal: Uint8Array; readonly digest: StreamDigest } {
    const terminal = this.#terminal(end, follower)
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
  #relay(blocks: readonly Uint8Array[], follower: StreamFollower): Promise<void> | undefined {
    const leaving: Uint8Array[] = []
    for (const block of blocks) if (this.#end === undefined) this.#admit(block, { leaving, follower })
    const [first] = leaving
    if (first === undefined) return undefined
    const portion = leaving.length === 1 ? first : concatBytes(...leaving)
    this.#digest.update(portion)
    this.#lastWriteMs = this.#monotonicMs()
    return this.#client.write(portion)
  }

  #admit(
    block: Uint8Array,
    { leaving, follower }: { readonly leaving: Uint8Array[]; readonly follower: StreamFollower },
  ): void {
    const { leaves, end } = follower.take(inspectBlock(block))
    if (end !== undefined) this.#end = end
    if (leaves === 'held') this.#held.push(Uint8Array.from(block))
    if (leaves === 'with-held') leaving.push(...this.#held.splice(0), block)
    if (leaves === 'now') leaving.push(block)
  }

  async #drain(full: Promise<void>): Promise<void> {
    this.#stalled = true
    await full
    this.#stalled = false
    this.#lastWriteMs = this.#monotonicMs()
  }

  #terminal(end: StreamEnd, follower: StreamFollower): Uint8Array {
    switch (end.outcome) {
      case 'complete':
        return concatBytes(...this.#held, follower.terminator)
      case 'client_aborted':
        return new Uint8Array(0)
      case 'incomplete':
      case 'upstream_error':
        return end.error === 'said' ? concatBytes(...this.#held) : follower.errorBlock(end.error)
      default:
        return end satisfies never
    }
  }
}
