/** When a Nitro document says that it was made. Its signature vouches for that; other quotes carry no time. @module */
import { MalformedError } from '../../errors.ts'
import { decodeNitroDocument } from '../nitro/index.ts'
import type { EndorsedQuote } from './hardware.ts'

/** Undefined for other platforms, and for a document that does not decode: its verifier says so with a code. */
export function readDocumentTime(quote: EndorsedQuote): Date | undefined {
  if (quote.tee !== 'nitro') return undefined
  try {
    return new Date(decodeNitroDocument(quote.document).timestamp)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
