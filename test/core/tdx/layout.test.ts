/** Layouts of TDX: quotes, certification data, PCK extension, PCS responses. One reading, and a typed code for everything else. */
import { describe, expect, it } from 'vitest'
import { concatBytes, encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodePem } from '../../../src/core/encoding/pem.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  decodePckChain,
  decodePckExtension,
  decodePcsDocument,
  decodeQeReport,
  decodeTdAttributes,
  decodeTdxQuote,
  encodeQeReport,
  encodeTdxQuote,
  encodeTdxSigned,
  INTEL_QE_VENDOR_ID,
  tdxMeasurements,
  tdxSignedSize,
  trimTdxQuote,
} from '../../../src/core/tdx/index.ts'
import { xfamIsPossible } from '../../../src/core/tdx/td-attributes.ts'
import { decodeCertificate } from '../../../src/core/x509/index.ts'
import { MalformedError } from '../../../src/errors.ts'
import { octetString, unsigned } from '../../../src/simulator/der-writer.ts'
import { createSimulatedTdx } from '../../../src/simulator/tdx.ts'
import {
  encodeSgxExtension,
  type SgxEntry,
  SIMULATED_PLATFORM,
  tcbEntries,
} from '../../../src/simulator/tdx-platform.ts'
import type { QuoteParts } from '../../../src/simulator/tdx-quote.ts'

const clock = (): Date => new Date('2026-07-01T00:00:00Z')
const device = createSimulatedTdx({ clock })
const REPORT_DATA = Uint8Array.from({ length: 64 }, (_, index) => index)
const v4 = device.quote(REPORT_DATA)
const v5 = device.quote(REPORT_DATA, { version: 5, bodyType: 3 })
const SHAPES = [
  ['version 4', v4, 632],
  ['version 5 with TD 1.0', device.quote(REPORT_DATA, { version: 5, bodyType: 2 }), 638],
  ['version 5 with TD 1.5', v5, 702],
  ['version 4 with padding', device.quote(REPORT_DATA, { padding: 100 }), 632],
] as const

function codeOf(decode: () => unknown): string {
  try {
    decode()
    return 'ok'
  } catch (error) {
    if (error instanceof MalformedError) return error.failure
    throw error
  }
}

function altered(bytes: Uint8Array, at: number, ...octets: readonly number[]): Uint8Array {
  const out = bytes.slice()
  out.set(octets, at)
  return out
}

/** A quote of which the parts were altered before they were joined. */
function shaped(change: (parts: QuoteParts) => Partial<QuoteParts>): Uint8Array {
  return device.quote(REPORT_DATA, {}, { signed: (parts) => ({ ...parts, ...change(parts) }) })
}

