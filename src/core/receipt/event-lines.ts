/** Lines and blocks of a server-sent event stream (HTML, section 9.2.5), octet by octet, whatever the chunk boundaries. @module */

const LF = 0x0a
const CR = 0x0d

/** What a scan reports. Indexes are into the portion that is being scanned. */
export interface LineVisitor {
  /** An octet that is not part of a line end. */
  content(byte: number, index: number, startsLine: boolean, startsBlock: boolean): void
  /**
   * A line has ended before `end`. `blank`: it was empty, so the block ends here too. `clean`: by LF or CRLF.
   * A lone CR is known only when the next octet is there; `end` then is where that octet stands.
   */
  lineEnd(blank: boolean, clean: boolean, end: number): void
}

export class EventLines {
  #lineLength = 0
  #linesInBlock = 0
  #afterCr = false

  scan(bytes: Uint8Array, visitor: LineVisitor): void {
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0
      if (this.#afterCr) {
        this.#afterCr = false
        if (byte === LF) {
          this.#endLine(visitor, true, i + 1)
          continue
        }
        this.#endLine(visitor, false, i)
      }
      if (byte === CR) this.#afterCr = true
      else if (byte === LF) this.#endLine(visitor, true, i + 1)
      else {
        visitor.content(byte, i, this.#lineLength === 0, this.#lineLength === 0 && this.#linesInBlock === 0)
        this.#lineLength++
      }
    }
  }

  #endLine(visitor: LineVisitor, clean: boolean, end: number): void {
    const blank = this.#lineLength === 0
    this.#lineLength = 0
    this.#linesInBlock = blank ? 0 : this.#linesInBlock + 1
    visitor.lineEnd(blank, clean, end)
  }
}
