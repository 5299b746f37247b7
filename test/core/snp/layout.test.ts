/** Small layouts of SEV-SNP: products, bits, TCB versions, certificate tables. */
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import {
  decodeCertificateTable,
  decodeGuestPolicy,
  decodePlatformInfo,
  decodeSnpEndorsements,
  decodeTcb,
  encodeCertificateTable,
  encodeSnpEndorsements,
  formatTcb,
  productOfCpuid,
  SNP_CERTIFICATE_GUIDS,
} from '../../../src/core/snp/index.ts'
import { MalformedError } from '../../../src/errors.ts'
import { readFixture, vcekEndorsements } from './fixture.ts'

const endorsements = vcekEndorsements(readFixture('genoa-v3'))
const failing = (failure: string) => expect.objectContaining({ failure })

describe('product lines', () => {
  it.each([
    [0x19, 0x01, 'Milan'],
    [0x19, 0x0f, 'Milan'],
    [0x19, 0x10, 'Genoa'],
    [0x19, 0xa0, 'Genoa'],
    [0x19, 0xb0, undefined],
    [0x1a, 0x00, 'Turin'],
    [0x1a, 0x11, 'Turin'],
    [0x1a, 0x12, undefined],
    [0x1a, 0x50, undefined],
    [0x17, 0x31, undefined],
  ])('family %i model %i is %s', (family, model, product) => {
    expect(productOfCpuid({ family, model, stepping: 0 })).toBe(product)
  })
})

describe('bits', () => {
  it('names those of POLICY', () => {
    expect(decodeGuestPolicy(0x3001fn)).toMatchObject({
      abiMinor: 0x1f,
      abiMajor: 0,
      smt: true,
      debug: false,
      reservedAsDue: true,
    })
    expect(decodeGuestPolicy(0xb0000n)).toMatchObject({ debug: true, migrateMa: false })
    expect(decodeGuestPolicy(0x3f20000n)).toMatchObject({
      singleSocket: true,
      cxlAllow: true,
      memAes256Xts: true,
      raplDis: true,
      ciphertextHidingDram: true,
      pageSwapDisable: true,
      smt: false,
    })
  })

  it('names those of PLATFORM_INFO and shows the others', () => {
    expect(decodePlatformInfo(0x67n)).toMatchObject({
      smtEn: true,
      tsmeEn: true,
      eccEn: true,
      aliasCheckComplete: true,
      unknown: 0x40n,
    })
    expect(decodePlatformInfo(0x98n)).toMatchObject({
      raplDis: true,
      ciphertextHidingDramEn: true,
      sevTioEn: true,
      unknown: 0n,
    })
  })
})

describe('TCB versions', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 9)

  it('mean other things on Turin', () => {
    expect(formatTcb(decodeTcb(bytes, 'Turin'))).toBe('fmc 1, bootLoader 2, tee 3, snp 4, microcode 9')
    expect(() => decodeTcb(bytes, 'Genoa')).toThrow(failing('PARSE_RESERVED'))
    expect(() => decodeTcb(Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 0), 'Turin')).toThrow(failing('PARSE_RESERVED'))
    expect(() => decodeTcb(bytes.slice(1), 'Turin')).toThrow(failing('PARSE_LENGTH'))
  })
})

