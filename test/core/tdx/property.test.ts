/** Decoders throw MalformedError or nothing, take back exactly what encoders give, and levels count in no order. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  createTdxRoots,
  decodePckChain,
  decodePckExtension,
  decodePcsDocument,
  decodeQeIdentity,
  decodeQeReport,
  decodeTcbInfo,
  decodeTdxPolicy,
  decodeTdxQuote,
  encodeQeReport,
  encodeTdxQuote,
  OID_PCK_EXTENSION,
  type TdxCollateral,
  type TdxQuote,
  verifyTdxQuote,
} from '../../../src/core/tdx/index.ts'
import { type Certificate, decodeCertificate } from '../../../src/core/x509/index.ts'
import { MalformedError } from '../../../src/errors.ts'
import { createSimulatedCollateral, createSimulatedTdx } from '../../../src/simulator/index.ts'
import type { SimulatedCollateralOptions } from '../../../src/simulator/tdx-collateral.ts'
import { type PlatformLevelFields, SIMULATED_LEVELS, SIMULATED_MODULES } from '../../../src/simulator/tdx-documents.ts'
import { encodeSgxExtension, SIMULATED_PLATFORM, sgxEntries } from '../../../src/simulator/tdx-platform.ts'
import { assembleQuote, encodeSignedPart } from '../../../src/simulator/tdx-quote.ts'
import { basePolicy, readFixture } from './fixture.ts'

const good = readFixture('v4')
const td15 = readFixture('v5-td15')
const octets = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const u8 = fc.integer({ min: 0, max: 255 })
const u16 = fc.integer({ min: 0, max: 0xffff })
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

/** Octets of `base` with some of them changed, cut out or put in. */
const mutated = (base: Uint8Array) =>
  fc
    .array(fc.tuple(fc.nat(base.length - 1), u8, fc.constantFrom('set', 'cut', 'insert', 'end')), {
      minLength: 1,
      maxLength: 4,
    })
    .map((edits) =>
      edits.reduce((bytes, [at, value, edit]) => {
        if (edit === 'end') return bytes.slice(0, at)
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

const body = {
  teeTcbSvn: octets(16),
  mrSeam: octets(48),
  mrSignerSeam: octets(48),
  seamAttributes: octets(8),
  tdAttributes: octets(8),
  xfam: octets(8),
  mrTd: octets(48),
  mrConfigId: octets(48),
  mrOwner: octets(48),
  mrOwnerConfig: octets(48),
  rtMr0: octets(48),
  rtMr1: octets(48),
  rtMr2: octets(48),
  rtMr3: octets(48),
  reportData: octets(64),
}
const signatureData = fc.record({
  signature: octets(64),
  attestationKey: octets(64),
  qeReport: octets(384),
  qeReportSignature: octets(64),
  qeAuthData: fc.uint8Array({ maxLength: 80 }),
  pckChain: fc.uint8Array({ maxLength: 80 }),
})
const around = {
  reserved: octets(4),
  qeVendorId: octets(16),
  userData: octets(20),
  signatureData,
  paddingSize: fc.nat(40),
}
const td10Body = fc.record({ bodyType: fc.constant(2 as const), ...body })
const td15Body = fc.record({
  bodyType: fc.constant(3 as const),
  ...body,
  teeTcbSvn2: octets(16),
  mrServiceTd: octets(48),
})
const quotes: fc.Arbitrary<TdxQuote> = fc.oneof(
  fc.record({ version: fc.constant(4 as const), ...around, body: td10Body }),
  fc.record({ version: fc.constant(5 as const), ...around, body: fc.oneof(td10Body, td15Body) }),
)

describe('TDX decoders', () => {
  it('take back every quote that the encoder gives', () => {
    fc.assert(
      fc.property(quotes, (quote) => {
        expect(decodeTdxQuote(encodeTdxQuote(quote))).toEqual(quote)
      }),
    )
  })

  it('read one quote from no other bytes', () => {
    for (const { quote } of [good, td15])
      fc.assert(
        fc.property(mutated(quote), (bytes) =>
          onlyMalformed(() => expect(encodeTdxQuote(decodeTdxQuote(bytes))).toEqual(bytes)),
        ),
      )
  })

  it('find every field where a writer that shares no code with them puts it', () => {
    const integers = fc.record({ seamAttributes: u64, tdAttributes: u64, xfam: u64 })
    const header = fc.record({ version: fc.constantFrom(4, 5), qeVendorId: octets(16), userData: octets(20) })
    const little = (value: bigint): Uint8Array =>
      Uint8Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn))
    fc.assert(
      fc.property(header, td15Body, integers, signatureData, (head, report, numbers, data) => {
        const { bodyType, teeTcbSvn2, mrServiceTd, ...common } = report
        const fields = { attestationKeyType: 2, teeType: 0x81, ...head, ...report, ...numbers }
        const { pckChain, ...parts } = data
        const quote = assembleQuote({
          signed: encodeSignedPart(fields),
          outerType: 6,
          innerType: 5,
          innerData: pckChain,
          padding: new Uint8Array(3),
          ...parts,
        })
        const attributes = {
          seamAttributes: little(numbers.seamAttributes),
          tdAttributes: little(numbers.tdAttributes),
          xfam: little(numbers.xfam),
        }
        expect(decodeTdxQuote(quote)).toEqual({
          ...head,
          reserved: new Uint8Array(4),
          body:
            head.version === 4
              ? { bodyType: 2, ...common, ...attributes }
              : { bodyType, teeTcbSvn2, mrServiceTd, ...common, ...attributes },
          signatureData: data,
          paddingSize: 3,
        })
      }),
    )
  })

  it('read one enclave report from no other bytes', () => {
    const { qeReport } = decodeTdxQuote(good.quote).signatureData
    expect(encodeQeReport(decodeQeReport(qeReport))).toEqual(qeReport)
    fc.assert(
      fc.property(mutated(qeReport), (bytes) =>
        onlyMalformed(() => expect(encodeQeReport(decodeQeReport(bytes))).toEqual(bytes)),
      ),
    )
  })

  it('throw nothing but MalformedError on mutated PCK chains', () => {
    const { pckChain } = decodeTdxQuote(good.quote).signatureData
    fc.assert(fc.property(mutated(pckChain), (bytes) => onlyMalformed(() => decodePckChain(bytes))))
  })

  it('throw nothing but MalformedError on mutated and arbitrary documents', () => {
    for (const [decode, { body: text }] of [
      [decodeTcbInfo, good.collateral.tcbInfo],
      [decodeQeIdentity, good.collateral.qeIdentity],
    ] as const) {
      const json = fc.json().map(encodeUtf8)
      fc.assert(fc.property(fc.oneof(mutated(text), json), (bytes) => onlyMalformed(() => decode(bytes))))
    }
  })

  it('throw nothing but MalformedError on mutated responses, and cut out the very octets that were signed', () => {
    for (const [member, { body: signed, signature }] of [
      ['tcbInfo', good.collateral.tcbInfo],
      ['enclaveIdentity', good.collateral.qeIdentity],
    ] as const) {
      const response = concatBytes(
        encodeUtf8(`{"${member}":`),
        signed,
        encodeUtf8(`,"signature":"${encodeHex(signature)}"}`),
      )
      expect(decodePcsDocument(response, member)).toEqual({ body: signed, signature })
      fc.assert(fc.property(mutated(response), (bytes) => onlyMalformed(() => decodePcsDocument(bytes, member))))
    }
  })

  it('throw nothing but PCK_EXTENSION on mutated SGX extensions', () => {
    const [leaf = new Uint8Array()] = decodePckChain(decodeTdxQuote(good.quote).signatureData.pckChain)
    const certificate = decodeCertificate(leaf)
    const value = certificate.extensions.find(({ oid }) => oid === OID_PCK_EXTENSION)?.value ?? new Uint8Array()
    const holding = (changed: Uint8Array): Certificate => ({
      ...certificate,
      extensions: [{ oid: OID_PCK_EXTENSION, critical: false, value: changed }],
    })
    expect(value.length).toBeGreaterThan(500)
    fc.assert(
      fc.property(mutated(value), (changed) => {
        try {
          decodePckExtension(holding(changed))
        } catch (error) {
          expect(error).toMatchObject({ failure: 'PCK_EXTENSION' })
        }
      }),
    )
  })

  it('take back every platform from its PCK certificate', () => {
    const { pki } = createSimulatedTdx({ clock: () => good.expectations.at })
    const platforms = fc.record({
      ppid: octets(16),
      cpuSvn: octets(16),
      pceSvn: u16,
      pceId: octets(2),
      fmspc: octets(6),
      platformInstanceId: octets(16),
    })
    const template = decodeCertificate(pki.certificates.root)
    fc.assert(
      fc.property(platforms, fc.constantFrom('platform', 'processor'), (platform, ca) => {
        const value = encodeSgxExtension(sgxEntries(platform, ca))
        const extensions = [{ oid: OID_PCK_EXTENSION, critical: false, value }]
        expect(decodePckExtension({ ...template, extensions })).toEqual({
          components: [...platform.cpuSvn],
          pceSvn: platform.pceSvn,
          pceId: encodeHex(platform.pceId),
          fmspc: encodeHex(platform.fmspc),
          sgxType: ca === 'platform' ? 1 : 0,
          ...(ca === 'platform' && { platformInstanceId: encodeHex(platform.platformInstanceId) }),
        })
      }),
    )
  })
})

describe('TCB levels', () => {
  const { at, reportData } = good.expectations
  const clock = (): Date => at
  const tdx = createSimulatedTdx({ clock })
  const policy = decodeTdxPolicy(basePolicy())
  const publish = (options: SimulatedCollateralOptions): TdxCollateral =>
    createSimulatedCollateral(tdx.pki, { ca: 'platform', platform: SIMULATED_PLATFORM, clock }, options)
  const judge = (collateral: TdxCollateral, version: number) =>
    verifyTdxQuote(
      {
        quote: tdx.quote(new Uint8Array(64), {
          teeTcbSvn: Uint8Array.from({ length: 16 }, (_, i) => [5, version, 3][i] ?? 0),
        }),
      },
      collateral,
      policy,
      {
        at,
        reportData: 'unchecked',
        measurements: 'unchecked',
        roots: createTdxRoots({ roots: 'built-in', simulated: [tdx.rootFingerprint] }),
      },
    )
  const [best = SIMULATED_LEVELS[0]] = SIMULATED_LEVELS
  const raised = (change: (level: PlatformLevelFields) => Partial<PlatformLevelFields>): TdxCollateral =>
    publish({ tcbInfo: { levels: best === undefined ? [] : [{ ...best, ...change(best) }] } })
  const plusOne = (all: readonly number[], index: number): readonly number[] =>
    all.map((svn, i) => (i === index ? svn + 1 : svn))

  it('[T23] are selected the same in every order', async () => {
    expect(reportData).not.toBe('unchecked')
    const orders = fc.record({
      levels: fc.shuffledSubarray([...SIMULATED_LEVELS], { minLength: SIMULATED_LEVELS.length }),
      modules: fc.shuffledSubarray([...SIMULATED_MODULES], { minLength: SIMULATED_MODULES.length }),
    })
    await fc.assert(
      fc.asyncProperty(orders, fc.constantFrom(0, 1), async (tcbInfo, version) => {
        const verdict = await judge(publish({ tcbInfo }), version)
        expect(verdict).toMatchObject({ ok: true, value: { tcb: { status: 'UpToDate' } } })
      }),
      { numRuns: 40 },
    )
  })

  it('[T23] are compared in each of 16 SGX components', async () => {
    for (const index of SIMULATED_PLATFORM.cpuSvn.keys()) {
      const verdict = await judge(
        raised(({ sgx }) => ({ sgx: plusOne(sgx, index) })),
        1,
      )
      expect([index, verdict]).toMatchObject([index, { ok: false, code: 'TDX_TCB_NONE' }])
    }
  })

  it('[T23] are compared in PCESVN', async () => {
    const verdict = await judge(
      raised(({ pceSvn }) => ({ pceSvn: pceSvn + 1 })),
      1,
    )
    expect(verdict).toMatchObject({ ok: false, code: 'TDX_TCB_NONE' })
  })

  it('[T23] are compared in each of 16 TDX components, of which a module identity judges the first two', async () => {
    for (let index = 0; index < 16; index++) {
      const collateral = raised(() => ({ tdx: plusOne([5, 0, 3, ...new Array<number>(13).fill(0)], index) }))
      expect([index, await judge(collateral, 0)]).toMatchObject([index, { ok: false, code: 'TDX_TCB_NONE' }])
      const due = index < 2 ? { ok: true } : { ok: false, code: 'TDX_TCB_NONE' }
      expect([index, await judge(collateral, 1)]).toMatchObject([index, due])
    }
  })
})
