/** Cuts a server-sent event stream into whole blocks, exact octets, whatever the chunk boundaries. @module */
import { concatBytes } from '../../core/encoding/bytes.ts'
import { EventLines, type LineVisitor } from '../../core/receipt/event-lines.ts'
import { UpstreamFailure } from './upstream-failure.ts'

/** How a stream ended. */
export interface BlocksEnd {
  /** The last block, where only the end of the stream shows that a carriage return was its last octet. */
  readonly last: Uint8Array | undefined
  /** Octets of an unterminated rest, which is not handed out. */
  readonly dropped: number
}

/** Holds at most one unfinished block. A block is a run of lines with the blank line that ends it. */
export class EventBlocks implements LineVisitor {
  readonly #limit: number
  readonly #lines: EventLines = new EventLines()
  #held: Uint8Array[] = []
  #heldSize = 0
  #ends: number[] = []

  /** @param limit octets of one block at most */
  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * The blocks that end in this chunk. They share memory with it: write them out, or copy them, before the chunk is used again.
   * @throws UpstreamFailure `too-large` for a block beyond the limit; call nothing after that
   */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#ends = []
    this.#lines.scan(chunk, this)
    const blocks: Uint8Array[] = []
    let from = 0
    for (const end of this.#ends) {
      blocks.push(this.#complete(chunk.subarray(from, end)))
      from = end
    }
    const rest = chunk.subarray(from)
    if (rest.length > 0) {
      this.#demand(this.#heldSize + rest.length)
      // A copy (`slice` of a Buffer is none): what is held outlives the chunk, which may be a small part of a large one.
      this.#held.push(new Uint8Array(rest))
      this.#heldSize += rest.length
    }
    return blocks
  }

  end(): BlocksEnd {
    this.#ends = []
    // After the end nothing can follow a carriage return, so any other octet settles what it was.
    this.#lines.scan(Uint8Array.of(0x20), this)
    if (this.#ends.length > 0) return { last: this.#complete(new Uint8Array(0)), dropped: 0 }
    return { last: undefined, dropped: this.#heldSize }
  }

  content(): void {}

  lineEnd(blank: boolean, _: boolean, end: number): void {
    if (blank) this.#ends.push(end)
  }

  #complete(tail: Uint8Array): Uint8Array {
    this.#demand(this.#heldSize + tail.length)
    const block = this.#held.length === 0 ? tail : concatBytes(...this.#held, tail)
    this.#held = []
    this.#heldSize = 0
    return block
  }

  #demand(size: number): void {
    if (size > this.#limit)
      throw new UpstreamFailure('too-large', `an event of the upstream is larger than ${this.#limit} octets`)
  }
}
