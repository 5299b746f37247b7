/** The policy of whoever gives a lock file and nothing else: strict, and complete as it is. @module */
import type { Lock } from '../core/lock.ts'
import { STRICT_NITRO_POLICY } from '../core/nitro/index.ts'
import { type Binding, PLATFORMS, type Policy } from '../core/policy.ts'
import { STRICT_SNP_POLICY } from '../core/snp/index.ts'
import { STRICT_TDX_POLICY } from '../core/tdx/index.ts'

/**
 * Platforms of the lock's rows by their strict sections, vendors' own roots, measurement and model as locked, octets of both directions
 * compared, changes replayed. What it leaves out, each by name: it pins no origin (the lock names code, and code may run at any host); it
 * names no witnesses, who are one's own choice; a model server outside every attested machine (`remote`) is refused, one inside the
 * measured machine (`local`) is taken. Whoever wants it otherwise spreads it and writes the field.
 *
 * @param binding of the channel, which is demanded then
 * @example
 * const policy = { ...defaultPolicy(lock), grade: 'quoted' }
 */
export function defaultPolicy(lock: Lock, binding: Binding | 'none' = 'none'): Policy {
  const platforms = PLATFORMS.filter((platform) => lock.rows.some((row) => row.platform === platform))
  return {
    version: 1,
    revision: lock.minimumPolicyRevision,
    platforms,
    ...(platforms.includes('snp') && { snp: STRICT_SNP_POLICY }),
    // RTMR 0 to 2 stand in the lock; RTMR 3 has the event that names the session, so its log must lead to it. wire.md, head.
    ...(platforms.includes('tdx') && {
      tdx: STRICT_TDX_POLICY,
      eventLog: { replay: [3], required: 'unchecked' as const },
    }),
    ...(platforms.includes('nitro') && { nitro: STRICT_NITRO_POLICY }),
    roots: 'built-in',
    dangerouslyTrustSimulatedRoots: [],
    origins: 'unchecked',
    grade: 'signed',
    live: { maxAgeSeconds: 300, channel: binding === 'none' ? 'unchecked' : [binding] },
    audit: { time: 'unchecked', witnesses: 'unchecked' },
    measurements: 'locked',
    models: 'locked',
    dependencies: 'unchecked',
    engines: 'unchecked',
    upstreams: ['embedded', 'local'],
    disclosures: ['request', 'forwarded', 'response'],
    transforms: 'replayed',
    revocations: 'unchecked',
    lockApproval: 'unchecked',
  }
}
