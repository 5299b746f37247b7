/** Report of the quoting enclave, an SGX enclave report. Layout only: its signature is the PCK key's. @module */
import { Reader } from '../encoding/reader.ts'
import { Writer } from '../encoding/writer.ts'

export const QE_REPORT_SIZE = 384
const DEBUG = 0x02

/** Octets stand in the order of the report. */
export interface QeReport {
  readonly cpuSvn: Uint8Array
  readonly miscSelect: Uint8Array
  readonly attributes: Uint8Array
  readonly mrEnclave: Uint8Array
  readonly mrSigner: Uint8Array
  readonly isvProdId: number
  readonly isvSvn: number
  /** SHA-256 over attestation key and QE auth data, then 32 zeros. */
  readonly reportData: Uint8Array
}

/**
 * Decodes an enclave report.
 *
 * ```
 * 000 cpu_svn 16 | misc_select 4 | 0 x 28 | 030 attributes 16 | 040 mr_enclave 32 | 0 x 32 | 080 mr_signer 32 | 0 x 96
 * 100 isv_prod_id 2 | isv_svn 2 | 0 x 60 | 140 report_data 64
 * ```
 * @throws MalformedError EVIDENCE_TRUNCATED, PARSE_TRAILING, PARSE_RESERVED
 */
export function decodeQeReport(bytes: Uint8Array): QeReport {
  const r = new Reader(bytes)
  const cpuSvn = r.bytes('cpuSvn', 16)
  const miscSelect = r.bytes('miscSelect', 4)
  r.zero('reserved at 0x14', 28)
  const attributes = r.bytes('attributes', 16)
  const mrEnclave = r.bytes('mrEnclave', 32)
  r.zero('reserved at 0x60', 32)
  const mrSigner = r.bytes('mrSigner', 32)
  r.zero('reserved at 0xA0', 96)
  const isvProdId = r.u16le('isvProdId')
  const isvSvn = r.u16le('isvSvn')
  r.zero('reserved at 0x104', 60)
  const reportData = r.bytes('reportData', 64)
  r.end()
  return { cpuSvn, miscSelect, attributes, mrEnclave, mrSigner, isvProdId, isvSvn, reportData }
}

/** The mirror of {@link decodeQeReport}. */
export function encodeQeReport(report: QeReport): Uint8Array {
  const w = new Writer(QE_REPORT_SIZE)
  w.bytes(report.cpuSvn).bytes(report.miscSelect).zero(28).bytes(report.attributes)
  w.bytes(report.mrEnclave).zero(32).bytes(report.mrSigner).zero(96)
  return w.u16le(report.isvProdId).u16le(report.isvSvn).zero(60).bytes(report.reportData).finish()
}

/** ATTRIBUTES.DEBUG: the host can read the enclave's keys. */
export function isDebugEnclave({ attributes }: QeReport): boolean {
  return ((attributes[0] ?? DEBUG) & DEBUG) !== 0
}