describe('decodeTdxQuote', () => {
  it.each(SHAPES)('takes back %s, octet for octet', (_, bytes, signedSize) => {
    const quote = decodeTdxQuote(bytes)
    expect(encodeTdxQuote(quote)).toEqual(bytes)
    expect(tdxSignedSize(quote)).toBe(signedSize)
    expect(encodeTdxSigned(quote)).toEqual(bytes.slice(0, signedSize))
    expect(quote.body.reportData).toEqual(REPORT_DATA)
    expect(encodeHex(quote.qeVendorId)).toBe(INTEL_QE_VENDOR_ID)
    expect(tdxMeasurements(quote)).toEqual(device.measurements)
    expect(decodePckChain(quote.signatureData.pckChain)).toHaveLength(3)
  })

  it('tells the fields of TD 1.5 from TD 1.0, which lacks them', () => {
    expect(decodeTdxQuote(v5).body.mrServiceTd).toHaveLength(48)
    expect(decodeTdxQuote(v5).body.teeTcbSvn2).toHaveLength(16)
    expect(decodeTdxQuote(v4).body).not.toHaveProperty('mrServiceTd')
    expect(decodeTdxQuote(v4).body).not.toHaveProperty('teeTcbSvn2')
  })

  it('leaves padding out of what identifies a quote', () => {
    expect(trimTdxQuote(concatBytes(v4, new Uint8Array(70)))).toEqual(v4)
    expect(trimTdxQuote(v4)).toEqual(v4)
  })

  it.each(SHAPES)('[F2] rejects %s cut at any offset, with a typed code', (_, bytes) => {
    const end = bytes.length - decodeTdxQuote(bytes).paddingSize
    const codes = new Set<string>()
    for (let size = 0; size < end; size++) codes.add(codeOf(() => decodeTdxQuote(bytes.slice(0, size))))
    expect([...codes]).toEqual(['EVIDENCE_TRUNCATED', 'TDX_LENGTH'])
  })

  it('[F1] rejects more than 32 KiB before it reads any', () => {
    expect(codeOf(() => decodeTdxQuote(new Uint8Array(32_769)))).toBe('EVIDENCE_TOO_LARGE')
    expect(codeOf(() => decodeTdxQuote(concatBytes(v4, new Uint8Array(32_768 - v4.length))))).toBe('ok')
  })

  it.each([
    ['version 3', altered(v4, 0, 3)],
    ['version 6', altered(v4, 0, 6)],
    ['a key of P-384', altered(v4, 2, 3)],
    ['an SGX quote', altered(v4, 4, 0)],
    ['another TEE', altered(v4, 5, 1)],
    ['the body of an enclave in version 5', altered(v5, 48, 1)],
    ['an unknown body type', altered(v5, 48, 4)],
  ])('[T1] rejects %s', (_, bytes) => {
    expect(codeOf(() => decodeTdxQuote(bytes))).toBe('TDX_HEADER')
  })

  it.each([
    ['the size of TD 1.0 with the type of TD 1.5', altered(v5, 50, 584 & 0xff, 584 >> 8)],
    ['the type of TD 1.0 with the size of TD 1.5', altered(v5, 48, 2)],
    ['a body size in the third octet', altered(v5, 52, 1)],
    ['signature data beyond the end', altered(v4, 634, 1)],
    ['signature data of 4 GiB', altered(v4, 632, 0xff, 0xff, 0xff, 0xff)],
    ['signature data one octet short', altered(v4, 632, ((v4[632] ?? 0) - 1) & 0xff)],
    ['no signature data', altered(v4, 632, 0, 0, 0, 0)],
    ['other than zeros behind it', concatBytes(v4, Uint8Array.of(0, 0, 1))],
    ['an outer size that differs', altered(v4, 636 + 130, 0)],
    ['QE auth data that run over the end', altered(v4, 636 + 134 + 448, 0xff, 0xff)],
    ['an inner size that differs', altered(v4, 636 + 134 + 450 + 32 + 2, 0)],
  ])('[T3] rejects %s', (_, bytes) => {
    expect(codeOf(() => decodeTdxQuote(bytes))).toBe('TDX_LENGTH')
  })

  it.each([0, 1, 32, 64, 1000])('takes QE auth data of %i octets', (size) => {
    const qeAuthData = new Uint8Array(size).fill(7)
    const bytes = device.quote(REPORT_DATA, { qeAuthData })
    expect(decodeTdxQuote(bytes).signatureData.qeAuthData).toEqual(qeAuthData)
    expect(encodeTdxQuote(decodeTdxQuote(bytes))).toEqual(bytes)
  })

  it.each([1, 2, 3, 4, 5, 7])('[T3] rejects outer certification data of type %i', (outerType) => {
    expect(codeOf(() => decodeTdxQuote(shaped(() => ({ outerType }))))).toBe('PARSE_INVALID')
  })

  it.each([1, 2, 3, 4, 6, 7])(
    '[T3] rejects inner certification data of type %i: nobody looks certificates up',
    (innerType) => {
      expect(codeOf(() => decodeTdxQuote(shaped(() => ({ innerType }))))).toBe('PARSE_INVALID')
    },
  )
})

describe('encodeTdxQuote', () => {
  it('refuses fields of another size than their own', () => {
    const quote = decodeTdxQuote(v4)
    expect(() => encodeTdxQuote({ ...quote, userData: new Uint8Array(21) })).toThrow(RangeError)
    const signatureData = { ...quote.signatureData, qeAuthData: new Uint8Array(65_536) }
    expect(() => encodeTdxQuote({ ...quote, signatureData })).toThrow(RangeError)
  })
})

