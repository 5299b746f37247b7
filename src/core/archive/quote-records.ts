/** A quote of any platform as records of an archive: the evidence, its event log, its endorsements. wire.md section 6. @module */
import { MalformedError } from '../../errors.ts'
import type { ObjectReader } from '../encoding/shape.ts'
import { EVENT_LOG_TYPE } from '../event-log/index.ts'
import type { EndorsedQuote } from '../evidence/hardware.ts'
import { CMW_EVIDENCE, type CmwRecord, decodeRecord, decodeRecordOf, encodeRecord } from './cmw.ts'
import { decodeSnpRecords, decodeTdxRecords, encodeSnpRecords, encodeTdxRecords } from './endorsements.ts'
import { decodeTsmReport, encodeTsmReport, tsmReportType } from './tsm-report.ts'

const SNP_TYPE = tsmReportType('sev_guest')
const TDX_TYPE = tsmReportType('tdx_guest')
const NITRO_TYPE = 'application/aws-nitro-document'
const NO_OCTETS = new Uint8Array(0)

type Members = Readonly<Record<string, CmwRecord | Readonly<Record<string, CmwRecord>>>>

function evidence(mediaType: string, octets: Uint8Array): CmwRecord {
  return encodeRecord({ mediaType, octets }, CMW_EVIDENCE)
}

/** The members of the collection that say what the hardware said. */
export function encodeQuoteRecords(quote: EndorsedQuote): Members {
  switch (quote.tee) {
    case 'snp': {
      const { report, auxblob, endorsements } = quote
      return {
        evidence: evidence(SNP_TYPE, encodeTsmReport({ provider: 'sev_guest', outblob: report, auxblob })),
        ...(endorsements === undefined ? {} : { endorsements: encodeSnpRecords(endorsements) }),
      }
    }
    case 'tdx': {
      const { eventLog, endorsements } = quote
      const report = { provider: 'tdx_guest', outblob: quote.quote, auxblob: NO_OCTETS } as const
      return {
        evidence: evidence(TDX_TYPE, encodeTsmReport(report)),
        ...(eventLog === undefined ? {} : { eventlog: evidence(EVENT_LOG_TYPE, eventLog) }),
        ...(endorsements === undefined ? {} : { endorsements: encodeTdxRecords(endorsements) }),
      }
    }
    case 'nitro':
      return { evidence: evidence(NITRO_TYPE, quote.document) }
    default:
      return quote satisfies never
  }
}

/** @throws MalformedError PARSE_INVALID for a media type of no platform; PARSE_*, CBOR_*, BASE64_STRICT */
export function decodeQuoteRecords(reader: ObjectReader): EndorsedQuote {
  const { mediaType, octets } = decodeRecord(reader, 'evidence', CMW_EVIDENCE)
  switch (mediaType) {
    case SNP_TYPE: {
      const { outblob, auxblob } = decodeTsmReport(octets, 'sev_guest')
      return { tee: 'snp', report: outblob, auxblob, endorsements: endorsementsOf(reader, decodeSnpRecords) }
    }
    case TDX_TYPE: {
      const { outblob, auxblob } = decodeTsmReport(octets, 'tdx_guest')
      // One quote, one encoding: configfs-tsm has nothing to add on TDX.
      if (auxblob.length > 0) throw new MalformedError('PARSE_INVALID', 'tsm report: auxblob must be empty on TDX')
      const eventLog = reader.has('eventlog')
        ? { eventLog: decodeRecordOf(reader, 'eventlog', CMW_EVIDENCE, EVENT_LOG_TYPE) }
        : {}
      return { tee: 'tdx', quote: outblob, ...eventLog, endorsements: endorsementsOf(reader, decodeTdxRecords) }
    }
    case NITRO_TYPE:
      return { tee: 'nitro', document: octets }
    default:
      throw reader.invalid('evidence', 'has a media type of no platform')
  }
}

function endorsementsOf<T>(reader: ObjectReader, decode: (records: ObjectReader) => T): T | undefined {
  if (!reader.has('endorsements')) return undefined
  return reader.object('endorsements').whole(decode)
}