describe('certificate tables', () => {
  const table = encodeSnpEndorsements(endorsements)
  const entry = (offset: number, length: number) => {
    const out = table.slice()
    const view = new DataView(out.buffer)
    view.setUint32(16, offset, true)
    view.setUint32(20, length, true)
    return out
  }

  it('gives the chain', () => {
    expect(decodeSnpEndorsements(table)).toEqual(endorsements)
    expect(decodeCertificateTable(new Uint8Array())).toEqual([])
  })

  it('[F7] rejects an entry that points outside the data', () => {
    expect(() => decodeCertificateTable(entry(table.length - 1, 2))).toThrow(failing('PARSE_LENGTH'))
    expect(() => decodeCertificateTable(entry(0xffffffff, 0xffffffff))).toThrow(failing('PARSE_LENGTH'))
    expect(() => decodeCertificateTable(entry(24, 8))).toThrow(failing('PARSE_LENGTH'))
    expect(() => decodeCertificateTable(new Uint8Array(24 * 40).fill(1))).toThrow(failing('PARSE_LENGTH'))
  })

  it('[F2] rejects a table without its end', () => {
    expect(() => decodeCertificateTable(table.slice(0, 72))).toThrow(failing('EVIDENCE_TRUNCATED'))
  })

  it('[F1] rejects a table of more than 64 KiB', () => {
    expect(() => decodeCertificateTable(new Uint8Array(65_537))).toThrow(failing('EVIDENCE_TOO_LARGE'))
  })

  it('rejects a certificate that is named twice', () => {
    const twice = encodeCertificateTable(
      [1, 2].map(() => ({ guid: SNP_CERTIFICATE_GUIDS.ark, data: endorsements.ark })),
    )
    expect(() => decodeCertificateTable(twice)).toThrow(failing('PARSE_INVALID'))
  })

  it('[X3] rejects a table without one of the chain', () => {
    const { vcek, ask, ark } = SNP_CERTIFICATE_GUIDS
    const without = (left: string) =>
      encodeCertificateTable(
        [vcek, ask, ark].filter((guid) => guid !== left).map((guid) => ({ guid, data: concatBytes() })),
      )
    for (const guid of [vcek, ask, ark])
      expect(() => decodeSnpEndorsements(without(guid))).toThrow(failing('X509_CHAIN_BROKEN'))
  })

  it('[S13] gives the chain of a VLEK, its ASVK from the place of the ASK', () => {
    const { endorsements: given } = readFixture('vlek-genoa')
    expect(decodeSnpEndorsements(encodeSnpEndorsements(given))).toEqual(given)
    const [, issuer] = decodeCertificateTable(encodeSnpEndorsements(given))
    expect(issuer?.guid).toBe(SNP_CERTIFICATE_GUIDS.ask)
  })

  it('[S13] rejects a VLEK without its ASVK', () => {
    const vlek = encodeCertificateTable([{ guid: SNP_CERTIFICATE_GUIDS.vlek, data: endorsements.vcek }])
    expect(() => decodeSnpEndorsements(vlek)).toThrow(failing('X509_CHAIN_BROKEN'))
    expect(() => decodeSnpEndorsements(vlek)).toThrow('no ASVK, no ARK')
  })

  it('takes the VCEK where a host sends both kinds, as it says more', () => {
    const { endorsements: other } = readFixture('vlek-genoa')
    const [vlek] = decodeCertificateTable(encodeSnpEndorsements(other))
    const both = encodeCertificateTable([...(vlek ? [vlek] : []), ...decodeCertificateTable(table)])
    expect(decodeSnpEndorsements(both)).toEqual(endorsements)
  })

  it('passes over entries of the host, which nothing authenticates', () => {
    const gce = { guid: '9f4116cd-c503-4f5a-8f6f-fb68882f4ce2', data: Uint8Array.of(10, 0) }
    const extra = { guid: 'ecae0c0f-9502-43b1-afa2-0ae2e0d565b6', data: Uint8Array.of(8, 0, 0, 0, 1, 0, 0, 0) }
    const empty = { guid: 'ffffffff-ffff-ffff-ffff-ffffffffffff', data: new Uint8Array() }
    const more = encodeCertificateTable([gce, ...decodeCertificateTable(table), extra, empty])
    expect(decodeSnpEndorsements(more)).toEqual(endorsements)
  })

  it('[F2] rejects a table that is cut at any offset', () => {
    const codes = new Map<string, number>()
    for (let end = 0; end < table.length; end++) {
      try {
        decodeSnpEndorsements(table.slice(0, end))
        codes.set('none', end)
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error
        codes.set(error.failure, end)
      }
    }
    // Nothing at all is a table without certificates; then its head is cut, then its data.
    expect([...codes.keys()]).toEqual(['X509_CHAIN_BROKEN', 'EVIDENCE_TRUNCATED', 'PARSE_LENGTH'])
    expect(codes.get('X509_CHAIN_BROKEN')).toBe(0)
  })
})