describe('decodePckChain', () => {
  const pem = encodePem(device.pck, 'CERTIFICATE')

  it('takes certificates with and without one NUL at the end', () => {
    expect(decodePckChain(encodeUtf8(pem))).toEqual([device.pck])
    expect(decodePckChain(encodeUtf8(`${pem}${pem}\0`))).toEqual([device.pck, device.pck])
    expect(decodePckChain(encodeUtf8(pem.trimEnd()))).toEqual([device.pck])
  })

  it.each([
    ['nothing', '', 'PEM_INVALID'],
    ['two NULs', `${pem}\0\0`, 'PARSE_INVALID'],
    ['text before', `hello\n${pem}`, 'PEM_INVALID'],
    ['text between', `${pem}hello\n${pem}`, 'PEM_INVALID'],
    ['text behind', `${pem}hello`, 'PEM_INVALID'],
    ['another label', pem.replaceAll('CERTIFICATE', 'CRL'), 'PEM_INVALID'],
    ['a block that is not closed', pem.slice(0, -10), 'PEM_INVALID'],
    ['loose base64', pem.replace(/\n-----END/, '=\n-----END'), 'BASE64_STRICT'],
  ])('rejects %s', (_, text, code) => {
    expect(codeOf(() => decodePckChain(encodeUtf8(text)))).toBe(code)
  })

  it('reads hostile text in linear time', () => {
    const text = encodeUtf8('-----BEGIN CERTIFICATE-----\n'.repeat(1000))
    const start = performance.now()
    expect(codeOf(() => decodePckChain(text))).toBe('PEM_INVALID')
    expect(performance.now() - start).toBeLessThan(50)
  })
})

describe('decodeQeReport', () => {
  const report = decodeTdxQuote(v4).signatureData.qeReport

  it('takes back what the encoder gives', () => {
    expect(encodeQeReport(decodeQeReport(report))).toEqual(report)
  })

  it.each([0x14, 0x2f, 0x60, 0x7f, 0xa0, 0xff, 0x104, 0x13f])('rejects a reserved octet at %i', (at) => {
    expect(codeOf(() => decodeQeReport(altered(report, at, 1)))).toBe('PARSE_RESERVED')
  })

  it('[F2] rejects other sizes', () => {
    expect(codeOf(() => decodeQeReport(report.slice(0, -1)))).toBe('EVIDENCE_TRUNCATED')
    expect(codeOf(() => decodeQeReport(concatBytes(report, Uint8Array.of(0))))).toBe('PARSE_TRAILING')
  })
})

