/** Certificate table of GET_EXT_REPORT ("auxblob"). The host writes it: untrusted until its chain is proven. @module */
import { MalformedError } from '../../errors.ts'
import { concatBytes, decodeHex, encodeHex, isZero } from '../encoding/bytes.ts'
import { Reader } from '../encoding/reader.ts'
import { Writer } from '../encoding/writer.ts'

/**
 * GUIDs in their textual order, as the table has them (AMD 56421, MSG_REPORT_REQ). The place of the ASK holds the ASVK where a VLEK
 * signs. Hosts add entries of their own, such as Google's launch endorsement: they are read and left alone.
 */
export const SNP_CERTIFICATE_GUIDS = {
  vcek: '63da758d-e664-4564-adc5-f4b93be8accd',
  vlek: 'a8074bc2-a25a-483e-aae6-39c045a0b8a1',
  ask: '4ab7b379-bbac-4fe4-a02f-05aef327c782',
  ark: 'c0b406a4-a803-4952-9743-3fb6014cd0ae',
} as const

export interface CertificateTableEntry {
  /** Lower-case, with dashes. */
  readonly guid: string
  readonly data: Uint8Array
}

const ENTRY_SIZE = 24
const MAX_SIZE = 65_536
const MAX_ENTRIES = 32

/**
 * Reads the table: entries of `guid 16 | offset u32 | length u32`, little-endian, then one of zeros, then the data.
 * @throws MalformedError EVIDENCE_TOO_LARGE; EVIDENCE_TRUNCATED; PARSE_LENGTH when an entry points outside the data;
 *   PARSE_INVALID for a GUID that stands there twice
 */
export function decodeCertificateTable(bytes: Uint8Array): readonly CertificateTableEntry[] {
  if (bytes.length > MAX_SIZE)
    throw new MalformedError('EVIDENCE_TOO_LARGE', `certificate table of ${bytes.length} bytes, at most ${MAX_SIZE}`)
  if (bytes.length === 0) return []
  const heads = readHeads(bytes)
  const dataStart = (heads.length + 1) * ENTRY_SIZE
  const seen = new Set<string>()
  return heads.map(({ guid, offset, length }) => {
    if (seen.has(guid)) throw new MalformedError('PARSE_INVALID', `certificate table names ${guid} twice`)
    seen.add(guid)
    // Offsets into the header or behind the end would hand out bytes that are no certificate.
    if (offset < dataStart || offset + length > bytes.length)
      throw new MalformedError('PARSE_LENGTH', `entry ${guid} points outside the certificate table`)
    return { guid, data: bytes.slice(offset, offset + length) }
  })
}

/** Writes a table that {@link decodeCertificateTable} reads; data follow each other without gaps. */
export function encodeCertificateTable(entries: readonly CertificateTableEntry[]): Uint8Array {
  const headerSize = (entries.length + 1) * ENTRY_SIZE
  const header = new Writer(headerSize)
  let offset = headerSize
  for (const { guid, data } of entries) {
    header
      .bytes(decodeHex(guid.replaceAll('-', '')))
      .u32le(offset)
      .u32le(data.length)
    offset += data.length
  }
  return concatBytes(header.zero(ENTRY_SIZE).finish(), ...entries.map(({ data }) => data))
}

function readHeads(bytes: Uint8Array): { guid: string; offset: number; length: number }[] {
  const reader = new Reader(bytes)
  const heads: { guid: string; offset: number; length: number }[] = []
  for (;;) {
    const guid = reader.bytes('guid', 16)
    const offset = reader.u32le('offset')
    const length = reader.u32le('length')
    if (isZero(guid) && offset === 0 && length === 0) return heads
    if (heads.length === MAX_ENTRIES) throw new MalformedError('PARSE_LENGTH', `more than ${MAX_ENTRIES} certificates`)
    heads.push({ guid: formatGuid(guid), offset, length })
  }
}

function formatGuid(bytes: Uint8Array): string {
  return encodeHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
