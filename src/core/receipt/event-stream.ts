/**
 * Digest of a server-sent event stream over its covered octets, whatever the chunk boundaries. wire.md section 2.
 *
 * A block is a run of lines with its blank line. It is uncovered only if it has at least one line and each line is ':' followed by
 * octets 0x20-0x7E, ended by LF or CRLF, the blank line too: keep-alives, and the receipt itself. All else is covered.
 * An unterminated rest is covered unless it is a prefix of an uncovered block. @module
 */
import { createHasher, type Hasher } from '../crypto/index.ts'
import { concatBytes, encodeHex, part } from '../encoding/bytes.ts'
import { decodeUtf8 } from '../encoding/utf8.ts'
import { EventLines, type LineVisitor } from './event-lines.ts'

const COLON = 0x3a
/** A receipt token is at most 64 KiB; of longer comments nothing is kept. */
const MAX_KEPT = 64 * 1024 + 64
const RECEIPT_COMMENT = /^: receipt ([\x21-\x7e]+)\r?\n\r?\n$/

/** What a stream came to. */
export interface StreamDigest {
  /** `sha256:` of the covered octets. */
  readonly digest: string
  /** Count of the covered octets. */
  readonly size: number
  /** The token of the last receipt comment. */
  readonly receipt?: string
}

/** Digest and count as they were before the comment block that is being read, and the block so far. */
interface OpenComment {
  readonly hasher: Hasher
  readonly size: number
  kept: Uint8Array
}

function isPrintable(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0
    if (byte < 0x20 || byte > 0x7e) return false
  }
  return true
}

/** Digests a stream while it is forwarded; nothing but one comment block of bounded size is kept. */
export class EventStreamDigest implements LineVisitor {
  readonly #lines: EventLines = new EventLines()
  #hasher: Hasher = createHasher('sha256')
  #size = 0
  #comment: OpenComment | undefined
  #receipt: string | undefined
  #portion: Uint8Array = new Uint8Array(0)
  #from = 0
  readonly #onBlockEnd: (end: number) => void

  /** @param onBlockEnd told where in the portion at hand a block ends, covered or not: see {@link LineVisitor.lineEnd} */
  constructor(onBlockEnd: (end: number) => void = () => undefined) {
    this.#onBlockEnd = onBlockEnd
  }

  /** The next octets of the stream, in any portions. */
  update(bytes: Uint8Array): void {
    this.#portion = bytes
    this.#from = 0
    this.#lines.scan(bytes, this)
    this.#absorb(bytes.length)
  }

  /** Ends the stream. Call once. */
  finish(): StreamDigest {
    if (this.#comment !== undefined) this.#takeBack(this.#comment)
    const digest = `sha256:${encodeHex(this.#hasher.digest())}`
    return { digest, size: this.#size, ...(this.#receipt === undefined ? {} : { receipt: this.#receipt }) }
  }

  content(from: number, to: number, startsLine: boolean, startsBlock: boolean): void {
    const opensComment = startsLine && this.#portion[from] === COLON
    if (startsBlock && opensComment) {
      this.#absorb(from)
      this.#comment = { hasher: this.#hasher.copy(), size: this.#size, kept: new Uint8Array(0) }
    }
    if (this.#comment === undefined) return
    if ((startsLine && !opensComment) || !isPrintable(this.#portion, startsLine ? from + 1 : from, to))
      this.#comment = undefined
  }

  lineEnd(blank: boolean, clean: boolean, end: number): void {
    if (!clean) this.#comment = undefined
    if (!blank) return
    this.#onBlockEnd(end)
    if (this.#comment === undefined) return
    this.#absorb(end)
    // Comments are ASCII. Not by spreading the octets: some engines refuse so many arguments, and the host chooses how many.
    const text = decodeUtf8(this.#comment.kept.subarray(0, MAX_KEPT))
    this.#receipt = RECEIPT_COMMENT.exec(text)?.[1] ?? this.#receipt
    this.#takeBack(this.#comment)
  }

  #takeBack({ hasher, size }: OpenComment): void {
    this.#hasher = hasher
    this.#size = size
    this.#comment = undefined
  }

  #absorb(to: number): void {
    if (to === this.#from) return
    const octets = part(this.#portion, this.#from, to)
    this.#from = to
    this.#hasher.update(octets)
    this.#size += octets.length
    if (this.#comment !== undefined && this.#comment.kept.length <= MAX_KEPT)
      this.#comment.kept = concatBytes(this.#comment.kept, octets.subarray(0, MAX_KEPT + 1))
  }
}
