/** ATTESTATION_REPORT of AMD SEV-SNP. Layout only: trust comes from {@link verifySnpReport}. @module */
import { MalformedError } from '../../errors.ts'
import { concatBytes, isZero } from '../encoding/bytes.ts'
import { Reader } from '../encoding/reader.ts'
import { Writer } from '../encoding/writer.ts'
import type { Cpuid } from './product.ts'

export const SNP_REPORT_SIZE = 0x4a0
/** Octets 0x000 to 0x29F are signed. */
export const SNP_SIGNED_SIZE = 0x2a0
const SCALAR_SIZE = 48
const SCALAR_FIELD = 72

export const SNP_REPORT_VERSIONS = [2, 3, 4, 5] as const
export type SnpReportVersion = (typeof SNP_REPORT_VERSIONS)[number]

/** KEY_INFO. `signingKey`: 0 VCEK, 1 VLEK, 7 none. */
export interface KeyInfo {
  readonly authorKeyEn: boolean
  readonly maskChipKey: boolean
  readonly signingKey: number
}

/** Version of the SNP firmware. */
export interface FirmwareVersion {
  readonly major: number
  readonly minor: number
  readonly build: number
}

/** A decoded report. TCB versions stay eight octets: their layout depends on the product. */
export interface SnpReport {
  readonly version: SnpReportVersion
  readonly guestSvn: number
  /** {@link decodeGuestPolicy} names the bits. */
  readonly policy: bigint
  readonly familyId: Uint8Array
  readonly imageId: Uint8Array
  readonly vmpl: number
  /** 1 is ECDSA P-384 with SHA-384. */
  readonly signatureAlgo: number
  readonly currentTcb: Uint8Array
  /** {@link decodePlatformInfo} names the bits. */
  readonly platformInfo: bigint
  readonly keyInfo: KeyInfo
  /** 64 octets, the guest's. */
  readonly reportData: Uint8Array
  /** Launch digest, 48 octets. */
  readonly measurement: Uint8Array
  /** 32 octets, the host's at launch. */
  readonly hostData: Uint8Array
  readonly idKeyDigest: Uint8Array
  readonly authorKeyDigest: Uint8Array
  readonly reportId: Uint8Array
  readonly reportIdMa: Uint8Array
  /** Selects the VCEK. */
  readonly reportedTcb: Uint8Array
  /** From version 3. */
  readonly cpuid?: Cpuid
  /** 64 octets; zero when the host masks it. */
  readonly chipId: Uint8Array
  readonly committedTcb: Uint8Array
  readonly current: FirmwareVersion
  readonly committed: FirmwareVersion
  readonly launchTcb: Uint8Array
  /** From version 5. */
  readonly launchMitVector?: bigint
  readonly currentMitVector?: bigint
  /** r || s, 48 octets each, big-endian. */
  readonly signature: Uint8Array
}

/**
 * Decodes a report. Integers are little-endian.
 *
 * ```
 * 000 version 4 | guest_svn 4 | policy 8 | family_id 16 | image_id 16 | vmpl 4 | signature_algo 4
 * 038 current_tcb 8 | platform_info 8 | key_info 4 | 0 x 4
 * 050 report_data 64 | 090 measurement 48 | 0C0 host_data 32 | 0E0 id_key_digest 48 | 110 author_key_digest 48
 * 140 report_id 32 | 160 report_id_ma 32 | 180 reported_tcb 8
 * 188 v2: 0 x 24; v3 up: family 1 | model 1 | stepping 1 | 0 x 21
 * 1A0 chip_id 64 | 1E0 committed_tcb 8 | 1E8 current: build, minor, major, 0 | 1EC committed: the same
 * 1F0 launch_tcb 8 | 1F8 v5: launch_mit_vector 8, current_mit_vector 8; before: 0 x 16 | 208 0 x 152
 * 2A0 signature: r 72, s 72 (little-endian, 48 used), 0 x 368
 * ```
 * @param bytes all of them the sender's until the signature over the first 0x2A0 is verified
 * @throws MalformedError SNP_VERSION for another length or version, PARSE_RESERVED, SNP_SIG_PADDING
 */
export function decodeSnpReport(bytes: Uint8Array): SnpReport {
  if (bytes.length !== SNP_REPORT_SIZE)
    throw new MalformedError('SNP_VERSION', `the report has ${bytes.length} bytes, ${SNP_REPORT_SIZE} are due`)
  const r = new Reader(bytes)
  const version = decodeVersion(r.u32le('version'))
  const head = {
    guestSvn: r.u32le('guestSvn'),
    policy: r.u64le('policy'),
    familyId: r.bytes('familyId', 16),
    imageId: r.bytes('imageId', 16),
    vmpl: r.u32le('vmpl'),
    signatureAlgo: r.u32le('signatureAlgo'),
    currentTcb: r.bytes('currentTcb', 8),
    platformInfo: r.u64le('platformInfo'),
    keyInfo: decodeKeyInfo(r.u32le('keyInfo')),
  }
  r.zero('reserved at 0x4C', 4)
  const body = {
    reportData: r.bytes('reportData', 64),
    measurement: r.bytes('measurement', 48),
    hostData: r.bytes('hostData', 32),
    idKeyDigest: r.bytes('idKeyDigest', 48),
    authorKeyDigest: r.bytes('authorKeyDigest', 48),
    reportId: r.bytes('reportId', 32),
    reportIdMa: r.bytes('reportIdMa', 32),
    reportedTcb: r.bytes('reportedTcb', 8),
  }
  const cpuid = readCpuid(r, version)
  const platform = {
    chipId: r.bytes('chipId', 64),
    committedTcb: r.bytes('committedTcb', 8),
    current: readFirmware(r, 'current'),
    committed: readFirmware(r, 'committed'),
    launchTcb: r.bytes('launchTcb', 8),
  }
  const mitigations = readMitigations(r, version)
  r.zero('reserved at 0x208', 152)
  const signature = concatBytes(readScalar(r, 'r'), readScalar(r, 's'))
  r.zero('reserved at 0x330', 368)
  r.end()
  return { version, ...head, ...body, ...cpuid, ...platform, ...mitigations, signature }
}

