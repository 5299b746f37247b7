/** What a file holds, by its first octets or, in JSON, its members. A guess that selects a decoder; the decoder has the last word. @module */
import { encodeHex } from '../../core/encoding/bytes.ts'
import { SNP_CERTIFICATE_GUIDS, SNP_REPORT_SIZE } from '../../core/snp/index.ts'
import { unwrap } from './wrapping.ts'

/** Kinds of files that a command has a decoder for. */
export type FileKind =
  | 'archive'
  | 'receipt'
  | 'snp-report'
  | 'certificate-table'
  | 'tdx-quote'
  | 'nitro-document'
  | 'certificate'
  | 'crl'
  | 'pem'
  | 'tcb-info'
  | 'qe-identity'
  | 'stored-collateral'
  | 'event-log-record'
  | 'event-log-ccel'
  | 'event-log-dstack'

export interface Recognised {
  /** `foreign`: `what` says what it seems to be. */
  readonly kind: FileKind | 'foreign'
  /** For people. */
  readonly what: string
  /** Without compression and text encoding. */
  readonly octets: Uint8Array
  /** What was taken off, outermost first. */
  readonly wrapping: readonly string[]
}

const NAMES: Readonly<Record<FileKind, string>> = {
  archive: 'an archive',
  receipt: 'a receipt',
  'snp-report': 'a SEV-SNP report',
  'certificate-table': 'a SEV-SNP certificate table',
  'tdx-quote': 'a TDX quote',
  'nitro-document': 'a Nitro attestation document',
  certificate: 'a certificate',
  crl: 'a revocation list',
  pem: 'a PEM file',
  'tcb-info': "Intel's TCB info",
  'qe-identity': "Intel's QE identity",
  'stored-collateral': 'stored TDX collateral',
  'event-log-record': 'an event log',
  'event-log-ccel': 'an event log (CCEL)',
  'event-log-dstack': 'an event log (dstack)',
}

/** @throws MalformedError when a compressed file or a text encoding is damaged */
export async function recognise(bytes: Uint8Array): Promise<Recognised> {
  if (isReceipt(bytes)) return { kind: 'receipt', what: NAMES.receipt, octets: bytes, wrapping: [] }
  const { octets, wrapping } = await unwrap(bytes)
  const kind = kindOf(octets)
  if (kind !== undefined) return { kind, what: NAMES[kind], octets, wrapping }
  return { kind: 'foreign', what: foreignName(octets), octets, wrapping }
}

function kindOf(octets: Uint8Array): FileKind | undefined {
  if (octets.length === 0) return undefined
  return kindOfText(octets) ?? kindOfBinary(octets)
}

function kindOfText(octets: Uint8Array): FileKind | undefined {
  const head = letters(octets, 1 << 16).trimStart()
  if (head.startsWith('{')) return kindOfObject(letters(octets, octets.length))
  if (head.startsWith('[')) return 'event-log-dstack'
  return /^(?:[\t\n\r -~]*\n)?-----BEGIN (?:CERTIFICATE|X509 CRL)-----/.test(head) ? 'pem' : undefined
}

const MEMBERS: readonly (readonly [RegExp, FileKind])[] = [
  [/"__cmwc_t"\s*:/, 'archive'],
  [/"tcb_info"\s*:\s*"/, 'stored-collateral'],
  [/"(?:tcbInfo"\s*:\s*\{|fmspc"\s*:)/, 'tcb-info'],
  [/"(?:enclaveIdentity"\s*:\s*\{|isvprodid"\s*:)/, 'qe-identity'],
  [/"ccel"\s*:/, 'event-log-record'],
]

/** What is nothing else is an archive that lacks its tag: the decoder of archives says so. */
function kindOfObject(text: string): FileKind {
  return MEMBERS.find(([member]) => member.test(text))?.[1] ?? 'archive'
}

const CBOR_ARRAY_OF_FOUR = 0x84
const TAG_SIGN1 = 0xd2
const TDX_VERSIONS: readonly number[] = [4, 5]
const TEE_TDX = 0x81
const SPEC_ID = 'Spec ID Event03'
const GUIDS: readonly string[] = Object.values(SNP_CERTIFICATE_GUIDS).map((guid) => guid.replaceAll('-', ''))

function kindOfBinary(octets: Uint8Array): FileKind | undefined {
  const [first = 0, second = 0] = octets
  if (octets.length === SNP_REPORT_SIZE && u32(octets, 0) <= 0xff) return 'snp-report'
  if (TDX_VERSIONS.includes(u16(octets, 0)) && u32(octets, 4) === TEE_TDX) return 'tdx-quote'
  if (first === CBOR_ARRAY_OF_FOUR || (first === TAG_SIGN1 && second === CBOR_ARRAY_OF_FOUR)) return 'nitro-document'
  if (GUIDS.includes(encodeHex(octets.subarray(0, 16)))) return 'certificate-table'
  if (letters(octets.subarray(32), SPEC_ID.length) === SPEC_ID) return 'event-log-ccel'
  if (first === 0x30) return isList(octets) ? 'crl' : 'certificate'
  return undefined
}

/** A TBSCertificate begins with [0] version, a TBSCertList with INTEGER 1, without a tag around it. */
function isList(der: Uint8Array): boolean {
  const inner = der.subarray(headSize(der))
  return inner[headSize(inner)] === 0x02 && inner[headSize(inner) + 2] === 0x01 && inner[headSize(inner) + 3] === 0x30
}

function headSize(der: Uint8Array): number {
  const length = der[1] ?? 0
  return length < 0x80 ? 2 : 2 + (length & 0x7f)
}

/** Evidence that others judge, so that the message can say it. */
function foreignName(octets: Uint8Array): string {
  const version = u16(octets, 0)
  if ((version === 3 && u16(octets, 2) <= 3) || (TDX_VERSIONS.includes(version) && u32(octets, 4) === 0))
    return 'an SGX quote: not judged'
  if (octets[0] === 0x11 && octets[1] === 0xe0) return 'NVIDIA evidence: not judged'
  if (letters(octets, 4) === 'HCLA' || u32(octets, 0) === 0x474354ff) return 'vTPM evidence: not judged'
  if (octets.length === 0) return 'an empty file'
  return `${octets.length} bytes that begin with ${encodeHex(octets.subarray(0, 8))}`
}

/** Compact serialization with disclosures; short, so that reading it as text costs nothing. */
function isReceipt(bytes: Uint8Array): boolean {
  if (bytes.length === SNP_REPORT_SIZE || bytes.length > 1 << 16) return false
  return /^[\w-]+\.[\w-]+\.[\w-]+(?:~|\s*$)/.test(letters(bytes, bytes.length))
}

function u16(octets: Uint8Array, at: number): number {
  return (octets[at] ?? 0) | ((octets[at + 1] ?? 0) << 8)
}

function u32(octets: Uint8Array, at: number): number {
  return (u16(octets, at) | (u16(octets, at + 2) << 16)) >>> 0
}

/** Latin-1, so that any octets are some text. */
function letters(octets: Uint8Array, most: number): string {
  return new TextDecoder('latin1').decode(octets.subarray(0, most))
}