describe('decodePckExtension', () => {
  const decodeWith = (
    change: (entries: readonly SgxEntry[]) => readonly SgxEntry[],
    ca: 'platform' | 'processor' = 'platform',
  ) => decodePckExtension(decodeCertificate(createSimulatedTdx({ clock, ca, pki: device.pki, sgxEntries: change }).pck))
  const replace =
    (arc: string, value: Uint8Array) =>
    (entries: readonly SgxEntry[]): readonly SgxEntry[] =>
      entries.map((entry) => (entry[0] === arc ? [arc, value] : entry))
  const tcbWith = (change: (entries: readonly SgxEntry[]) => readonly SgxEntry[]) =>
    replace('2', encodeSgxExtension(change(tcbEntries(SIMULATED_PLATFORM))))

  it('reads a platform, and keeps its id for life to itself', () => {
    const pck = decodeWith((entries) => entries)
    expect(pck).toEqual({
      components: [...SIMULATED_PLATFORM.cpuSvn],
      pceSvn: 13,
      pceId: '0000',
      fmspc: encodeHex(SIMULATED_PLATFORM.fmspc),
      sgxType: 1,
      platformInstanceId: encodeHex(SIMULATED_PLATFORM.platformInstanceId),
    })
    expect(JSON.stringify(pck)).not.toContain(encodeHex(SIMULATED_PLATFORM.ppid))
    expect(decodeWith((entries) => entries, 'processor')).not.toHaveProperty('platformInstanceId')
  })

  it.each(['1', '2', '3', '4', '5'])('[T26] rejects an extension without field %s', (arc) => {
    expect(codeOf(() => decodeWith((entries) => entries.filter(([name]) => name !== arc)))).toBe('PCK_EXTENSION')
  })

  it.each(Array.from({ length: 18 }, (_, index) => `2.${index + 1}`))('[T26] rejects a TCB without %s', (arc) => {
    expect(codeOf(() => decodeWith(tcbWith((entries) => entries.filter(([name]) => name !== arc))))).toBe(
      'PCK_EXTENSION',
    )
  })

  it.each<readonly [string, (entries: readonly SgxEntry[]) => readonly SgxEntry[]]>([
    ['a field twice', (entries) => [...entries, ...entries.slice(3, 4)]],
    ['a field without a meaning here', (entries) => [...entries, ['8', octetString(new Uint8Array(2))]]],
    ['a PPID of another size', replace('1', octetString(new Uint8Array(15)))],
    ['a PCE id of another size', replace('3', octetString(new Uint8Array(3)))],
    ['an FMSPC of another size', replace('4', octetString(new Uint8Array(7)))],
    ['an FMSPC that is an integer', replace('4', unsigned(5))],
    ['an SGX type that is an integer', replace('5', unsigned(1))],
    ['an unknown SGX type', replace('5', Uint8Array.of(0x0a, 1, 3))],
    ['an instance id of another size', replace('6', octetString(new Uint8Array(17)))],
    ['a configuration that is not boolean', replace('7', encodeSgxExtension([['7.1', unsigned(1)]]))],
    ['a boolean that is neither', replace('7', encodeSgxExtension([['7.1', Uint8Array.of(1, 1, 1)]]))],
    ['a configuration with an unknown field', replace('7', encodeSgxExtension([['7.4', Uint8Array.of(1, 1, 0)]]))],
    ['a component above 255', tcbWith((entries) => replace('2.1', unsigned(256))(entries))],
    ['a component that is no integer', tcbWith((entries) => replace('2.1', octetString(Uint8Array.of(3)))(entries))],
    ['a PCESVN above 65535', tcbWith((entries) => replace('2.17', unsigned(65_536))(entries))],
    [
      'a CPUSVN that differs from the components',
      tcbWith((entries) => replace('2.18', octetString(new Uint8Array(16)))(entries)),
    ],
    ['a component twice', tcbWith((entries) => [...entries, ...entries.slice(0, 1)])],
    ['octets that are no DER', replace('2', Uint8Array.of(0x30, 0x80))],
  ])('[T26] rejects %s', (_, change) => {
    expect(codeOf(() => decodeWith(change))).toBe('PCK_EXTENSION')
  })

  it('[T26] rejects a certificate without the extension', () => {
    const certificate = decodeCertificate(device.pki.certificates.tcbSigning)
    expect(codeOf(() => decodePckExtension(certificate))).toBe('PCK_EXTENSION')
  })
})

