/** A software Nitro: byte-exact attestation documents under a throw-away root. It protects nothing; only a named root lets them pass. @module */
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { encodeHex } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import type { NitroQuote } from '../core/evidence/quoter.ts'
import type { NitroKind, NitroMeasurements } from '../core/nitro/index.ts'
import { createSimulatedDevice, type Faults, type SimulatedQuoter, type Throttle } from './device.ts'
import type { Shape } from './issue-certificate.ts'
import { type NitroFields, type NitroShapes, writeNitroDocument } from './nitro-document.ts'
import {
  createSimulatedNitroPki,
  issueNitroChain,
  type NitroChain,
  type NitroLevel,
  type SimulatedNitroPki,
} from './nitro-pki.ts'

export interface SimulatedNitroOptions {
  readonly pki?: SimulatedNitroPki
  /** Which kind of document it makes. */
  readonly kind?: NitroKind
  readonly region?: string
  /** Registers that differ from those of an enclave without role, signature or registers of its own: `new Map([[16, …]])`. */
  readonly registers?: ReadonlyMap<number, Uint8Array>
  readonly fields?: Partial<NitroFields>
  /** Alters a certificate below the root before it is signed. */
  readonly certificateShapes?: Partial<Readonly<Record<NitroLevel, Shape>>>
  /** Milliseconds that each document takes; nobody has published what a real one takes. */
  readonly latencyMs?: number
  readonly throttle?: Throttle | 'none'
  readonly faults?: Faults
  readonly clock?: () => Date
  readonly sleep?: (ms: number) => Promise<void>
}

export interface SimulatedNitro {
  /** All that a server gets to see. */
  readonly quoter: SimulatedQuoter<NitroQuote>
  /** For `dangerouslyTrustSimulatedRoots`, `sha256:…`. */
  readonly rootFingerprint: string
  readonly measurements: NitroMeasurements
  readonly pki: SimulatedNitroPki
  /** The certificates that documents carry now. Issued anew before the leaf ends. */
  chain(): NitroChain
  /** A signed document at once, past latency, throttle and faults. */
  document(userData: Uint8Array, fields?: Partial<NitroFields>, shapes?: NitroShapes): Uint8Array
}

const INSTANCE = 'i-0123456789abcdef0'
const MODULE_IDS = { enclave: `${INSTANCE}-enc0123456789abcdef`, nitrotpm: `${INSTANCE}-tpm0123456789abcdef` } as const
const REGISTER_SIZE = 48
/** Registers that every document of its kind carries: what is locked at boot, and the bank of a TPM. */
const REGISTER_COUNTS = { enclave: 16, nitrotpm: 24 } as const
/** A leaf lives three hours; a document signed under its last minutes would be of little use. */
const CHAIN_LIFE_MS = 2 * 3600 * 1000

const ZERO = new Uint8Array(REGISTER_SIZE)

function labelled(index: number): Uint8Array {
  return encodeUtf8(`SIMULATED PCR${index}: no hardware stands here`.padEnd(REGISTER_SIZE, '.'))
}

/** One extension of a register that was zero. */
function extended(text: string): Uint8Array {
  return new Uint8Array(createHash('sha384').update(ZERO).update(text).digest())
}

/** Registers that are not zero: text that says what they are, and PCR4 of an enclave as AWS forms it. */
const REGISTERS: Readonly<Record<NitroKind, ReadonlyMap<number, Uint8Array>>> = {
  enclave: new Map([...[0, 1, 2].map((index) => [index, labelled(index)] as const), [4, extended(INSTANCE)]]),
  nitrotpm: new Map([0, 1, 2, 3, 4, 5, 6, 7, 12].map((index) => [index, labelled(index)] as const)),
}

/** Registers of simulated enclaves and instances: text that says so. */
export const SIMULATED_NITRO_MEASUREMENTS: {
  readonly enclave: NitroMeasurements
  readonly nitrotpm: NitroMeasurements
} = {
  enclave: { document: 'enclave', pcr0: hexOf(0), pcr1: hexOf(1), pcr2: hexOf(2) },
  nitrotpm: { document: 'nitrotpm', pcr4: hexOf(4), pcr7: hexOf(7), pcr12: hexOf(12) },
}

function hexOf(index: number): string {
  return encodeHex(labelled(index))
}

/** Makes a simulated instance with one enclave, or one with a NitroTPM. All keys are P-384, so it is made in milliseconds. */
export function createSimulatedNitro(options: SimulatedNitroOptions = {}): SimulatedNitro {
  const { clock = () => new Date(), sleep = (ms) => wait(ms), latencyMs = 10, faults = [] } = options
  const { throttle = 'none', kind = 'enclave', fields: base = {} } = options
  const pki = options.pki ?? createSimulatedNitroPki({ clock })
  const moduleId = base.moduleId ?? MODULE_IDS[kind]
  const chain = renewing(clock, () => issueChain(pki, { ...options, clock, moduleId }))
  const pcrs = registersOf(kind, options.registers ?? new Map())
  const document = (userData: Uint8Array, fields: Partial<NitroFields> = {}, shapes: NitroShapes = {}): Uint8Array => {
    const defaults = { kind, moduleId, digest: 'SHA384', timestamp: clock().getTime(), pcrs, ...chain() }
    const optional = { publicKey: 'null', userData, nonce: 'null' } as const
    return writeNitroDocument({ ...defaults, ...optional, ...base, ...fields }, pki.keys.leaf, shapes)
  }
  const quoter = createSimulatedDevice<NitroQuote>({
    tee: 'nitro',
    evidenceOf: (reportData) => document(reportData),
    quoteOf: (bytes) => ({ tee: 'nitro', document: bytes }),
    latencyMs,
    throttle,
    faults,
    clock,
    sleep,
  })
  const { rootFingerprint } = pki
  return { quoter, rootFingerprint, measurements: SIMULATED_NITRO_MEASUREMENTS[kind], pki, chain, document }
}

function issueChain(
  pki: SimulatedNitroPki,
  {
    moduleId,
    clock,
    region = 'us-east-1',
    certificateShapes,
  }: SimulatedNitroOptions & { readonly moduleId: string; readonly clock: () => Date },
): NitroChain {
  return issueNitroChain(pki, { moduleId, region, clock, ...(certificateShapes && { shapes: certificateShapes }) })
}

function registersOf(kind: NitroKind, changed: ReadonlyMap<number, Uint8Array>): ReadonlyMap<number, Uint8Array> {
  const all = Array.from(
    { length: REGISTER_COUNTS[kind] },
    (_, index) => [index, REGISTERS[kind].get(index) ?? ZERO] as const,
  )
  return new Map([...all, ...changed])
}

/** Keeps what was made for a while, as a hypervisor keeps its leaf. */
function renewing(clock: () => Date, make: () => NitroChain): () => NitroChain {
  let held: { readonly chain: NitroChain; readonly from: number } | undefined
  return () => {
    const now = clock().getTime()
    if (held === undefined || now < held.from || now >= held.from + CHAIN_LIFE_MS) held = { chain: make(), from: now }
    return held.chain
  }
}
