/** A software SEV-SNP: byte-exact reports under a throw-away root. It protects nothing; only a named root lets its evidence pass. @module */
import { createHash, randomBytes, sign } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { encodeHex } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import type { SnpQuote } from '../core/evidence/quoter.ts'
import {
  encodeSnpEndorsements,
  encodeSnpReport,
  encodeTcb,
  SNP_SIGNED_SIZE,
  type SnpEndorsements,
  type SnpProduct,
  type SnpReport,
  type SnpSignerKind,
  type Tcb,
} from '../core/snp/index.ts'
import { createSimulatedDevice, type Faults, type SimulatedQuoter, type Throttle } from './device.ts'
import type { Shape } from './issue-certificate.ts'
import { createSimulatedPki, type SimulatedPki } from './pki.ts'
import { issueVcek, issueVlek } from './vek.ts'

/** Every field of a report but those that the simulator must compute. */
export type SimulatedFields = Partial<Omit<SnpReport, 'signature' | 'reportData'>>

export interface SimulatedSnpOptions {
  /** Made earlier; else two RSA keys are made now, which takes seconds. Names the product. */
  readonly pki?: SimulatedPki
  readonly product?: SnpProduct
  readonly fields?: SimulatedFields
  /** Whose key signs; with `vlek` the chip's id is masked, as clouds do. */
  readonly signer?: SnpSignerKind
  /** The cloud provider in a VLEK. */
  readonly cspId?: string
  /** Alters the certificate of the signing key before it is signed. */
  readonly shape?: Shape
  /** Milliseconds that each report takes; a real one takes about 8. */
  readonly latencyMs?: number
  readonly throttle?: Throttle | 'none'
  readonly faults?: Faults
  readonly clock?: () => Date
  readonly sleep?: (ms: number) => Promise<void>
}

export interface SimulatedSnp {
  /** All that a server gets to see. */
  readonly quoter: SimulatedQuoter<SnpQuote>
  readonly endorsements: SnpEndorsements
  /** For `dangerouslyTrustSimulatedRoots`, `sha256:…`. */
  readonly rootFingerprint: string
  /** Launch digest of its reports, hex. */
  readonly measurement: string
  /** A signed report at once, past latency, throttle and faults. */
  report(reportData: Uint8Array, fields?: SimulatedFields): Uint8Array
  /** Signs 1184 octets as they are, malformed ones too: bytes 0x2A0 to 0x32F are replaced, all others kept. */
  signReport(report: Uint8Array): Uint8Array
}

const CPUIDS = {
  Milan: { family: 0x19, model: 0x01, stepping: 1 },
  Genoa: { family: 0x19, model: 0x11, stepping: 1 },
  Turin: { family: 0x1a, model: 0x02, stepping: 1 },
} as const
const TCBS: Readonly<Record<SnpProduct, Tcb>> = {
  Milan: { bootLoader: 4, tee: 0, snp: 24, microcode: 219 },
  Genoa: { bootLoader: 10, tee: 0, snp: 23, microcode: 84 },
  Turin: { fmc: 1, bootLoader: 1, tee: 0, snp: 4, microcode: 71 },
}
/** POLICY bit 17, always one, and bit 16, SMT. */
const POLICY = 0x30000n
/** SMT_EN, ECC_EN, ALIAS_CHECK_COMPLETE: what clouds report. */
const PLATFORM_INFO = 0x25n
const FIRMWARE = { major: 1, minor: 55, build: 40 } as const
const MEASUREMENT_TEXT = 'SIMULATED LAUNCH DIGEST: no hardware stands here'
/** Cloud provider of simulated VLEKs. */
const SIMULATED_CSP_ID = 'CN=simulated.cloud.example'
const SIGNATURE_OFFSET = 0x2a0
const SCALAR_FIELD = 72

/** Launch digest of simulated reports, hex. Its 48 octets are text that says so. */
export const SIMULATED_MEASUREMENT: string = encodeHex(encodeUtf8(MEASUREMENT_TEXT))

