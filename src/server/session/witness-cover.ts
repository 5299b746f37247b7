/** Up to which leaf receipts are witnessed: their quote's own leaf lies below a cosigned checkpoint. wire.md section 5. @module */

interface AppendedQuote {
  /** Of the quoted checkpoint. */
  readonly size: number
  /** Place of the quote's leaf. */
  readonly index: number
}

/** While the witnesses do not answer, quotes pile up; those between two others are not needed to know how far a cosignature reaches. */
const MAX_PENDING = 4_096

export class WitnessCover {
  #pending: AppendedQuote[] = []
  #size = 0

  /** Leaves below it are witnessed. */
  get size(): number {
    return this.#size
  }

  quoteAppended(quote: AppendedQuote): void {
    this.#pending.push(quote)
    if (this.#pending.length > MAX_PENDING) this.#pending = this.#pending.filter((_, i) => i % 2 === 1)
  }

  /** A checkpoint of `size` leaves is cosigned by the quorum. */
  witnessed(size: number): void {
    for (const quote of this.#pending) if (quote.index < size) this.#size = Math.max(this.#size, quote.size)
    this.#pending = this.#pending.filter(({ index }) => index >= size)
  }
}