describe('decodePcsDocument', () => {
  const signature = 'aB'.repeat(64)
  const cut = (text: string, member: 'tcbInfo' | 'enclaveIdentity' = 'tcbInfo') =>
    decodePcsDocument(encodeUtf8(text), member)

  it.each([
    [
      'as Intel serves it',
      '{"id":"TDX","a":[1,{"b":"}"}]}',
      (body: string) => `{"tcbInfo":${body},"signature":"${signature}"}`,
    ],
    ['behind the signature', '{"id":"TDX"}', (body: string) => `{"signature":"${signature}","tcbInfo":${body}}`],
    [
      'with white space of its own',
      '{ "id" :\n"TDX" }',
      (body: string) => ` { "tcbInfo" : ${body} , "signature" : "${signature}" } `,
    ],
    [
      'with its own name and brackets inside',
      '{"tcbInfo":{"x":"\\"}]{"},"y":"\\\\"}',
      (body: string) => `{"tcbInfo":${body},"signature":"${signature}"}`,
    ],
    ['with letters beyond ASCII', '{"id":"é€😀"}', (body: string) => `{"tcbInfo":${body},"signature":"${signature}"}`],
  ])('[T18] cuts the value out octet for octet, %s', (_, body, wrap) => {
    const document = cut(wrap(body))
    expect(document.body).toEqual(encodeUtf8(body))
    expect(document.signature).toEqual(new Uint8Array(64).fill(0xab))
  })

  it.each([
    ['a key twice', `{"tcbInfo":{},"tcbInfo":{},"signature":"${signature}"}`, 'JSON_DUPLICATE_KEY'],
    ['a key twice inside', `{"tcbInfo":{"id":1,"id":2},"signature":"${signature}"}`, 'JSON_DUPLICATE_KEY'],
    ['text behind', `{"tcbInfo":{},"signature":"${signature}"}x`, 'PARSE_TRAILING'],
    ['another member', `{"enclaveIdentity":{},"signature":"${signature}"}`, 'JSON_INVALID'],
    ['a member beside', `{"tcbInfo":{},"signature":"${signature}","x":1}`, 'JSON_INVALID'],
    ['a value that is no object', `{"tcbInfo":[],"signature":"${signature}"}`, 'JSON_INVALID'],
    ['no signature', '{"tcbInfo":{}}', 'JSON_INVALID'],
    ['a signature of another size', '{"tcbInfo":{},"signature":"ab"}', 'JSON_INVALID'],
    ['a key that is spelled with escapes', `{"tcb\\u0049nfo":{},"signature":"${signature}"}`, 'JSON_INVALID'],
    ['no JSON', 'tcbInfo', 'JSON_INVALID'],
    [
      'more than 256 KiB',
      `{"tcbInfo":{"x":"${'x'.repeat(1 << 18)}"},"signature":"${signature}"}`,
      'EVIDENCE_TOO_LARGE',
    ],
  ])('[F9] rejects %s', (_, text, code) => {
    expect(codeOf(() => cut(text))).toBe(code)
  })
})

describe('TDATTRIBUTES and XFAM', () => {
  const octets = (value: bigint): Uint8Array =>
    Uint8Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn))

  it('[T5] calls every bit of the first octet untrusted', () => {
    for (let bit = 0n; bit < 8n; bit++) expect(decodeTdAttributes(octets(1n << bit)).untrusted).toBe(true)
    expect(decodeTdAttributes(octets(1n << 28n))).toEqual({
      untrusted: false,
      septVeDisable: true,
      names: [],
      reserved: 0n,
    })
  })

  it('[T6] names the bits that have names, and no others', () => {
    const names = Array.from({ length: 64 }, (_, bit) => decodeTdAttributes(octets(1n << BigInt(bit))))
      .map(
        ({ names: [name], reserved, septVeDisable, untrusted }, bit) =>
          [
            bit,
            name ?? (septVeDisable || untrusted ? 'fixed' : reserved === 1n << BigInt(bit) ? 'reserved' : 'lost'),
          ] as const,
      )
      .filter(([bit, name]) => bit > 7 && name !== 'reserved')
    expect(names).toEqual([
      [27, 'LASS'],
      [28, 'fixed'],
      [29, 'MIGRATABLE'],
      [30, 'PKS'],
      [31, 'KL'],
      [62, 'TPA'],
      [63, 'PERFMON'],
    ])
  })

  it('[T6] asks XFAM for x87 and SSE, and for no more than modules give', () => {
    expect(xfamIsPossible(octets(0x602e7n))).toBe(true)
    expect(xfamIsPossible(octets(0x6dbe7n))).toBe(true)
    for (const wrong of [0n, 1n, 2n, 0x602e6n, 0x602e5n]) expect(xfamIsPossible(octets(wrong))).toBe(false)
    for (const bit of [3n, 4n, 10n, 13n, 16n, 19n, 32n, 63n])
      expect(xfamIsPossible(octets(3n | (1n << bit)))).toBe(false)
  })
})
