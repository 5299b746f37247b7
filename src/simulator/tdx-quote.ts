/** Writes TDX quotes of versions 4 and 5, byte for byte, wrong ones too. It shares no layout with the decoder that it tests. @module */
import { concatBytes } from '../core/encoding/bytes.ts'

/** TD_REPORT body, TD 1.0 and, with its last two fields, TD 1.5. Sizes are the caller's to keep. */
export interface TdBodyFields {
  /** 16 octets: SVN and major version of the module, SVN of the loader, then zeros. */
  readonly teeTcbSvn: Uint8Array
  readonly mrSeam: Uint8Array
  readonly mrSignerSeam: Uint8Array
  readonly seamAttributes: bigint
  readonly tdAttributes: bigint
  readonly xfam: bigint
  readonly mrTd: Uint8Array
  readonly mrConfigId: Uint8Array
  readonly mrOwner: Uint8Array
  readonly mrOwnerConfig: Uint8Array
  readonly rtMr0: Uint8Array
  readonly rtMr1: Uint8Array
  readonly rtMr2: Uint8Array
  readonly rtMr3: Uint8Array
  readonly reportData: Uint8Array
  /** TD 1.5 only. */
  readonly teeTcbSvn2: Uint8Array
  /** TD 1.5 only. */
  readonly mrServiceTd: Uint8Array
}

export interface QuoteHeaderFields {
  readonly version: number
  /** 2 is a TD report 1.0, 3 is 1.5. Version 4 has no place for it and always holds 1.0. */
  readonly bodyType: number
  readonly attestationKeyType: number
  readonly teeType: number
  readonly qeVendorId: Uint8Array
  /** 20 octets. */
  readonly userData: Uint8Array
}

/** Report of the quoting enclave. */
export interface QeReportFields {
  readonly qeCpuSvn: Uint8Array
  readonly qeMiscSelect: number
  /** 16 octets. */
  readonly qeAttributes: Uint8Array
  readonly qeMrEnclave: Uint8Array
  readonly qeMrSigner: Uint8Array
  readonly qeIsvProdId: number
  readonly qeIsvSvn: number
}

/** A quote in pieces. {@link assembleQuote} computes the lengths between them, and nothing else. */
export interface QuoteParts {
  /** Header, descriptor in version 5, body: what the attestation key signs. */
  readonly signed: Uint8Array
  /** r || s. */
  readonly signature: Uint8Array
  /** x || y. */
  readonly attestationKey: Uint8Array
  readonly outerType: number
  readonly qeReport: Uint8Array
  /** r || s, by the PCK key. */
  readonly qeReportSignature: Uint8Array
  readonly qeAuthData: Uint8Array
  readonly innerType: number
  readonly innerData: Uint8Array
  /** Octets behind the quote. */
  readonly padding: Uint8Array
}

const TD_10 = 2
const TD_15 = 3
const TD_10_SIZE = 584

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff)
}

function u32(value: number): Uint8Array {
  return concatBytes(u16(value & 0xffff), u16(value >>> 16))
}

function u64(value: bigint): Uint8Array {
  return concatBytes(u32(Number(value & 0xffffffffn)), u32(Number(value >> 32n)))
}

/** Header, descriptor in version 5, body. */
export function encodeSignedPart(fields: QuoteHeaderFields & TdBodyFields): Uint8Array {
  const { version, bodyType, attestationKeyType, teeType, qeVendorId, userData } = fields
  const header = concatBytes(u16(version), u16(attestationKeyType), u32(teeType), u32(0), qeVendorId, userData)
  const body = encodeBody(fields, version === 4 ? TD_10 : bodyType)
  return version === 4 ? concatBytes(header, body) : concatBytes(header, u16(bodyType), u32(body.length), body)
}

function encodeBody(fields: TdBodyFields, bodyType: number): Uint8Array {
  const first = concatBytes(
    fields.teeTcbSvn,
    fields.mrSeam,
    fields.mrSignerSeam,
    u64(fields.seamAttributes),
    u64(fields.tdAttributes),
    u64(fields.xfam),
    fields.mrTd,
    fields.mrConfigId,
    fields.mrOwner,
    fields.mrOwnerConfig,
    fields.rtMr0,
    fields.rtMr1,
    fields.rtMr2,
    fields.rtMr3,
    fields.reportData,
  )
  if (first.length !== TD_10_SIZE) throw new RangeError(`the fields of the body make ${first.length} octets`)
  return bodyType === TD_15 ? concatBytes(first, fields.teeTcbSvn2, fields.mrServiceTd) : first
}

/** SGX enclave report of 384 octets. @param reportData 64 octets */
export function encodeQeReport(fields: QeReportFields, reportData: Uint8Array): Uint8Array {
  return concatBytes(
    fields.qeCpuSvn,
    u32(fields.qeMiscSelect),
    new Uint8Array(28),
    fields.qeAttributes,
    fields.qeMrEnclave,
    new Uint8Array(32),
    fields.qeMrSigner,
    new Uint8Array(96),
    u16(fields.qeIsvProdId),
    u16(fields.qeIsvSvn),
    new Uint8Array(60),
    reportData,
  )
}

/** Joins the parts with the lengths that they have. */
export function assembleQuote(parts: QuoteParts): Uint8Array {
  const certification = concatBytes(
    parts.qeReport,
    parts.qeReportSignature,
    u16(parts.qeAuthData.length),
    parts.qeAuthData,
    u16(parts.innerType),
    u32(parts.innerData.length),
    parts.innerData,
  )
  const authData = concatBytes(
    parts.signature,
    parts.attestationKey,
    u16(parts.outerType),
    u32(certification.length),
    certification,
  )
  return concatBytes(parts.signed, u32(authData.length), authData, parts.padding)
}