/** Makes a simulated machine with one chip, one firmware level and one guest. */
export async function createSimulatedSnp(options: SimulatedSnpOptions = {}): Promise<SimulatedSnp> {
  const { clock = () => new Date(), sleep = (ms) => wait(ms), latencyMs = 8, faults = [] } = options
  const { throttle = { burst: 10, stallMs: 10_000 } } = options
  const pki = options.pki ?? (await createSimulatedPki({ product: options.product ?? 'Genoa', clock }))
  const { signer = 'vcek' } = options
  const base: SnpReport = { ...defaultReport(pki.product), ...signedBy(signer), ...options.fields }
  const endorsements = endorse(pki, base, options, { signer, clock })
  const signReport = (report: Uint8Array): Uint8Array => signWith(pki, report)
  const report = (reportData: Uint8Array, fields: SimulatedFields = {}): Uint8Array =>
    signReport(encodeSnpReport(forVersion({ ...base, ...fields, reportData })))
  const auxblob = encodeSnpEndorsements(endorsements)
  const quoter = createSimulatedDevice<SnpQuote>({
    tee: 'snp',
    evidenceOf: report,
    quoteOf: (bytes) => ({ tee: 'snp', report: bytes, auxblob: auxblob.slice() }),
    latencyMs,
    throttle,
    faults,
    clock,
    sleep,
  })
  const { rootFingerprint } = pki
  return { quoter, endorsements, rootFingerprint, measurement: encodeHex(base.measurement), report, signReport }
}

/** What KEY_INFO and CHIP_ID say of the signer. */
function signedBy(signer: SnpSignerKind): SimulatedFields {
  if (signer === 'vcek') return {}
  return { keyInfo: { authorKeyEn: false, maskChipKey: false, signingKey: 1 }, chipId: new Uint8Array(64) }
}

function endorse(
  pki: SimulatedPki,
  { reportedTcb: tcb, chipId }: SnpReport,
  { shape, cspId = SIMULATED_CSP_ID }: SimulatedSnpOptions,
  { signer, clock }: { signer: SnpSignerKind; clock: () => Date },
): SnpEndorsements {
  const subject = { tcb, clock, ...(shape && { shape }) }
  const { ark, ask, asvk } = pki
  return signer === 'vcek'
    ? { vcek: issueVcek(pki, { ...subject, chipId }), ask, ark }
    : { vlek: issueVlek(pki, { ...subject, cspId }), asvk, ark }
}

function defaultReport(product: SnpProduct): SnpReport {
  const tcb = encodeTcb(TCBS[product], product)
  return {
    version: 3,
    guestSvn: 0,
    policy: POLICY,
    familyId: new Uint8Array(16),
    imageId: new Uint8Array(16),
    vmpl: 0,
    signatureAlgo: 1,
    currentTcb: tcb,
    platformInfo: PLATFORM_INFO,
    keyInfo: { authorKeyEn: false, maskChipKey: false, signingKey: 0 },
    reportData: new Uint8Array(64),
    measurement: encodeUtf8(MEASUREMENT_TEXT),
    hostData: new Uint8Array(32),
    idKeyDigest: new Uint8Array(48),
    authorKeyDigest: new Uint8Array(48),
    reportId: new Uint8Array(randomBytes(32)),
    reportIdMa: new Uint8Array(32).fill(0xff),
    reportedTcb: tcb,
    cpuid: CPUIDS[product],
    chipId: defaultChipId(product),
    committedTcb: tcb,
    current: FIRMWARE,
    committed: FIRMWARE,
    launchTcb: tcb,
    signature: new Uint8Array(96),
  }
}

/** Version 2 has no place for the processor. */
function forVersion({ cpuid, ...report }: SnpReport): SnpReport {
  return report.version === 2 || cpuid === undefined ? report : { ...report, cpuid }
}

function defaultChipId(product: SnpProduct): Uint8Array {
  const digest = new Uint8Array(createHash('sha512').update(`SIMULATED ${product} chip`).digest())
  if (product === 'Turin') digest.fill(0, 8)
  return digest
}

/** ECDSA P-384 with SHA-384 over the signed range; r and s little-endian in fields of 72 octets. */
function signWith({ keys }: SimulatedPki, report: Uint8Array): Uint8Array {
  const signed = report.slice()
  const signature = sign('sha384', signed.subarray(0, SNP_SIGNED_SIZE), { key: keys.vcek, dsaEncoding: 'ieee-p1363' })
  signed.fill(0, SIGNATURE_OFFSET, SIGNATURE_OFFSET + 2 * SCALAR_FIELD)
  signed.set(signature.subarray(0, 48).reverse(), SIGNATURE_OFFSET)
  signed.set(signature.subarray(48).reverse(), SIGNATURE_OFFSET + SCALAR_FIELD)
  return signed
}
