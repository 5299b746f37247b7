/** Lines and blocks of a server-sent event stream (HTML, section 9.2.5), whatever the chunk boundaries. @module */

const LF = 0x0a
const CR = 0x0d

/** What a scan reports. Indexes are into the portion that is being scanned. */
export interface LineVisitor {
  /**
   * An octet that is not part of a line end. Of a line that begins every one is reported, until the visitor wants no more of it in this
   * portion: lines are long, and most say with their first octets all that matters.
   * @returns whether the next octet of this line is wanted
   */
  content(byte: number, index: number, startsLine: boolean, startsBlock: boolean): boolean
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
        const isWanted = visitor.content(byte, i, !this.#inLine, !this.#inLine && this.#linesInBlock === 0)
        this.#inLine = true
        if (isWanted) continue
        // Each is looked for again only once it was passed: of lines that all end by the other, each would search the whole rest.
        if (lf >= 0 && lf < i) lf = bytes.indexOf(LF, i)
        if (cr >= 0 && cr < i) cr = bytes.indexOf(CR, i)
        const end = cr >= 0 && (lf < 0 || cr < lf) ? cr : lf
        i = (end < 0 ? bytes.length : end) - 1
      }
    }
  }

  #endLine(visitor: LineVisitor, clean: boolean, end: number): void {
    const blank = !this.#inLine
    this.#inLine = false
    this.#linesInBlock = blank ? 0 : this.#linesInBlock + 1
    visitor.lineEnd(blank, clean, end)
  }
}
