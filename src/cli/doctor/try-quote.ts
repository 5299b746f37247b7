/** One real quote over random octets, taken apart: layout and report data, nothing about trust. @module */
import { randomBytes } from 'node:crypto'
import { encodeHex, sameBytes } from '../../core/encoding/bytes.ts'
import { quoteOctets } from '../../core/evidence/endorse.ts'
import type { Quote, Quoter } from '../../core/evidence/quoter.ts'
import { decodeNitroDocument, nitroMeasurements } from '../../core/nitro/index.ts'
import { decodeSnpReport } from '../../core/snp/index.ts'
import { decodeTdxQuote, tdxMeasurements } from '../../core/tdx/index.ts'
import { CountersignError } from '../../errors.ts'

export type TriedQuote =
  | {
      readonly ok: true
      readonly octets: number
      readonly durationMs: number
      readonly measurements: Readonly<Record<string, string>>
    }
  | { readonly ok: false; readonly why: string }

const REPORT_DATA_SIZE = 64

export async function tryQuote(quoter: Quoter): Promise<TriedQuote> {
  const reportData = new Uint8Array(randomBytes(REPORT_DATA_SIZE))
  const startedMs = performance.now()
  try {
    const quote = await quoter.quote(reportData)
    const durationMs = Math.round(performance.now() - startedMs)
    const { committed, measurements } = takeApart(quote)
    if (committed === undefined || !sameBytes(committed, reportData))
      return { ok: false, why: 'the quote is not over the report data that were asked for' }
    return { ok: true, octets: quoteOctets(quote).length, durationMs, measurements }
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error
    return { ok: false, why: error.message }
  }
}

interface Parts {
  readonly committed: Uint8Array | undefined
  readonly measurements: Readonly<Record<string, string>>
}

function takeApart(quote: Quote): Parts {
  switch (quote.tee) {
    case 'snp': {
      const { reportData, measurement, hostData } = decodeSnpReport(quote.report)
      return {
        committed: reportData,
        measurements: { measurement: encodeHex(measurement), hostData: encodeHex(hostData) },
      }
    }
    case 'tdx': {
      const decoded = decodeTdxQuote(quote.quote)
      const { mrTd, rtMr0, rtMr1, rtMr2 } = tdxMeasurements(decoded)
      return {
        committed: decoded.body.reportData,
        measurements: { mrTd, rtMr0, rtMr1, rtMr2, rtMr3: encodeHex(decoded.body.rtMr3) },
      }
    }
    case 'nitro': {
      const document = decodeNitroDocument(quote.document)
      return {
        committed: document.userData === 'absent' ? undefined : document.userData,
        measurements: { ...nitroMeasurements(document) },
      }
    }
    default:
      return quote satisfies never
  }
}
