/** What a quote brings along of its own, and the octets by which the log knows it. @module */
import { decodeSnpEndorsements } from '../snp/index.ts'
import { trimTdxQuote } from '../tdx/index.ts'
import type { EndorsedQuote } from './hardware.ts'
import type { Quote } from './quoter.ts'

/**
 * @returns the quote with the endorsements that it carries; TDX collateral comes from elsewhere
 * @throws MalformedError as {@link decodeSnpEndorsements}
 */
export function endorseFromQuote(quote: Quote): EndorsedQuote {
  switch (quote.tee) {
    case 'snp':
      return { ...quote, endorsements: decodeSnpEndorsements(quote.auxblob) }
    case 'tdx':
      return { ...quote, endorsements: undefined }
    case 'nitro':
      return quote
    default:
      return quote satisfies never
  }
}

/**
 * The quote alone with its signature, as a log entry hashes it: never a wrapper, never padding. formats.md, Log.
 * @throws MalformedError when a TDX quote does not say where it ends
 */
export function quoteOctets(quote: Quote): Uint8Array {
  switch (quote.tee) {
    case 'snp':
      return quote.report
    case 'tdx':
      return trimTdxQuote(quote.quote)
    case 'nitro':
      return quote.document
    default:
      return quote satisfies never
  }
}
