/** A software TDX: byte-exact quotes and collateral under a throw-away root. It protects nothing; only a named root lets its evidence pass. @module */
import { createHash, createPublicKey, sign } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { concatBytes, decodeHex, encodeHex } from '../core/encoding/bytes.ts'
import { encodePem } from '../core/encoding/pem.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import type { TdxQuote } from '../core/evidence/quoter.ts'
import type { TdxCollateral } from '../core/tdx/collateral.ts'
import { createSimulatedDevice, type Faults, type SimulatedQuoter, type Throttle } from './device.ts'
import { type Shape, spkiOf } from './issue-certificate.ts'
import { createSimulatedCollateral, type SimulatedCollateralOptions } from './tdx-collateral.ts'
import { SIMULATED_QE_SIGNER } from './tdx-documents.ts'
import { createSimulatedTdxPki, issuePck, type PckCa, type SimulatedTdxPki } from './tdx-pki.ts'
import { type SgxEntry, SIMULATED_PLATFORM, type SimulatedPlatform } from './tdx-platform.ts'
import {
  assembleQuote,
  encodeQeReport,
  encodeSignedPart,
  type QeReportFields,
  type QuoteHeaderFields,
  type QuoteParts,
  type TdBodyFields,
} from './tdx-quote.ts'

/** Every field of a quote but those that the simulator must compute. */
export interface TdxQuoteFields
  extends QuoteHeaderFields,
    Omit<TdBodyFields, 'reportData'>,
    Omit<QeReportFields, 'qeCpuSvn'> {
  readonly qeAuthData: Uint8Array
  /** Zero octets behind the quote: buffers of kernels have them. */
  readonly padding: number
}

/** Alters the pieces of a quote: before they are signed, and after. */
export interface QuoteShapes {
  readonly unsigned?: (parts: QuoteParts) => QuoteParts
  readonly signed?: (parts: QuoteParts) => QuoteParts
}

export interface SimulatedTdxOptions {
  readonly pki?: SimulatedTdxPki
  /** Issuer of the PCK certificate. */
  readonly ca?: PckCa
  readonly platform?: Partial<SimulatedPlatform>
  readonly fields?: Partial<TdxQuoteFields>
  /** Alters the entries of the SGX extension. */
  readonly sgxEntries?: (entries: readonly SgxEntry[]) => readonly SgxEntry[]
  /** Alters the PCK certificate before it is signed. */
  readonly shape?: Shape
  readonly collateral?: SimulatedCollateralOptions
  /** Handed out beside each quote. */
  readonly eventLog?: Uint8Array
  /** Milliseconds that each quote takes; a real one takes tens. */
  readonly latencyMs?: number
  readonly throttle?: Throttle | 'none'
  readonly faults?: Faults
  readonly clock?: () => Date
  readonly sleep?: (ms: number) => Promise<void>
}

/** Lower-case hex. */
export interface SimulatedTdxMeasurements {
  readonly mrTd: string
  readonly rtMr0: string
  readonly rtMr1: string
  readonly rtMr2: string
}

export interface SimulatedTdx {
  /** All that a server gets to see. */
  readonly quoter: SimulatedQuoter<TdxQuote>
  /** What a simulated Intel says of this platform for 30 days from yesterday. */
  readonly collateral: TdxCollateral
  /** For `dangerouslyTrustSimulatedRoots`, `sha256:…`. */
  readonly rootFingerprint: string
  readonly measurements: SimulatedTdxMeasurements
  /** PCK certificate, DER. */
  readonly pck: Uint8Array
  readonly pki: SimulatedTdxPki
  /** A signed quote at once, past latency, throttle and faults. */
  quote(reportData: Uint8Array, fields?: Partial<TdxQuoteFields>, shapes?: QuoteShapes): Uint8Array
}

const MEASUREMENT_SIZE = 48
/** SEPT_VE_DISABLE. */
const TD_ATTRIBUTES = 1n << 28n
/** x87, SSE, AVX, AVX-512, protection keys, AMX: what clouds report. */
const XFAM = 0x602e7n
const QE_VENDOR = decodeHex('939a7233f79c4ca9940a0db3957f0607')
/** INIT, MODE64BIT, PROVISION_KEY; XFRM of the host. */
const QE_ATTRIBUTES = decodeHex('1500000000000000e700000000000000')
const OUTER_TYPE = 6
const PEM_CHAIN_TYPE = 5

/** A register that holds text. */
function labelled(text: string): Uint8Array {
  return encodeUtf8(text.padEnd(MEASUREMENT_SIZE, '.'))
}

const MR_TD = labelled('SIMULATED MRTD: no hardware stands here')
const RTMRS = [0, 1, 2].map((index) => labelled(`SIMULATED RTMR${index}: no hardware stands here`))

/** Measurements of simulated trust domains: text that says so. */
export const SIMULATED_TDX_MEASUREMENTS: SimulatedTdxMeasurements = {
  mrTd: encodeHex(MR_TD),
  rtMr0: encodeHex(rtMr(0)),
  rtMr1: encodeHex(rtMr(1)),
  rtMr2: encodeHex(rtMr(2)),
}

function rtMr(index: number): Uint8Array {
  return RTMRS[index] ?? new Uint8Array(MEASUREMENT_SIZE)
}

