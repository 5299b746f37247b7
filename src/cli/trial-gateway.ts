/** A gateway on a simulated TEE, with the policy and lock that verify it. @module */
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { decodeHex } from '../core/encoding/bytes.ts'
import { CountersignError } from '../errors.ts'
import type { GatewayConfig } from '../server/config/index.ts'
import { createGateway, createStore, createUpstreams, type Gateway, type UpstreamSet } from '../server/index.ts'
import { createSimulatedSnp, type SimulatedSnp } from '../simulator/index.ts'
import { beginLineage, type ObjectStore, openLineage } from '../storage/index.ts'
import type { Io } from './command.ts'
import { printable } from './output.ts'
import { trialLock, trialPolicy } from './trial-policy.ts'

export interface TrialGateway {
  readonly gateway: Gateway
  readonly url: string
  readonly policyFile: string
  readonly lockFile: string
}

export interface TrialOptions {
  readonly config: GatewayConfig
  /** Where policy and lock are written. */
  readonly folder: string
  /** `begin`: the store has none and is to have one. `continue`: it has one; where nothing is stored at all, a trial begins one too. */
  readonly lineage: 'begin' | 'continue'
  /** Opens its logs at the witnesses; without it they are shown evidence. */
  readonly enrolmentToken?: string
}

const READY_TIMEOUT_MS = 30_000
const READY_POLL_MS = 20

async function untilReady(gateway: Gateway): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    const { ready, evidence, log, upstreams } = await gateway.ready()
    if (ready) return
    if (performance.now() > deadline)
      throw new CountersignError(
        'ERR_QUOTE',
        `the gateway did not become ready: evidence ${evidence}, log ${log}, upstreams ${upstreams}`,
      )
    await wait(READY_POLL_MS)
  }
}

/** The upstreams of a configuration, as this process reaches them. */
export function createTrialUpstreams(config: GatewayConfig, io: Io): Promise<UpstreamSet> {
  return createUpstreams(config.measured, {
    clock: { now: () => io.now(), monotonicMs: () => performance.now() },
    random: (size) => new Uint8Array(randomBytes(size)),
    env: io.env,
    tell: (line) => io.err(`countersign: ${printable(line)}\n`),
  })
}

/** A history begins on purpose: a store that lost its own must not go unnoticed. One in which nothing ever was has lost nothing. */
async function prepareLineage(store: ObjectStore, { config, lineage }: TrialOptions): Promise<void> {
  const begin = { name: config.operational.lineage, host: config.measured.host }
  const isEmpty = async (): Promise<boolean> =>
    (await Promise.all(['lineage', 'log', 'private'].map((folder) => store.list(folder)))).flat().length === 0
  if (lineage === 'begin' || (await isEmpty())) await beginLineage(store, begin)
  // Making a TEE takes seconds: whether somebody else writes here is known at once.
  const lease = await openLineage(store, begin)
  await lease.release()
}

/** Starts it and waits until its first quote has verified. */
export async function startTrialGateway(options: TrialOptions, io: Io): Promise<TrialGateway> {
  const { config } = options
  const store = await createStore(config)
  await prepareLineage(store, options)
  io.err('countersign: making a simulated TEE with throw-away keys (a few seconds)\n')
  // HOST_DATA carries the digest of the measured configuration, as a launch on hardware would set it.
  const hostData = decodeHex(config.digest.slice('sha256:'.length))
  const starting = createTrialUpstreams(config, io)
  try {
    const [snp, upstreams] = await Promise.all([createSimulatedSnp({ fields: { hostData } }), starting])
    return await serve(options, { store, snp, upstreams })
  } catch (error) {
    // Programs that it started would keep this process up.
    await starting.then(
      (upstreams) => upstreams.close(),
      () => undefined,
    )
    throw error
  }
}

interface Serving {
  readonly store: ObjectStore
  readonly snp: SimulatedSnp
  readonly upstreams: UpstreamSet
}

async function serve(
  { config, folder, enrolmentToken = 'none' }: TrialOptions,
  { store, snp, upstreams }: Serving,
): Promise<TrialGateway> {
  const references = {
    rootFingerprint: snp.rootFingerprint,
    measurement: snp.measurement,
    config: config.digest,
    models: upstreams.models().map(({ claim }) => claim),
    host: config.measured.host,
  }
  const gateway = await createGateway({ config, quoter: snp.quoter, upstreams, store, enrolmentToken })
  await mkdir(folder, { recursive: true })
  const policyFile = join(folder, 'countersign.policy.json')
  const lockFile = join(folder, 'countersign.lock.json')
  await writeFile(policyFile, trialPolicy(references))
  await writeFile(lockFile, trialLock(references))
  try {
    const { url } = await gateway.listen()
    await untilReady(gateway)
    return { gateway, url, policyFile, lockFile }
  } catch (error) {
    // It would go on quoting, and hold the history against the next one.
    await gateway.close()
    throw error
  }
}
