/** The policy that the docs give to start from: it decodes, and its sections are the published strict ones. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
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
