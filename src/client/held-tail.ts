/**
 * What of an event stream may be passed on before its receipt has verified: whole blocks, up to the one that a reader takes for the end.
 * The host writes every octet, so the end is recognised in each spelling that some reader accepts. @module
 */

import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { EventLines } from '../core/receipt/event-lines.ts'
import { CountersignError } from '../errors.ts'

const OPENING = 0x5b
const DONE = encodeUtf8('[DONE]')

/**
 * Readers differ in what ends a line: beside CR and LF some take form feeds, U+0085, U+2028 and the like for it, in UTF-8 or in Latin-1,
 * and some trim lines or do without the name of the field. So whatever is not printable ASCII may stand before the end.
 */
const SOME_END = /(?:^|[^\x20-\x7e]) *(?:data *: *)?\[DONE\]/
const octetByOctet = /* @__PURE__ */ new TextDecoder('windows-1252')

/** Whether some reader takes a line within this block for the end. Other fields, comments and empty data do not keep it from that. */
function mayBeDone(block: Uint8Array): boolean {
  for (let at = block.indexOf(OPENING); at >= 0; at = block.indexOf(OPENING, at + 1))
    if (DONE.every((octet, i) => block[at + i] === octet)) return SOME_END.test(octetByOctet.decode(block))
  return false
}

export class HeldTail {
  readonly #lines: EventLines = new EventLines()
  readonly #limit: number
  readonly #mayEnd: (block: Uint8Array) => boolean
  #octets: Uint8Array = new Uint8Array(0)
  #size = 0
  #ended = false

  /**
   * @param limit most octets that are held: a host can send a block that never ends
   * @param mayEnd whether a block, whole, is the end of a stream of another kind
   */
  constructor(limit: number, mayEnd: (block: Uint8Array) => boolean = () => false) {
    this.#limit = limit
    this.#mayEnd = mayEnd
  }

  /** Octets that may go on now. @throws CountersignError ERR_NETWORK when more would be held than the limit */
  push(chunk: Uint8Array): Uint8Array {
    const before = this.#size
    let passTo = 0
    this.#append(chunk)
    this.#lines.scan(chunk, {
      content: () => false,
      lineEnd: (blank, _clean, end) => {
        if (!blank || this.#ended) return
        // What was held before this portion belongs to its first block.
        const block = this.#octets.subarray(passTo, before + end)
        if (mayBeDone(block) || this.#mayEnd(block)) this.#ended = true
        else passTo = before + end
      },
    })
    const ready = this.#take(passTo)
    if (this.#size > this.#limit)
      throw new CountersignError('ERR_NETWORK', `the gateway sent a block of more than ${this.#limit} octets`)
    return ready
  }

  /** All that is still held. */
  rest(): Uint8Array {
    return this.#take(this.#size)
  }

  // The buffer doubles: appending to a copy for each chunk would let a long block cost the square of its length.
  #append(chunk: Uint8Array): void {
    const size = this.#size + chunk.length
    if (size > this.#octets.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#octets.length))
      larger.set(this.#octets.subarray(0, this.#size))
      this.#octets = larger
    }
    this.#octets.set(chunk, this.#size)
    this.#size = size
  }

  #take(count: number): Uint8Array {
    const taken = this.#octets.slice(0, count)
    if (count > 0) this.#octets.copyWithin(0, count, this.#size)
    this.#size -= count
    return taken
  }
}
