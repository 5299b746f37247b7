/** A gateway on a simulated machine before a scripted model server, and the judgement of what it answers. @module */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trialLock, trialPolicy } from '../../../src/cli/trial-policy.ts'
import { type Archive, decodeArchive } from '../../../src/core/archive/index.ts'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import { type Attestation, type Trust, verifyAttestation } from '../../../src/core/evidence/attestation.ts'
import type { Quoter } from '../../../src/core/evidence/quoter.ts'
import { decodeLock } from '../../../src/core/lock.ts'
import { decodePolicy } from '../../../src/core/policy.ts'
import { EventStreamDigest } from '../../../src/core/receipt/event-stream.ts'
import { type QuotedReceipt, verifyQuoted } from '../../../src/core/receipt/grade.ts'
import { decodeReceipt, type Receipt } from '../../../src/core/receipt/receipt.ts'
import { type HeldOctets, holdOctets, type SignedReceipt, verifyReceipt } from '../../../src/core/receipt/verify.ts'
import { assertVerified, type Verified } from '../../../src/core/verdict.ts'
import {
  digestMeasured,
  EMBEDDED_MODEL_ID,
  type GatewayConfig,
  type MeasuredConfig,
  type OperationalConfig,
} from '../../../src/server/config/index.ts'
import type { GatewayDeps } from '../../../src/server/deps.ts'
import { createGateway, createUpstreams, type Gateway, type TelemetryLine } from '../../../src/server/index.ts'
import { createSimulatedSnp, type Faults, type SimulatedSnp } from '../../../src/simulator/index.ts'
import { beginLineage, createFileStore } from '../../../src/storage/index.ts'
import { CHAT_COMPLETION, json } from '../upstream/mock-answers.ts'
import { type MockUpstream, type ReceivedRequest, type Script, startMockUpstream } from '../upstream/mock-upstream.ts'
import { type Call, call, type Reply } from './http-client.ts'
import { testPki } from './test-pki.ts'

/** Served by the mock under another name, so that each request is spliced. */
export const SPLICED_MODEL = 'example/chat'
/** Served under its own name: nothing is spliced. */
export const PLAIN_MODEL = 'plain'
export const HOST = 'gw.example.com'

export interface FixtureOptions {
  /** Serves the embedded model too, under its own name. */
  readonly embedded?: boolean
  readonly answer?: (request: ReceivedRequest) => Script
  readonly limits?: Partial<MeasuredConfig['limits']>
  readonly timeouts?: Partial<Timeouts>
  /** In place of the measured part as it would be. */
  readonly measured?: (measured: MeasuredConfig) => MeasuredConfig
  readonly operational?: Partial<OperationalConfig>
  readonly faults?: Faults
  /** In place of the simulated device. */
  readonly quoter?: (simulated: Quoter) => Quoter
  readonly deps?: Partial<
    Pick<GatewayDeps, 'clock' | 'timers' | 'random' | 'store' | 'endorse' | 'witnesses' | 'enrolmentToken' | 'process'>
  >
  /** Whether the store has its lineage already. */
  readonly lineage?: 'there'
  /** Of an earlier fixture, so that this one is its next boot. */
  readonly dataDir?: string
  /** Answer before the first quote has verified. */
  readonly unready?: boolean
}

interface Timeouts {
  readonly connectMs: number
  readonly firstByteMs: number
  readonly idleMs: number
  readonly totalMs: number
}

export interface GatewayFixture {
  readonly url: string
  readonly gateway: Gateway
  readonly mock: MockUpstream
  readonly snp: SimulatedSnp
  readonly config: GatewayConfig
  readonly dataDir: string
  readonly trust: Trust
  readonly lines: readonly TelemetryLine[]
  /** The first line that fits, as soon as it is written. */
  line(fits: (line: TelemetryLine) => boolean): Promise<TelemetryLine>
  chat(body: object | string | Uint8Array, options?: Omit<Call, 'body'>): Promise<Reply>
  post(path: string, body: string, options?: Omit<Call, 'body' | 'method'>): Promise<Reply>
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Reply>
  /** Ends the boot and keeps its files. */
  stop(): Promise<void>
  close(): Promise<void>
}

const EMBEDDED = [{ id: EMBEDDED_MODEL_ID, upstream: 'embedded', name: EMBEDDED_MODEL_ID, digest: 'none' }]