/** Makes a simulated platform with one trust domain, and the collateral for it. All of its keys are P-256, so it is made in milliseconds. */
export function createSimulatedTdx(options: SimulatedTdxOptions = {}): SimulatedTdx {
  const { clock = () => new Date(), sleep = (ms) => wait(ms), latencyMs = 30, faults = [] } = options
  const { throttle = 'none', ca = 'platform', sgxEntries, shape, eventLog } = options
  const pki = options.pki ?? createSimulatedTdxPki({ clock })
  const platform = { ...SIMULATED_PLATFORM, ...options.platform }
  const base = { ...defaultFields(), ...options.fields }
  const pck = issuePck(pki, {
    ca,
    platform,
    clock,
    ...(sgxEntries && { entries: sgxEntries }),
    ...(shape && { shape }),
  })
  const quote = (reportData: Uint8Array, fields: Partial<TdxQuoteFields> = {}, shapes: QuoteShapes = {}): Uint8Array =>
    signQuote(
      { ...base, ...fields, reportData, qeCpuSvn: platform.cpuSvn },
      { pki, chain: chainOf(pki, ca, pck) },
      shapes,
    )
  const quoter = createSimulatedDevice<TdxQuote>({
    tee: 'tdx',
    evidenceOf: (reportData) => quote(reportData),
    quoteOf: (bytes) => ({ tee: 'tdx', quote: bytes, ...(eventLog && { eventLog: eventLog.slice() }) }),
    latencyMs,
    throttle,
    faults,
    clock,
    sleep,
  })
  return {
    quoter,
    collateral: createSimulatedCollateral(pki, { ca, platform, clock }, options.collateral),
    rootFingerprint: pki.rootFingerprint,
    measurements: measurementsOf(base),
    pck,
    pki,
    quote,
  }
}

function measurementsOf({ mrTd, rtMr0, rtMr1, rtMr2 }: TdxQuoteFields): SimulatedTdxMeasurements {
  return { mrTd: encodeHex(mrTd), rtMr0: encodeHex(rtMr0), rtMr1: encodeHex(rtMr1), rtMr2: encodeHex(rtMr2) }
}

function chainOf({ certificates }: SimulatedTdxPki, ca: PckCa, pck: Uint8Array): readonly Uint8Array[] {
  return [pck, ca === 'platform' ? certificates.platformCa : certificates.processorCa, certificates.root]
}

/** As quoting enclaves write it: PEM blocks and one NUL. */
export function encodePckChain(chain: readonly Uint8Array[]): Uint8Array {
  return concatBytes(encodeUtf8(chain.map((der) => encodePem(der, 'CERTIFICATE')).join('')), Uint8Array.of(0))
}

function defaultFields(): TdxQuoteFields {
  const zero = new Uint8Array(MEASUREMENT_SIZE)
  return {
    version: 4,
    bodyType: 2,
    attestationKeyType: 2,
    teeType: 0x81,
    qeVendorId: QE_VENDOR,
    userData: encodeUtf8('SIMULATED QE ID.\0\0\0\0'),
    teeTcbSvn: svns(5, 1, 3),
    mrSeam: labelled('SIMULATED MRSEAM'),
    mrSignerSeam: zero,
    seamAttributes: 0n,
    tdAttributes: TD_ATTRIBUTES,
    xfam: XFAM,
    mrTd: MR_TD,
    mrConfigId: zero,
    mrOwner: zero,
    mrOwnerConfig: zero,
    rtMr0: rtMr(0),
    rtMr1: rtMr(1),
    rtMr2: rtMr(2),
    rtMr3: zero,
    teeTcbSvn2: svns(5, 1, 3),
    mrServiceTd: zero,
    qeMiscSelect: 0,
    qeAttributes: QE_ATTRIBUTES,
    qeMrEnclave: encodeUtf8('SIMULATED QUOTING ENCLAVE.......'),
    qeMrSigner: SIMULATED_QE_SIGNER,
    qeIsvProdId: 2,
    qeIsvSvn: 6,
    qeAuthData: Uint8Array.from({ length: 32 }, (_, index) => index),
    padding: 0,
  }
}

/** TEE_TCB_SVN of which the first octets are given. */
export function svns(...first: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, index) => first[index] ?? 0)
}

/** The three signatures: the attestation key over header and body, the PCK key over the enclave's report, and the issuers' are in `chain`. */
function signQuote(
  fields: TdxQuoteFields & TdBodyFields & QeReportFields,
  { pki, chain }: { readonly pki: SimulatedTdxPki; readonly chain: readonly Uint8Array[] },
  { unsigned = (parts) => parts, signed = (parts) => parts }: QuoteShapes,
): Uint8Array {
  const { keys } = pki
  const { qeAuthData, padding } = fields
  // SubjectPublicKeyInfo of P-256 ends in x || y.
  const attestationKey = spkiOf(createPublicKey(keys.attestation)).slice(-64)
  const bound = createHash('sha256').update(attestationKey).update(qeAuthData).digest()
  const parts = unsigned({
    signed: encodeSignedPart(fields),
    signature: new Uint8Array(64),
    attestationKey,
    outerType: OUTER_TYPE,
    qeReport: encodeQeReport(fields, concatBytes(bound, new Uint8Array(32))),
    qeReportSignature: new Uint8Array(64),
    qeAuthData,
    innerType: PEM_CHAIN_TYPE,
    innerData: encodePckChain(chain),
    padding: new Uint8Array(padding),
  })
  const es256 = (key: SimulatedTdxPki['keys']['pck'], bytes: Uint8Array): Uint8Array =>
    new Uint8Array(sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }))
  return assembleQuote(
    signed({
      ...parts,
      signature: es256(keys.attestation, parts.signed),
      qeReportSignature: es256(keys.pck, parts.qeReport),
    }),
  )
}
