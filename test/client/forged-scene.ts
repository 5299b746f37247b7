/** An attested fetch before a forged gateway on a simulated TEE, with what verifies it. */
import { inject } from 'vitest'
import type { AttestedFetchOptions } from '../../src/client/index.ts'
import type { Lock } from '../../src/core/lock.ts'
import type { Policy } from '../../src/core/policy.ts'
import { createSimulatedSnp, importPki, type SimulatedSnp } from '../../src/simulator/index.ts'
import { readFixture } from '../core/receipt/fixture.ts'
import { createForgedGateway, type ForgedGateway, type Forgery } from '../kit/forged-gateway.ts'
import { simulatedClock } from '../kit/simulated-clock.ts'

export const REQUEST = '{"model":"demo","messages":[{"role":"user","content":"May I?"}]}'
export const STREAM = { mediaType: 'text/event-stream' } as const

export interface ForgedScene {
  readonly snp: SimulatedSnp
  readonly policy: Policy
  readonly lock: Lock
  gateway(forgery?: Forgery): ForgedGateway
  /** Options of an attested fetch that talks to this gateway. */
  options(gateway: ForgedGateway): AttestedFetchOptions & { readonly policy: Policy; readonly lock: Lock }
}

export async function createForgedScene(): Promise<ForgedScene> {
  const snp = await createSimulatedSnp({
    pki: importPki(inject('simulatedPki')),
    clock: simulatedClock,
    latencyMs: 1,
    throttle: 'none',
  })
  const { trust: given } = readFixture('quoted')
  if (given.lock === undefined) throw new Error('the vector locks measurements')
  const rows = given.lock.rows.map((row) =>
    row.platform === 'snp' ? { ...row, measurements: { measurement: snp.measurement } } : row,
  )
  const lock: Lock = { ...given.lock, rows }
  const policy: Policy = { ...given.policy, grade: 'signed', dangerouslyTrustSimulatedRoots: [snp.rootFingerprint] }
  return {
    snp,
    policy,
    lock,
    gateway: (forgery = {}) => createForgedGateway(snp, forgery),
    options: ({ fetch, at }) => ({ policy, lock, deps: { fetch, clock: { now: () => at, monotonicMs: () => 0 } } }),
  }
}

export const post = (body: string = REQUEST): RequestInit => ({ method: 'POST', body })
