/** CBOR items with their places, put together from the reads of the decoder: what it took for a head, an argument, a content. @module */
import { encodeHex } from '../../core/encoding/bytes.ts'
import type { RecordedRead } from '../../core/encoding/recording.ts'
import type { Item } from './item.ts'

/** One item that the decoder finished, or as much of it as it read. */
export interface CborTree {
  readonly item: Item
  /** Reads that are not of this item. */
  readonly rest: readonly RecordedRead[]
}

const SIMPLE: Readonly<Record<number, string>> = { 20: 'false', 21: 'true', 22: 'null' }
const INDEFINITE = 31
const BREAK = 'CBOR break'

/** @param reads those of `decodeCbor` first */
export function drawCbor(octets: Uint8Array, reads: readonly RecordedRead[], name: string): CborTree | undefined {
  const cursor = new Cursor(octets, reads)
  const item = cursor.item(name)
  return item && { item, rest: cursor.rest() }
}

class Cursor {
  readonly #octets: Uint8Array
  readonly #reads: readonly RecordedRead[]
  #at = 0

  constructor(octets: Uint8Array, reads: readonly RecordedRead[]) {
    this.#octets = octets
    this.#reads = reads
  }

  rest(): readonly RecordedRead[] {
    return this.#reads.slice(this.#at)
  }

  /** undefined where the reads end. */
  item(name: string): Item | undefined {
    const head = this.#next()
    if (head === undefined) return undefined
    const octet = this.#octets[head.offset] ?? 0
    const info = octet & 0x1f
    const major = octet >> 5
    const argument = info >= 24 && info <= 27 ? this.#number(this.#next()) : BigInt(info)
    const content = this.#content(major, info, argument)
    const last = this.#reads[this.#at - 1] ?? head
    const end = Math.min(this.#octets.length, last.offset + last.length)
    return { name, offset: head.offset, length: end - head.offset, ...content }
  }

  #content(major: number, info: number, argument: bigint): Pick<Item, 'value' | 'items'> {
    switch (major) {
      case 0:
        return { value: String(argument) }
      case 1:
        return { value: String(-1n - argument) }
      case 2:
        return { value: encodeHex(this.#octetsOf(this.#next())) }
      case 3:
        return { value: new TextDecoder().decode(this.#octetsOf(this.#next())) }
      case 4:
        return { value: `array of ${argument}`, items: this.#elements(argument) }
      case 5:
        return {
          value: info === INDEFINITE ? 'map of indefinite length' : `map of ${argument}`,
          items: this.#entries(info === INDEFINITE ? undefined : argument),
        }
      default:
        return { value: SIMPLE[info] ?? 'a tag, float or unknown simple value' }
    }
  }

  #elements(count: bigint): readonly Item[] {
    const items: Item[] = []
    while (items.length < count) {
      const item = this.item(`[${items.length}]`)
      if (item === undefined) break
      items.push(item)
    }
    return items
  }

  /** Each by its key; the place is that of the value. */
  #entries(count: bigint | undefined): readonly Item[] {
    const items: Item[] = []
    while (count === undefined || items.length < count) {
      if (count === undefined && this.#reads[this.#at]?.field === BREAK) {
        this.#at++
        break
      }
      const key = this.item('key')
      const value = key && this.item(key.value ?? '')
      if (value === undefined) break
      items.push(value)
    }
    return items
  }

  #next(): RecordedRead | undefined {
    const read = this.#reads[this.#at]
    if (read) this.#at++
    return read
  }

  #octetsOf(read: RecordedRead | undefined): Uint8Array {
    return read === undefined ? new Uint8Array() : this.#octets.subarray(read.offset, read.offset + read.length)
  }

  #number(read: RecordedRead | undefined): bigint {
    const digits = encodeHex(this.#octetsOf(read))
    return digits === '' ? 0n : BigInt(`0x${digits}`)
  }
}