function makeConfig(mock: MockUpstream, dataDir: string, options: FixtureOptions): GatewayConfig {
  const plain: MeasuredConfig = {
    host: HOST,
    models: [
      { id: SPLICED_MODEL, upstream: 'mock', name: 'm', digest: 'none' },
      { id: PLAIN_MODEL, upstream: 'mock', name: PLAIN_MODEL, digest: 'none' },
      ...(options.embedded === true ? EMBEDDED : []),
    ],
    upstreams: {
      ...(options.embedded === true ? { embedded: { kind: 'embedded' } } : {}),
      mock: {
        kind: 'http',
        location: 'local',
        baseUrl: mock.origin,
        timeouts: { connectMs: 5_000, firstByteMs: 20_000, idleMs: 20_000, totalMs: 60_000, ...options.timeouts },
      },
    },
    limits: { bodyBytes: 1 << 20, blockBytes: 64 * 1024, answerBytes: 4 << 20, ...options.limits },
  }
  const measured = options.measured?.(plain) ?? plain
  const operational: OperationalConfig = {
    listen: { host: '127.0.0.1', port: 0 },
    tls: { kind: 'none' },
    dataDir,
    apiKeys: 'dangerously-none',
    quoting: { intervalMs: 5, deadlineMs: 2_000, statementLifeSeconds: 3_600, batchSize: 1_000 },
    quoter: 'auto',
    collateral: 'none',
    storage: { kind: 'file' },
    lineage: 'main',
    witnesses: 'none',
    retentionDays: 'forever',
    scrubHours: 0,
    maxWaitSeconds: 20,
    log: 'none',
    ...options.operational,
  }
  return { measured, operational, digest: digestMeasured(measured) }
}

interface RecordedLines {
  readonly lines: TelemetryLine[]
  readonly telemetry: { write(line: TelemetryLine): void }
  line(fits: (line: TelemetryLine) => boolean): Promise<TelemetryLine>
}

function recordLines(): RecordedLines {
  const lines: TelemetryLine[] = []
  const waiting = new Set<(line: TelemetryLine) => void>()
  return {
    lines,
    telemetry: {
      write: (line) => {
        lines.push(line)
        for (const look of waiting) look(line)
      },
    },
    line: (fits) =>
      new Promise((resolve) => {
        const there = lines.find(fits)
        if (there !== undefined) resolve(there)
        const look = (line: TelemetryLine): void => {
          if (!fits(line)) return
          waiting.delete(look)
          resolve(line)
        }
        waiting.add(look)
      }),
  }
}

/** A request's line with this outcome. */
export const withOutcome =
  (outcome: string) =>
  (line: TelemetryLine): boolean =>
    line.event === 'request' && line.outcome === outcome

