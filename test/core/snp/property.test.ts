/** Decoders throw MalformedError or nothing, and take back exactly what encoders give. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import {
  decodeCertificateTable,
  decodeEndorsementKey,
  decodeSnpEndorsements,
  decodeSnpReport,
  decodeTcb,
  encodeCertificateTable,
  encodeSnpEndorsements,
  encodeSnpReport,
  encodeTcb,
  SNP_PRODUCTS,
  type SnpReport,
} from '../../../src/core/snp/index.ts'
import { decodeCertificate, decodeKeyKind } from '../../../src/core/x509/index.ts'
import { MalformedError } from '../../../src/errors.ts'
import { readFixture, vcekEndorsements } from './fixture.ts'

const good = readFixture('genoa-v5')
const octets = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const u8 = fc.integer({ min: 0, max: 255 })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const firmware = fc.record({ major: u8, minor: u8, build: u8 })

const fields = {
  guestSvn: u32,
  policy: u64,
  familyId: octets(16),
  imageId: octets(16),
  vmpl: u32,
  signatureAlgo: u32,
  currentTcb: octets(8),
  platformInfo: u64,
  keyInfo: fc.record({
    authorKeyEn: fc.boolean(),
    maskChipKey: fc.boolean(),
    signingKey: fc.integer({ min: 0, max: 7 }),
  }),
  reportData: octets(64),
  measurement: octets(48),
  hostData: octets(32),
  idKeyDigest: octets(48),
  authorKeyDigest: octets(48),
  reportId: octets(32),
  reportIdMa: octets(32),
  reportedTcb: octets(8),
  chipId: octets(64),
  committedTcb: octets(8),
  current: firmware,
  committed: firmware,
  launchTcb: octets(8),
  signature: octets(96),
}
const cpuid = fc.record({ family: u8, model: u8, stepping: u8 })
const reports: fc.Arbitrary<SnpReport> = fc.oneof(
  fc.record({ version: fc.constant(2 as const), ...fields }),
  fc.record({ version: fc.constantFrom(3 as const, 4 as const), cpuid, ...fields }),
  fc.record({ version: fc.constant(5 as const), cpuid, launchMitVector: u64, currentMitVector: u64, ...fields }),
)

/** Octets of `base` with some of them changed, cut out or put in. */
const mutated = (base: Uint8Array) =>
  fc
    .array(fc.tuple(fc.nat(base.length - 1), u8, fc.constantFrom('set', 'cut', 'insert')), {
      minLength: 1,
      maxLength: 4,
    })
    .map((edits) =>
      edits.reduce((bytes, [at, value, edit]) => {
        const rest = edit === 'insert' ? bytes.slice(at) : bytes.slice(at + 1)
        return concatBytes(bytes.slice(0, at), edit === 'cut' ? new Uint8Array() : Uint8Array.of(value), rest)
      }, base),
    )

function onlyMalformed(decode: () => unknown): void {
  try {
    decode()
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedError)
  }
}

describe('SEV-SNP decoders', () => {
  it('take back every report that the encoder gives', () => {
    fc.assert(
      fc.property(reports, (report) => {
        expect(decodeSnpReport(encodeSnpReport(report))).toEqual(report)
      }),
    )
  })

  it('read one report from no other bytes', () => {
    fc.assert(
      fc.property(mutated(good.report), (bytes) =>
        onlyMalformed(() => expect(encodeSnpReport(decodeSnpReport(bytes))).toEqual(bytes)),
      ),
    )
  })

  it('take back every certificate table', () => {
    const guid = fc.uuid()
    const entries = fc.uniqueArray(fc.record({ guid, data: fc.uint8Array({ maxLength: 64 }) }), {
      selector: (entry) => entry.guid,
      maxLength: 8,
    })
    fc.assert(
      fc.property(entries, (table) => {
        expect(decodeCertificateTable(encodeCertificateTable(table))).toEqual(table)
      }),
    )
  })

  it('throw nothing but MalformedError on mutated tables', () => {
    const table = encodeSnpEndorsements(good.endorsements)
    fc.assert(fc.property(mutated(table.slice(0, 200)), (bytes) => onlyMalformed(() => decodeSnpEndorsements(bytes))))
  })

  it('throw nothing but MalformedError on mutated certificates', () => {
    const { vcek, ask, ark } = vcekEndorsements(good)
    for (const der of [vcek, ask, ark]) {
      fc.assert(
        fc.property(mutated(der), (bytes) =>
          onlyMalformed(() => {
            const certificate = decodeCertificate(bytes)
            for (const kind of ['vcek', 'vlek'] as const) onlyMalformed(() => decodeEndorsementKey(certificate, kind))
            decodeKeyKind(certificate.spki)
          }),
        ),
      )
    }
  })

  it('take back every TCB version in both layouts', () => {
    const level = fc.record({ bootLoader: u8, tee: u8, snp: u8, microcode: u8, fmc: u8 })
    fc.assert(
      fc.property(level, fc.constantFrom(...SNP_PRODUCTS), ({ fmc, ...rest }, product) => {
        const tcb = product === 'Turin' ? { fmc, ...rest } : rest
        expect(decodeTcb(encodeTcb(tcb, product), product)).toEqual(tcb)
      }),
    )
  })
})
