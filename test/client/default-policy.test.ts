/** An attested fetch that is given a lock file and nothing else, and one that is given what does not go together. */
import { describe, expect, it } from 'vitest'
import type { Channel } from '../../src/client/index.ts'
import { createAttestedFetch, defaultPolicy } from '../../src/client/index.ts'
import type { Lock } from '../../src/core/lock.ts'
import type { Binding } from '../../src/core/policy.ts'
import { readPolicy } from '../../src/core/policy.ts'
import { createForgedScene, post } from './forged-scene.ts'

const scene = await createForgedScene()
const { policy, lock } = scene
const register = 'a'.repeat(96)
const row = {
  shape: '-',
  status: 'active',
  notAfter: 'none',
  config: `sha256:${'b'.repeat(64)}`,
  models: [],
  provenance: 'none',
} as const
const lockOf = (...rows: Lock['rows']): Lock => ({ version: 1, revision: 1, minimumPolicyRevision: 7, rows })
const tdx = {
  ...row,
  platform: 'tdx',
  measurements: { mrTd: register, rtMr0: register, rtMr1: register, rtMr2: register },
} as const
const snp = { ...row, platform: 'snp', measurements: { measurement: register } } as const

function channelOf(binding: Binding): { readonly channel: Channel; readonly opened: () => number } {
  let opened = 0
  const open = (): never => {
    opened++
    throw new Error('opened')
  }
  return { channel: { binding, open }, opened: () => opened }
}

describe('the default policy', () => {
  it.each([
    ['snp', lockOf(snp), ['snp']],
    ['tdx', lockOf(tdx), ['tdx']],
    ['both, in one order', lockOf(tdx, snp), ['snp', 'tdx']],
  ])('lists the platforms of the lock: %s', (_, given, platforms) => {
    const made = defaultPolicy(given)
    expect(made.platforms).toEqual(platforms)
    expect(made.revision).toBe(7)
    expect(readPolicy(made)).toEqual(made)
  })

  it('asks a trust domain for the log of the register that names the session', () => {
    expect(defaultPolicy(lockOf(tdx)).eventLog).toEqual({ replay: [3], required: 'unchecked' })
    expect(defaultPolicy(lockOf(snp)).eventLog).toBeUndefined()
  })

  it('trusts no simulator and no model server outside', () => {
    const made = defaultPolicy(lock)
    expect(made.dangerouslyTrustSimulatedRoots).toEqual([])
    expect(made.upstreams).not.toContain('remote')
    expect(made).toMatchObject({ roots: 'built-in', grade: 'signed', measurements: 'locked', models: 'locked' })
  })

  it('demands the channel that is given, and none other', () => {
    expect(defaultPolicy(lock).live.channel).toBe('unchecked')
    expect(defaultPolicy(lock, 'ohttp').live.channel).toEqual(['ohttp'])
  })

  it('[P4] refuses evidence of a simulator, by a lock file alone', async () => {
    const gateway = scene.gateway()
    const { deps } = scene.options(gateway)
    const fetch = createAttestedFetch({ lock, ...(deps && { deps }) })
    await expect(fetch(gateway.url, post())).rejects.toMatchObject({ code: 'ERR_NOT_VERIFIED' })
  })

  it('verifies the same gateway once the root is named', async () => {
    const gateway = scene.gateway()
    const { deps } = scene.options(gateway)
    const { snp: firmware } = policy
    const trusting = {
      ...defaultPolicy(lock),
      ...(firmware && { snp: firmware }),
      dangerouslyTrustSimulatedRoots: policy.dangerouslyTrustSimulatedRoots,
    }
    const fetch = createAttestedFetch({ lock, policy: trusting, ...(deps && { deps }) })
    expect((await fetch(gateway.url, post())).status).toBe(200)
  })
})

describe('an attested fetch', () => {
  it('is not made without anything to verify by', () => {
    expect(() => createAttestedFetch({})).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
    expect(() => createAttestedFetch({ policy })).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
  })

  it('[C5] is not made without the channel that its policy asks for', () => {
    const asking = { ...policy, live: { ...policy.live, channel: ['ohttp' as const] } }
    expect(() => createAttestedFetch({ policy: asking, lock })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringContaining('ohttp') }),
    )
  })

  it('[C5] is not made with an option that it does not know: protection may have been asked for', () => {
    const misspelt = { lock, chanel: channelOf('tls-spki').channel }
    expect(() => createAttestedFetch(misspelt)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringContaining('"chanel"') }),
    )
  })

  it('[C5] is not made with a channel below what its policy asks for, and opens none', () => {
    const asking = { ...policy, live: { ...policy.live, channel: ['tls-exporter' as const] } }
    const { channel, opened } = channelOf('tls-spki')
    expect(() => createAttestedFetch({ policy: asking, lock, channel })).toThrow(
      expect.objectContaining({
        failure: 'CHANNEL_BINDING_LEVEL',
        failed: expect.objectContaining({ name: 'channel' }),
      }),
    )
    expect(() =>
      createAttestedFetch({ policy: asking, lock, channel, verify: 'observe', deps: { warn: () => {} } }),
    ).toThrow('CHANNEL_BINDING_LEVEL')
    expect(opened()).toBe(0)
  })
})
