/** A running gateway on a simulated TEE, with the policy and lock that verify it. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { trialLock, trialPolicy } from '../../src/cli/trial-policy.ts'
import { decodeHex } from '../../src/core/encoding/bytes.ts'
import type { Trust } from '../../src/core/evidence/attestation.ts'
import { decodeLock } from '../../src/core/lock.ts'
import { decodePolicy } from '../../src/core/policy.ts'
import { createGateway, createUpstreams, decodeConfig, type Gateway, type UpstreamSet } from '../../src/server/index.ts'
import { createSimulatedSnp, importPki, type SimulatedSnpOptions } from '../../src/simulator/index.ts'
import { beginLineage, createFileStore, type ObjectStore } from '../../src/storage/index.ts'

export interface TestGateway {
  readonly gateway: Gateway
  /** With `/v1`. */
  readonly base: string
  readonly trust: Trust
  readonly policyText: string
  readonly lockText: string
  readonly directory: string
  close(): Promise<void>
}

export interface TestGatewayOptions {
  /** Origin of an http upstream; the embedded model is always there too. */
  readonly upstream?: string
  /** Lines of further models, indented by four. */
  readonly models?: string
  /** Lines of the measured part, indented by two. */
  readonly measured?: string
  readonly snp?: Partial<SimulatedSnpOptions>
  readonly apiKeys?: string
  /** Ends TLS in the gateway, with a certificate of its own making. */
  readonly tls?: 'self-signed'
  /** In place of files in the gateway's folder. */
  readonly store?: ObjectStore
  /** The whole configuration, in place of one made of the options above. @param directory for its files */
  readonly config?: (directory: string) => string
  /** Folder of the embedded model's files; the package's own otherwise. */
  readonly modelDirectory?: string
  /** Puts itself between the gateway and its model servers. */
  readonly wrap?: (upstreams: UpstreamSet) => UpstreamSet
}

const config = (
  { upstream, tls, models = '', measured = '', apiKeys = 'dangerously-none' }: TestGatewayOptions,
  directory: string,
): string => `
measured:
  host: gw.example.com
  models:
    - id: countersign-demo-2m
      upstream: embedded
${
  upstream === undefined
    ? ''
    : `    - id: mock
      upstream: mock
      name: mock
      digest: sha256:${'a'.repeat(64)}
    - id: alias
      upstream: mock
      name: upstream-name
      digest: none
`
}${models}  upstreams:
    embedded:
      kind: embedded
${upstream === undefined ? '' : `    mock:\n      kind: http\n      location: local\n      baseUrl: ${upstream}\n`}${measured}
operational:
  listen:
    host: 127.0.0.1
    port: 0
${tls === undefined ? '' : `  tls:\n    kind: ${tls}\n`}  dataDir: ${JSON.stringify(directory)}
  apiKeys: ${apiKeys}
  quoting:
    intervalMs: 50
  log: none
`

/** Starts a gateway; `close` stops it and removes its folder. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-gateway-'))
  const { modelDirectory, wrap = (made) => made } = options
  const text = options.config?.(directory) ?? config(options, directory)
  const decoded = decodeConfig(text, { env: {} })
  const hostData = decodeHex(decoded.digest.slice('sha256:'.length))
  const snp = await createSimulatedSnp({
    pki: importPki(inject('simulatedPki')),
    latencyMs: 1,
    throttle: 'none',
    ...options.snp,
    fields: { hostData, ...options.snp?.fields },
  })
  const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size))
  const made = await createUpstreams(decoded.measured, {
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    random,
    env: {},
    ...(modelDirectory === undefined ? {} : { modelDirectory }),
  })
  const upstreams = wrap(made)
  const store = options.store ?? createFileStore(directory)
  await beginLineage(store, { name: decoded.operational.lineage, host: decoded.measured.host })
  const gateway = await createGateway({ config: decoded, quoter: snp.quoter, upstreams, store })
  const { url } = await gateway.listen()
  const references = {
    rootFingerprint: snp.rootFingerprint,
    measurement: snp.measurement,
    config: decoded.digest,
    models: upstreams.models().map(({ claim }) => claim),
    host: decoded.measured.host,
  }
  const policyText = trialPolicy(references)
  const lockText = trialLock(references)
  return {
    gateway,
    base: `${url}/v1`,
    trust: { policy: decodePolicy(policyText), lock: decodeLock(lockText) },
    policyText,
    lockText,
    directory,
    close: async () => {
      await gateway.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
