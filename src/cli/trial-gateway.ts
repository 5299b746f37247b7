/** A gateway on a simulated TEE, with the policy and lock that verify it. @module */
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { decodeHex } from '../core/encoding/bytes.ts'
import { CountersignError } from '../errors.ts'
import type { GatewayConfig } from '../server/config/index.ts'
import { createGateway, createUpstreams, type Gateway } from '../server/index.ts'
import { createSimulatedSnp } from '../simulator/index.ts'
import type { Io } from './command.ts'
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

/** Starts it and waits until its first quote has verified. */
export async function startTrialGateway({ config, folder }: TrialOptions, io: Io): Promise<TrialGateway> {
  io.err('countersign: making a simulated TEE with throw-away keys (a few seconds)\n')
  // HOST_DATA carries the digest of the measured configuration, as a launch on hardware would set it.
  const hostData = decodeHex(config.digest.slice('sha256:'.length))
  const [snp, upstreams] = await Promise.all([
    createSimulatedSnp({ fields: { hostData } }),
    createUpstreams(config.measured, {
      clock: { now: () => io.now(), monotonicMs: () => performance.now() },
      random: (size) => new Uint8Array(randomBytes(size)),
      env: io.env,
    }),
  ])
  const references = {
    rootFingerprint: snp.rootFingerprint,
    measurement: snp.measurement,
    config: config.digest,
    models: upstreams.models().map(({ claim }) => claim),
    host: config.measured.host,
  }
  await mkdir(folder, { recursive: true })
  const policyFile = join(folder, 'countersign.policy.json')
  const lockFile = join(folder, 'countersign.lock.json')
  await writeFile(policyFile, trialPolicy(references))
  await writeFile(lockFile, trialLock(references))
  const gateway = await createGateway({ config, quoter: snp.quoter, upstreams })
  const { url } = await gateway.listen()
  await untilReady(gateway)
  return { gateway, url, policyFile, lockFile }
}