/** The 1184 octets of a report. A field of another size than its own is a bug and throws RangeError. */
export function encodeSnpReport(report: SnpReport): Uint8Array {
  const w = new Writer(SNP_REPORT_SIZE)
  w.u32le(report.version).u32le(report.guestSvn).u64le(report.policy).bytes(report.familyId).bytes(report.imageId)
  w.u32le(report.vmpl).u32le(report.signatureAlgo).bytes(report.currentTcb).u64le(report.platformInfo)
  w.u32le(encodeKeyInfo(report.keyInfo)).zero(4)
  w.bytes(report.reportData).bytes(report.measurement).bytes(report.hostData).bytes(report.idKeyDigest)
  w.bytes(report.authorKeyDigest).bytes(report.reportId).bytes(report.reportIdMa).bytes(report.reportedTcb)
  const { family = 0, model = 0, stepping = 0 } = report.cpuid ?? {}
  w.u8(family).u8(model).u8(stepping).zero(21).bytes(report.chipId).bytes(report.committedTcb)
  for (const { build, minor, major } of [report.current, report.committed]) w.u8(build).u8(minor).u8(major).zero(1)
  w.bytes(report.launchTcb)
    .u64le(report.launchMitVector ?? 0n)
    .u64le(report.currentMitVector ?? 0n)
    .zero(152)
  const padding = SCALAR_FIELD - SCALAR_SIZE
  w.bytes(report.signature.slice(0, SCALAR_SIZE).reverse()).zero(padding)
  w.bytes(report.signature.slice(SCALAR_SIZE).reverse()).zero(padding)
  return w.zero(368).finish()
}

function decodeVersion(value: number): SnpReportVersion {
  const version = SNP_REPORT_VERSIONS.find((known) => known === value)
  if (version === undefined) throw new MalformedError('SNP_VERSION', `report version ${value}, 2 to 5 are known`)
  return version
}

// KEY_INFO: bit 0 AUTHOR_KEY_EN, bit 1 MASK_CHIP_KEY, bits 4:2 SIGNING_KEY, the rest must be zero.
function decodeKeyInfo(value: number): KeyInfo {
  if (value >>> 5 !== 0) throw new MalformedError('PARSE_RESERVED', 'reserved bits of KEY_INFO are not zero')
  return { authorKeyEn: (value & 1) === 1, maskChipKey: (value & 2) === 2, signingKey: (value >>> 2) & 7 }
}

function encodeKeyInfo({ authorKeyEn, maskChipKey, signingKey }: KeyInfo): number {
  return (authorKeyEn ? 1 : 0) | (maskChipKey ? 2 : 0) | ((signingKey & 7) << 2)
}

function readCpuid(r: Reader, version: SnpReportVersion): Pick<SnpReport, 'cpuid'> {
  if (version === 2) {
    r.zero('reserved at 0x188', 24)
    return {}
  }
  const cpuid = { family: r.u8('cpuidFamId'), model: r.u8('cpuidModId'), stepping: r.u8('cpuidStep') }
  r.zero('reserved at 0x18B', 21)
  return { cpuid }
}

function readFirmware(r: Reader, field: string): FirmwareVersion {
  const build = r.u8(`${field}Build`)
  const minor = r.u8(`${field}Minor`)
  const major = r.u8(`${field}Major`)
  r.zero(`reserved after ${field}Major`, 1)
  return { major, minor, build }
}

function readMitigations(
  r: Reader,
  version: SnpReportVersion,
): Pick<SnpReport, 'launchMitVector' | 'currentMitVector'> {
  if (version >= 5)
    return { launchMitVector: r.u64le('launchMitVector'), currentMitVector: r.u64le('currentMitVector') }
  r.zero('reserved at 0x1F8', 16)
  return {}
}

/** One scalar, big-endian. Its padding is outside the signed range: whoever carries the report can set it. */
function readScalar(r: Reader, field: string): Uint8Array {
  const scalar = r.bytes(field, SCALAR_SIZE).reverse()
  if (!isZero(r.bytes(field, SCALAR_FIELD - SCALAR_SIZE)))
    throw new MalformedError('SNP_SIG_PADDING', `the padding of ${field} is not zero`)
  return scalar
}
