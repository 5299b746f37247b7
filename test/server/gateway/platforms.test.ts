/** A gateway on each simulated platform: it judges its own quotes before use, and a client verifies what it shows. */
import { afterEach, describe, expect, it } from 'vitest'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { endorseFromQuote } from '../../../src/core/evidence/endorse.ts'
import type { EndorsedQuote } from '../../../src/core/evidence/hardware.ts'
import type { Quote } from '../../../src/core/evidence/quoter.ts'
import { decodePolicy } from '../../../src/core/policy.ts'
import { createSimulatedNitro, createSimulatedTdx } from '../../../src/simulator/index.ts'
import { NITRO_POLICY, TDX_POLICY } from '../../kit/permissive-policies.ts'
import {
  ask,
  attestArchive,
  type FixtureOptions,
  type GatewayFixture,
  PLAIN_MODEL,
  startFixture,
  verifySigned,
} from './gateway-fixture.ts'

let fixture: GatewayFixture
afterEach(() => fixture.close())

/** The trial's policy for another platform; what is pinned is not the subject here. */
function onPlatform(section: object, root: string): GatewayFixture {
  const { trust } = fixture
  const policy = {
    ...trust.policy,
    ...section,
    dangerouslyTrustSimulatedRoots: [root],
    measurements: 'unchecked',
    models: 'unchecked',
    dependencies: 'unchecked',
    engines: 'unchecked',
  }
  return { ...fixture, trust: { policy: decodePolicy(JSON.stringify(policy)), lock: undefined } }
}

async function start(options: FixtureOptions): Promise<void> {
  fixture = await startFixture(options)
}

describe('a gateway', () => {
  it('on simulated Nitro shows evidence that verifies, with its answers', async () => {
    const nitro = createSimulatedNitro({ latencyMs: 0 })
    await start({ quoter: () => nitro.quoter })
    const client = onPlatform({ platforms: ['nitro'], nitro: NITRO_POLICY }, nitro.rootFingerprint)
    const archive = decodeArchive((await fixture.get('/v1/attestation')).octets)
    expect(archive.quote.tee).toBe('nitro')
    expect(await attestArchive(client, archive)).toMatchObject({ hardware: { tee: 'nitro' } })
    const request = ask(PLAIN_MODEL)
    await verifySigned(client, { request, reply: await fixture.chat(request) })
  })

  it('on simulated TDX takes its collateral along', async () => {
    const tdx = createSimulatedTdx({ latencyMs: 0 })
    const endorse = async (quote: Quote): Promise<EndorsedQuote> =>
      quote.tee === 'tdx' ? { ...quote, endorsements: tdx.collateral } : endorseFromQuote(quote)
    await start({ quoter: () => tdx.quoter, deps: { endorse } })
    const section = { platforms: ['tdx'], tdx: TDX_POLICY, eventLog: 'unchecked' }
    const client = onPlatform(section, tdx.rootFingerprint)
    const archive = decodeArchive((await fixture.get('/v1/attestation')).octets)
    expect(await attestArchive(client, archive)).toMatchObject({
      hardware: { attested: { tcb: { status: 'UpToDate' } } },
    })
  })

  it('on simulated TDX without collateral shows evidence that is incomplete until a client brings it', async () => {
    const tdx = createSimulatedTdx({ latencyMs: 0 })
    await start({ quoter: () => tdx.quoter })
    const section = { platforms: ['tdx'], tdx: TDX_POLICY, eventLog: 'unchecked' }
    const client = onPlatform(section, tdx.rootFingerprint)
    const archive = decodeArchive((await fixture.get('/v1/attestation')).octets)
    await expect(attestArchive(client, archive)).rejects.toThrow('CHECK_NOT_PERFORMED')
    if (archive.quote.tee !== 'tdx') throw new Error('not TDX')
    const quote = { ...archive.quote, endorsements: tdx.collateral }
    expect(await attestArchive(client, { ...archive, quote })).toMatchObject({ hardware: { tee: 'tdx' } })
  })
})
