/** The policies that the docs give to start from: they decode, and their sections are the published strict ones. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { defaultPolicy } from '../../../src/client/default-policy.ts'
import { decodeLock } from '../../../src/core/lock.ts'
import { STRICT_NITRO_POLICY } from '../../../src/core/nitro/index.ts'
import { decodePolicy } from '../../../src/core/policy.ts'
import { STRICT_SNP_POLICY } from '../../../src/core/snp/index.ts'
import { STRICT_TDX_POLICY } from '../../../src/core/tdx/index.ts'

it('the example policy holds the strict section of each platform, and says what it leaves out', () => {
  const policy = decodePolicy(readFileSync('docs/examples/evidence.policy.json', 'utf8'))
  expect(policy).toMatchObject({
    platforms: ['snp', 'tdx', 'nitro'],
    snp: STRICT_SNP_POLICY,
    tdx: STRICT_TDX_POLICY,
    // Stored documents are older than five minutes.
    nitro: { ...STRICT_NITRO_POLICY, time: { ...STRICT_NITRO_POLICY.time, maxAgeSeconds: 'unchecked' } },
    dangerouslyTrustSimulatedRoots: [],
    measurements: 'unchecked',
    audit: { time: 'unchecked' },
  })
})

it('the policy of a gateway is what a client takes that is given a lock alone', () => {
  const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
  const same = {
    shape: '-',
    status: 'active',
    notAfter: 'none',
    config: digest('a'),
    models: [{ name: 'llama', digest: digest('b') }],
    provenance: 'none',
  }
  const register = 'c'.repeat(96)
  const tdx = { mrTd: register, rtMr0: register, rtMr1: register, rtMr2: register }
  const rows = [
    { ...same, platform: 'snp', measurements: { measurement: register } },
    { ...same, platform: 'tdx', measurements: tdx },
    {
      ...same,
      platform: 'nitro',
      measurements: { document: 'enclave', pcr0: register, pcr1: register, pcr2: register },
    },
  ]
  const lock = decodeLock(JSON.stringify({ version: 1, revision: 1, minimumPolicyRevision: 1, rows }))
  const policy = decodePolicy(readFileSync('docs/examples/gateway.policy.json', 'utf8'))
  expect(policy).toEqual(defaultPolicy(lock))
  expect(policy.dangerouslyTrustSimulatedRoots).toEqual([])
})