export async function startFixture(options: FixtureOptions = {}): Promise<GatewayFixture> {
  const { answer = () => json(CHAT_COMPLETION), faults = [], quoter = (simulated) => simulated } = options
  // Whatever is not a chat is a probe of the upstream's health.
  const mock = await startMockUpstream((request) => (request.method === 'POST' ? answer(request) : json({ data: [] })))
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'countersign-gateway-')))
  const config = makeConfig(mock, dataDir, options)
  const snp = await createSimulatedSnp({
    pki: await testPki(),
    latencyMs: 0,
    throttle: 'none',
    faults,
    fields: { hostData: decodeHex(config.digest.slice('sha256:'.length)) },
  })
  const upstreams = await createUpstreams(config.measured, {
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    random: (size) => new Uint8Array(randomBytes(size)),
    env: {},
  })
  const { lines, telemetry, line } = recordLines()
  const store = options.deps?.store ?? createFileStore(dataDir)
  if (options.dataDir === undefined && options.lineage !== 'there')
    await beginLineage(store, { name: 'main', host: HOST })
  const gateway = await createGateway({
    config,
    quoter: quoter(snp.quoter),
    upstreams,
    telemetry,
    ...options.deps,
    store,
  }).catch(async (error: unknown) => {
    await upstreams.close()
    await mock.close()
    throw error
  })
  const { url } = await gateway.listen()
  if (options.unready !== true) await gateway.ready()
  const stop = async (): Promise<void> => {
    await gateway.close()
    await mock.close()
  }
  const references = {
    rootFingerprint: snp.rootFingerprint,
    measurement: snp.measurement,
    config: config.digest,
    models: upstreams.models().map(({ claim }) => claim),
    host: HOST,
  }
  const trust = { policy: decodePolicy(trialPolicy(references)), lock: decodeLock(trialLock(references)) }
  return {
    url,
    gateway,
    mock,
    snp,
    config,
    dataDir,
    trust,
    lines,
    line,
    chat: (body, { headers = {}, method = 'POST' } = {}) =>
      call(`${url}/v1/chat/completions`, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      }),
    post: (path, body, { headers = {} } = {}) =>
      call(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body }),
    get: (path, headers = {}) => call(`${url}${path}`, { headers }),
    stop,
    close: async () => {
      await stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** The receipt that came with an answer: in its header, or in the last comment of its stream. */
export function receiptOf({ headers, octets }: Reply): string {
  const header = headers['inference-receipt']
  if (typeof header === 'string') return header
  const stream = new EventStreamDigest()
  stream.update(octets)
  return stream.finish().receipt ?? ''
}

export function decodedReceiptOf(reply: Reply): Receipt {
  return decodeReceipt(receiptOf(reply))
}

export function heldOf({ headers, octets }: Reply): HeldOctets {
  if (headers['content-type'] !== 'text/event-stream') return holdOctets(octets)
  const stream = new EventStreamDigest()
  stream.update(octets)
  const { digest, size } = stream.finish()
  return { digest, size }
}

export function ridOf({ headers }: Reply): string {
  return String(headers['inference-receipt-id'])
}

/** The evidence in force, verified as a client would; the time is taken as given. */
export async function attest(fixture: GatewayFixture, path = '/v1/attestation'): Promise<Verified<Attestation>> {
  const reply = await fixture.get(path)
  return attestArchive(fixture, decodeArchive(reply.octets))
}

export async function attestArchive({ trust }: GatewayFixture, archive: Archive): Promise<Verified<Attestation>> {
  return assertVerified(await verifyAttestation(archive, trust, { source: 'as-given', at: new Date() }))
}

export interface Asked {
  readonly request: Uint8Array | string
  readonly reply: Reply
  readonly nonce?: Uint8Array
  readonly outcome?: 'complete' | 'any'
  readonly inserts?: ReadonlyMap<string, Uint8Array>
  /** Digest of the receipt that this one was asked to follow. */
  readonly prev?: string
}

/** Verifies the receipt that came with an answer over the exact octets. */
export async function verifySigned(fixture: GatewayFixture, asked: Asked): Promise<Verified<SignedReceipt>> {
  const request = typeof asked.request === 'string' ? new TextEncoder().encode(asked.request) : asked.request
  const { receipt, attestation, inserts } = await fetchReceipt(fixture, asked.reply)
  const verdict = await verifyReceipt(
    receipt,
    attestation,
    {
      nonce: asked.nonce ?? 'unchecked',
      request: holdOctets(request),
      response: heldOf(asked.reply),
      outcome: asked.outcome ?? 'complete',
      seen: new Set(),
      channel: 'not-observed',
      prev: asked.prev ?? 'unchecked',
      replay: { request, inserts },
    },
    fixture.trust,
  )
  return assertVerified(verdict)
}

async function fetchReceipt(
  fixture: GatewayFixture,
  reply: Reply,
): Promise<{
  readonly receipt: string
  readonly attestation: Verified<Attestation>
  readonly inserts: ReadonlyMap<string, Uint8Array>
}> {
  const fetched = await fixture.get(`/v1/receipts/${ridOf(reply)}`, { accept: 'application/cmw+json' })
  const archive = decodeArchive(fetched.octets)
  const attestation = await attestArchive(fixture, archive)
  return { receipt: receiptOf(reply), attestation, inserts: archive.inserts ?? new Map() }
}

/** Waits until the receipt is quoted, and verifies that it is. */
export async function verifyGradeQuoted(
  fixture: GatewayFixture,
  signed: Verified<SignedReceipt>,
  rid: string,
): Promise<Verified<QuotedReceipt>> {
  // A challenge appended now lies behind the receipt's leaf: evidence that covers it covers the receipt.
  const nonce = Buffer.from(randomBytes(32)).toString('base64url')
  await fixture.get(`/v1/attestation?nonce=${nonce}&wait=20`)
  const reply = await fixture.get(`/v1/receipts/${rid}`, { accept: 'application/cmw+json' })
  const archive = decodeArchive(reply.octets)
  const attestation = await attestArchive(fixture, archive)
  return assertVerified(await verifyQuoted(signed, attestation, archive.proof ?? ''))
}

export const ask = (model: string, more: object = {}): string =>
  JSON.stringify({ model, messages: [{ role: 'user', content: 'Grüß Gott' }], ...more })
