/** Lines and blocks of a server-sent event stream (HTML, section 9.2.5), whatever the chunk boundaries. @module */

const LF = 0x0a
const CR = 0x0d

/** What a scan reports. Indexes are into the portion that is being scanned. */
export interface LineVisitor {
  /** Octets of one line, `from` to `to`, that are not part of its end: all of them, or as many as this portion holds. */
  content(from: number, to: number, startsLine: boolean, startsBlock: boolean): void
  /**
   * A line has ended before `end`. `blank`: it was empty, so the block ends here too. `clean`: by LF or CRLF.
   * A lone CR is known only when the next octet is there; `end` then is where that octet stands.
   */
  lineEnd(blank: boolean, clean: boolean, end: number): void
}

export class EventLines {
  #inLine = false
  #linesInBlock = 0
  #afterCr = false

  scan(bytes: Uint8Array, visitor: LineVisitor): void {
    let cr = bytes.indexOf(CR)
    let lf = bytes.indexOf(LF)
    for (let from = 0; from < bytes.length; ) {
      if (this.#afterCr) {
        this.#afterCr = false
        const isPair = bytes[from] === LF
        if (isPair) from++
        this.#endLine(visitor, isPair, from)
        if (isPair) continue
      }
      // Each is looked for again only once it was passed: of lines that all end by the other, each would search the whole rest.
      if (lf >= 0 && lf < from) lf = bytes.indexOf(LF, from)
      if (cr >= 0 && cr < from) cr = bytes.indexOf(CR, from)
      const isCr = cr >= 0 && (lf < 0 || cr < lf)
      const found = isCr ? cr : lf
      const to = found < 0 ? bytes.length : found
      if (to > from) {
        visitor.content(from, to, !this.#inLine, !this.#inLine && this.#linesInBlock === 0)
        this.#inLine = true
      }
      if (isCr) this.#afterCr = true
      else if (found >= 0) this.#endLine(visitor, true, to + 1)
      from = to + 1
    }
  }

  #endLine(visitor: LineVisitor, clean: boolean, end: number): void {
    const blank = !this.#inLine
    this.#inLine = false
    this.#linesInBlock = blank ? 0 : this.#linesInBlock + 1
    visitor.lineEnd(blank, clean, end)
  }
}
