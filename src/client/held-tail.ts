/**
 * What of an event stream may be passed on before its receipt has verified: whole blocks, up to the one that a reader takes for the end.
 * The host writes every octet, so the end is recognised in each spelling that some reader accepts. @module
 */

import { concatBytes, part } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { CountersignError } from '../errors.ts'

const OPENING = 0x5b
const DONE = encodeUtf8('[DONE]')
const NOTHING = new Uint8Array(0)

/**
 * Readers differ in what ends a line: beside CR and LF some take form feeds, U+0085, U+2028 and the like for it, in UTF-8 or in Latin-1,
 * and some trim lines or do without the name of the field. So whatever is not printable ASCII may stand before the end.
 */
const SOME_END = /(?:^|[^\x20-\x7e]) *(?:data *: *)?\[DONE\]/
const octetByOctet = /* @__PURE__ */ new TextDecoder('windows-1252')

/** Whether some reader takes a line within this block for the end. Other fields, comments and empty data do not keep it from that. */
function mayBeDone(block: Uint8Array): boolean {
  for (let at = block.indexOf(OPENING); at >= 0; at = block.indexOf(OPENING, at + 1))
    if (block[at + 1] === DONE[1] && DONE.every((octet, i) => block[at + i] === octet))
      return SOME_END.test(octetByOctet.decode(block))
  return false
}

/** Call {@link begin} for each portion, {@link blockEnd} for each block that ends in it, then {@link take}. */
export class HeldTail {
  readonly #limit: number
  readonly #mayEnd: (block: Uint8Array) => boolean
  /** Octets of earlier portions, the beginning of a block. With room to grow. */
  #held: Uint8Array = NOTHING
  #size = 0
  #portion: Uint8Array = NOTHING
  /** Where the block that is being read begins in the portion, and up to where may be passed on: what is held goes before either. */
  #from = 0
  #passes = false
  #ended = false

  /**
   * @param limit most octets that are held: a host can send a block that never ends
   * @param mayEnd whether a block, whole, is the end of a stream of another kind
   */
  constructor(limit: number, mayEnd: (block: Uint8Array) => boolean = () => false) {
    this.#limit = limit
    this.#mayEnd = mayEnd
  }

  begin(portion: Uint8Array): void {
    this.#portion = portion
    this.#from = 0
    this.#passes = false
  }

  /** @param end in the portion; 0 where only now it is known that what is held was a whole block */
  blockEnd(end: number): void {
    if (this.#ended) return
    const here = part(this.#portion, this.#from, end)
    const block = this.#size > 0 && !this.#passes ? concatBytes(this.#held.subarray(0, this.#size), here) : here
    if (mayBeDone(block) || this.#mayEnd(block)) this.#ended = true
    else {
      this.#from = end
      this.#passes = true
    }
  }

  /** Octets that may go on now. @throws CountersignError ERR_NETWORK when more would be held than the limit */
  take(): Uint8Array {
    const ready = this.#passes ? this.#upTo(this.#from) : NOTHING
    if (this.#from < this.#portion.length) this.#hold(part(this.#portion, this.#from, this.#portion.length))
    this.#portion = NOTHING
    return ready
  }

  /** All that is still held. */
  rest(): Uint8Array {
    return this.#upTo(0)
  }

  /** Mostly a portion is one whole block, and goes on as it is. */
  #upTo(end: number): Uint8Array {
    const here = part(this.#portion, 0, end)
    const whole = this.#size === 0 ? here : concatBytes(this.#held.subarray(0, this.#size), here)
    this.#size = 0
    return whole
  }

  // The room doubles: appending to a copy for each portion would let a long block cost the square of its length.
  #hold(octets: Uint8Array): void {
    const size = this.#size + octets.length
    if (size > this.#limit)
      throw new CountersignError('ERR_NETWORK', `the gateway sent a block of more than ${this.#limit} octets`)
    if (size > this.#held.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#held.length))
      larger.set(this.#held.subarray(0, this.#size))
      this.#held = larger
    }
    this.#held.set(octets, this.#size)
    this.#size = size
  }
}
