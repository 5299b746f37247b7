/** What a quote says of the code, without judging who signed it: for comparing and showing, never for trusting. @module */
import { encodeHex } from '../encoding/bytes.ts'
import type { Measurements } from '../measurement/measurements.ts'
import { decodeNitroDocument, nitroMeasurements } from '../nitro/index.ts'
import { decodeSnpReport } from '../snp/index.ts'
import { decodeTdxQuote, tdxMeasurements } from '../tdx/index.ts'
import type { Quote } from './quoter.ts'

/** Whoever wrote the quote chose these registers. @throws MalformedError when it does not decode */
export function measureQuote(quote: Quote): Measurements {
  switch (quote.tee) {
    case 'snp':
      return {
        platform: 'snp',
        measurements: { measurement: encodeHex(decodeSnpReport(quote.report).measurement) },
      }
    case 'tdx':
      return { platform: 'tdx', measurements: tdxMeasurements(decodeTdxQuote(quote.quote)) }
    case 'nitro':
      return {
        platform: 'nitro',
        measurements: nitroMeasurements(decodeNitroDocument(quote.document)),
      }
    default:
      return quote satisfies never
  }
}
