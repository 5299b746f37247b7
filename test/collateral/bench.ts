/** Simulated vendors behind a local server, and a fetcher with a clock, sleeps and timeouts that pass when the test says so. */
import { inject } from 'vitest'
import {
  type CollateralCache,
  type CollateralFetcher,
  createCollateralFetcher,
  createMemoryCache,
  type FetcherOptions,
  type PckCa,
  type Progress,
} from '../../src/collateral/index.ts'
import type { SnpProduct } from '../../src/core/snp/index.ts'
import type { TdxCollateral } from '../../src/core/tdx/index.ts'
import { CountersignError, MalformedError } from '../../src/errors.ts'
import {
  createSimulatedPki,
  createSimulatedSnp,
  createSimulatedTdx,
  importPki,
  issueSnpCrl,
  type SimulatedPki,
  type SimulatedSnp,
  type SimulatedSnpOptions,
  type SimulatedTdx,
  type SimulatedTdxOptions,
  type SnpCrlSubject,
} from '../../src/simulator/index.ts'
import { pemOf, serve, serveDocument, startVendors, type Vendors } from './vendors.ts'

export const AT: Date = new Date('2026-01-15T12:00:00Z')
export const SECOND = 1000
export const DAY = 86_400_000
const REPORT_DATA = new Uint8Array(64).fill(7)

/** Time that stands still until somebody sleeps or the test moves it on. */
export interface FakeTime {
  readonly clock: FetcherOptions['clock']
  readonly sleep: (ms: number) => Promise<void>
  readonly timeout: (ms: number) => AbortSignal
  /** What was slept, in milliseconds. */
  readonly slept: readonly number[]
  advance(ms: number): void
  /** Lets every timeout of `ms` that runs expire. */
  expire(ms: number): void
}

export function createFakeTime(start: Date = AT): FakeTime {
  let elapsed = 0
  const slept: number[] = []
  const timers: { readonly ms: number; readonly controller: AbortController }[] = []
  return {
    clock: { now: () => new Date(start.getTime() + elapsed), monotonicMs: () => elapsed },
    sleep: async (ms) => {
      slept.push(ms)
      elapsed += ms
    },
    timeout: (ms) => {
      const controller = new AbortController()
      timers.push({ ms, controller })
      return controller.signal
    },
    slept,
    advance: (ms) => {
      elapsed += ms
    },
    expire: (ms) => {
      for (const timer of timers) if (timer.ms === ms) timer.controller.abort(new Error('time is up'))
    },
  }
}

export interface Bench {
  readonly vendors: Vendors
  readonly time: FakeTime
  readonly cache: CollateralCache
  readonly progress: readonly Progress[]
  readonly fetcher: CollateralFetcher
  /** Another fetcher over the same vendors, time and cache: what a new process would be. */
  restart(options?: Partial<FetcherOptions>): CollateralFetcher
}

/** @param roots fingerprints of simulated roots that the fetcher knows */
export async function createBench(
  roots: readonly string[],
  options: Partial<FetcherOptions> & { readonly time?: FakeTime } = {},
): Promise<Bench> {
  const { time = createFakeTime(), cache = createMemoryCache(), ...rest } = options
  const vendors = await startVendors()
  const progress: Progress[] = []
  const restart = (changes: Partial<FetcherOptions> = {}): CollateralFetcher =>
    createCollateralFetcher({
      fetch: globalThis.fetch,
      clock: time.clock,
      sleep: time.sleep,
      timeout: time.timeout,
      cache,
      mirrors: vendors.mirrors,
      dangerouslyAllowLocalMirrors: true,
      dangerouslyTrustSimulatedRoots: roots,
      onProgress: (step) => progress.push(step),
      ...rest,
      ...changes,
    })
  return { vendors, time, cache, progress, fetcher: restart(), restart }
}

const clock = (): Date => AT

export interface SnpVendor {
  readonly pki: SimulatedPki
  readonly snp: SimulatedSnp
  readonly report: Uint8Array
  readonly crl: (subject?: Partial<SnpCrlSubject>) => Uint8Array
}

export async function createSnpVendor(
  product: SnpProduct = 'Genoa',
  options: Partial<SimulatedSnpOptions> = {},
): Promise<SnpVendor> {
  const { keys } = importPki(inject('simulatedPki'))
  const pki = await createSimulatedPki({ product, keys, clock })
  const snp = await createSimulatedSnp({ pki, clock, ...options })
  // PSS signatures are never the same twice.
  const list = issueSnpCrl(pki, { clock })
  const crl = (subject?: Partial<SnpCrlSubject>): Uint8Array =>
    subject ? issueSnpCrl(pki, { clock, ...subject }) : list
  return { pki, snp, report: snp.report(REPORT_DATA), crl }
}

/** The paths of AMD's key server for one machine. */
export function serveSnp(vendors: Vendors, { pki, snp, crl }: SnpVendor): void {
  const { product } = pki
  const { endorsements } = snp
  const leaf = 'vcek' in endorsements ? endorsements.vcek : undefined
  if (leaf) vendors.on(`/vcek/v1/${product}/`, serve(leaf))
  vendors.on(
    `/vcek/v1/${product}/cert_chain`,
    serve(pemOf(pki.ask, pki.ark), { 'content-type': 'application/x-pem-file' }),
  )
  vendors.on(`/vlek/v1/${product}/cert_chain`, serve(pemOf(pki.asvk, pki.ark)))
  vendors.on(`/vcek/v1/${product}/crl`, serve(crl()))
  vendors.on(`/vlek/v1/${product}/crl`, serve(crl()))
}

/** A platform under one root; `issued` moves the dates of its collateral. */
export function createTdxVendor(options: SimulatedTdxOptions = {}): SimulatedTdx {
  return createSimulatedTdx({ clock, ...options })
}

export const TCB = '/tdx/certification/v4/tcb'
export const QE = '/tdx/certification/v4/qe/identity'
export const PCK_CRL = '/sgx/certification/v4/pckcrl'
export const ROOT_CRL = '/IntelSGXRootCA.der'

/** The paths of Intel's service for one platform. */
export function serveTdx(
  vendors: Vendors,
  { pki, collateral }: { readonly pki: SimulatedTdx['pki']; readonly collateral: TdxCollateral },
  ca: PckCa = 'platform',
): void {
  const { certificates } = pki
  const issuer = ca === 'platform' ? certificates.platformCa : certificates.processorCa
  vendors.on(TCB, serveDocument('tcbInfo', collateral.tcbInfo))
  vendors.on(QE, serveDocument('enclaveIdentity', collateral.qeIdentity))
  vendors.on(
    PCK_CRL,
    serve(collateral.pckCrl, { 'SGX-PCK-CRL-Issuer-Chain': encodeURIComponent(pemOf(issuer, certificates.root)) }),
  )
  vendors.on(ROOT_CRL, serve(collateral.rootCaCrl))
}

/** The code of a rejection: of its failure where bytes were judged, else the error's own. Anything else goes on. */
export async function rejectionOf(promise: Promise<unknown>): Promise<string> {
  return (await errorOf(promise)).code
}

export async function errorOf(promise: Promise<unknown>): Promise<{ code: string; message: string; cause: string }> {
  try {
    await promise
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error
    const code = error instanceof MalformedError ? error.failure : error.code
    const cause = error.cause instanceof MalformedError ? error.cause.failure : ''
    return { code, message: error.message, cause }
  }
  return { code: 'none', message: '', cause: '' }
}
