/** What a quote commits to, read before anything is verified: only to name a quote that was made for another purpose. @module */
import { MalformedError } from '../../errors.ts'
import { sha256, sha512 } from '../crypto/index.ts'
import { concatBytes, sameBytes } from '../encoding/bytes.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { decodeNitroDocument, type NitroDocument } from '../nitro/index.ts'
import { decodeSnpReport } from '../snp/index.ts'
import { decodeTdxQuote } from '../tdx/index.ts'
import type { EndorsedQuote } from './hardware.ts'
import { STATEMENT_PROFILE } from './statement.ts'

function userDataOf({ userData }: NitroDocument): Uint8Array | undefined {
  return userData === 'absent' ? undefined : userData
}

function readReportData(quote: EndorsedQuote): Uint8Array | undefined {
  switch (quote.tee) {
    case 'snp':
      return decodeSnpReport(quote.report).reportData
    case 'tdx':
      return decodeTdxQuote(quote.quote).body.reportData
    case 'nitro':
      return userDataOf(decodeNitroDocument(quote.document))
    default:
      return quote satisfies never
  }
}

/** Undefined for a quote that does not decode: its verifier refuses it by name. */
function reportDataOf(quote: EndorsedQuote): Uint8Array | undefined {
  try {
    return readReportData(quote)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/**
 * Whether a quote commits to the statement's octets without the tag that says what for: another program on the same machine, or another
 * version of this one, could be made to quote them.
 */
export function isUntagged(quote: EndorsedQuote, statement: Uint8Array): boolean {
  const reportData = reportDataOf(quote)
  if (reportData === undefined) return false
  const tag = encodeUtf8(STATEMENT_PROFILE)
  const padding = new Uint8Array(32)
  return [
    sha512(statement),
    // Where tag and content are not told apart, another tag with other content could have the same hash.
    sha512(tag, statement),
    concatBytes(sha256(statement), padding),
    concatBytes(padding, sha256(statement)),
  ].some((untagged) => sameBytes(untagged, reportData))
}
