/** TD report body of a quote, TD 1.0 (584 octets) and TD 1.5 (648). Layout only: trust comes from {@link verifyTdxQuote}. @module */
import type { Reader } from '../encoding/reader.ts'
import type { Writer } from '../encoding/writer.ts'

/** Body types of a quote that hold a trust domain's report: 2 is TD 1.0, 3 is TD 1.5. Type 1 is an SGX enclave's and not judged. */
export const TD_BODY_TYPES = [2, 3] as const
export type TdBodyType = (typeof TD_BODY_TYPES)[number]

/** Octets of each body type. */
export const TD_BODY_SIZES: Readonly<Record<TdBodyType, number>> = { 2: 584, 3: 648 }

/** What the TDX module reports of a trust domain. Octets stand in the order of the quote. */
export interface TdReport {
  readonly bodyType: TdBodyType
  /** 16 levels at launch: [0] SVN of the TDX module, [1] its major version, [2] SVN of loader or late microcode. */
  readonly teeTcbSvn: Uint8Array
  /** Measurement of the TDX module, 48 octets. */
  readonly mrSeam: Uint8Array
  /** Its signer, 48 octets; zero for Intel's. */
  readonly mrSignerSeam: Uint8Array
  readonly seamAttributes: Uint8Array
  /** 8 octets; {@link decodeTdAttributes} names the bits. */
  readonly tdAttributes: Uint8Array
  readonly xfam: Uint8Array
  /** Launch measurement, 48 octets. */
  readonly mrTd: Uint8Array
  readonly mrConfigId: Uint8Array
  readonly mrOwner: Uint8Array
  readonly mrOwnerConfig: Uint8Array
  readonly rtMr0: Uint8Array
  readonly rtMr1: Uint8Array
  readonly rtMr2: Uint8Array
  readonly rtMr3: Uint8Array
  /** 64 octets, the guest's. */
  readonly reportData: Uint8Array
  /** TD 1.5: the levels of the module that runs now, after updates that preserve trust domains. */
  readonly teeTcbSvn2?: Uint8Array
  /** TD 1.5: digest over the bound service trust domains; zero for none. */
  readonly mrServiceTd?: Uint8Array
}

/**
 * Reads a body of the given type.
 *
 * ```
 * 000 tee_tcb_svn 16 | mr_seam 48 | 040 mr_signer_seam 48 | 070 seam_attributes 8 | td_attributes 8 | 080 xfam 8
 * 088 mr_td 48 | 0B8 mr_config_id 48 | 0E8 mr_owner 48 | 118 mr_owner_config 48 | 148 rt_mr0..3 4 x 48 | 208 report_data 64
 * 248 TD 1.5: tee_tcb_svn2 16 | mr_service_td 48
 * ```
 * @throws MalformedError EVIDENCE_TRUNCATED
 */
export function readTdReport(r: Reader, bodyType: TdBodyType): TdReport {
  const report = {
    bodyType,
    teeTcbSvn: r.bytes('teeTcbSvn', 16),
    mrSeam: r.bytes('mrSeam', 48),
    mrSignerSeam: r.bytes('mrSignerSeam', 48),
    seamAttributes: r.bytes('seamAttributes', 8),
    tdAttributes: r.bytes('tdAttributes', 8),
    xfam: r.bytes('xfam', 8),
    mrTd: r.bytes('mrTd', 48),
    mrConfigId: r.bytes('mrConfigId', 48),
    mrOwner: r.bytes('mrOwner', 48),
    mrOwnerConfig: r.bytes('mrOwnerConfig', 48),
    rtMr0: r.bytes('rtMr0', 48),
    rtMr1: r.bytes('rtMr1', 48),
    rtMr2: r.bytes('rtMr2', 48),
    rtMr3: r.bytes('rtMr3', 48),
    reportData: r.bytes('reportData', 64),
  }
  if (bodyType === 2) return report
  return { ...report, teeTcbSvn2: r.bytes('teeTcbSvn2', 16), mrServiceTd: r.bytes('mrServiceTd', 48) }
}

/** The mirror of {@link readTdReport}. Fields of TD 1.5 that are left out are zero. */
export function writeTdReport(w: Writer, report: TdReport): void {
  w.bytes(report.teeTcbSvn).bytes(report.mrSeam).bytes(report.mrSignerSeam)
  w.bytes(report.seamAttributes).bytes(report.tdAttributes).bytes(report.xfam)
  w.bytes(report.mrTd).bytes(report.mrConfigId).bytes(report.mrOwner).bytes(report.mrOwnerConfig)
  w.bytes(report.rtMr0).bytes(report.rtMr1).bytes(report.rtMr2).bytes(report.rtMr3).bytes(report.reportData)
  if (report.bodyType === 3)
    w.bytes(report.teeTcbSvn2 ?? new Uint8Array(16)).bytes(report.mrServiceTd ?? new Uint8Array(48))
}
