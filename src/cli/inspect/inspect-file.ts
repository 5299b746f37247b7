/** Selects the decoder that shows a file. @module */
import { MalformedError } from '../../errors.ts'
import type { Recognised } from '../evidence/recognise.ts'
import { inspectArchive, inspectReceipt } from './archive.ts'
import { inspectCertificate, inspectCrl, inspectPem } from './certificates.ts'
import { inspectQeIdentity, inspectStoredCollateral, inspectTcbInfo } from './collateral.ts'
import { inspectEventLog } from './event-log.ts'
import type { Inspection } from './item.ts'
import { inspectNitroDocument } from './nitro.ts'
import { inspectCertificateTable, inspectSnpReport } from './snp.ts'
import { inspectTdxQuote } from './tdx.ts'

/** @throws MalformedError PARSE_INVALID for what has no decoder here; what {@link inspectReceipt} throws */
export function inspectFile({ kind, what, octets }: Recognised): Inspection {
  switch (kind) {
    case 'archive':
      return inspectArchive(octets)
    case 'receipt':
      return inspectReceipt(new TextDecoder().decode(octets).trim())
    case 'snp-report':
      return inspectSnpReport(octets)
    case 'certificate-table':
      return inspectCertificateTable(octets)
    case 'tdx-quote':
      return inspectTdxQuote(octets)
    case 'nitro-document':
      return inspectNitroDocument(octets)
    case 'certificate':
      return inspectCertificate(octets)
    case 'crl':
      return inspectCrl(octets)
    case 'pem':
      return inspectPem(octets)
    case 'tcb-info':
      return inspectTcbInfo(octets)
    case 'qe-identity':
      return inspectQeIdentity(octets)
    case 'stored-collateral':
      return inspectStoredCollateral(octets)
    case 'event-log-record':
      return inspectEventLog(octets, 'record')
    case 'event-log-ccel':
      return inspectEventLog(octets, 'ccel')
    case 'event-log-dstack':
      return inspectEventLog(octets, 'dstack')
    case 'foreign':
      throw new MalformedError('PARSE_INVALID', `nothing here reads ${what}`)
    default:
      return kind satisfies never
  }
}
