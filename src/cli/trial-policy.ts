/** Policy and lock for a trial on a simulated TEE: everything is checked, only the root is not a vendor's. @module */
import { encodeLock, type Lock, type LockedModel } from '../core/lock.ts'
import { snpPolicyOf } from '../core/snp/index.ts'

export interface TrialReferences {
  /** Fingerprint of the simulator's root, `sha256:…`. */
  readonly rootFingerprint: string
  /** Launch digest, hex. */
  readonly measurement: string
  /** Digest of the measured configuration, `sha256:…`. */
  readonly config: string
  readonly models: readonly LockedModel[]
  /** Host of the log. */
  readonly host: string
}

const FLOORS = { Genoa: { bootLoader: 10, tee: 0, snp: 23, microcode: 84 } }

/** What clouds rent out, narrowed to the one simulated machine; nobody publishes lists of simulated certificates. */
const SNP_POLICY = snpPolicyOf('cloud', {
  products: ['Genoa'],
  reportVersions: [3, 5],
  signerKinds: ['vcek'],
  minimumTcb: FLOORS,
  minimumLaunchTcb: FLOORS,
  minimumCommittedTcb: FLOORS,
  revocation: 'unchecked',
})

/** Text of `countersign.policy.json`. */
export function trialPolicy({ rootFingerprint, host }: TrialReferences): string {
  const policy = {
    version: 1,
    revision: 1,
    platforms: ['snp'],
    snp: SNP_POLICY,
    roots: 'built-in',
    dangerouslyTrustSimulatedRoots: [rootFingerprint],
    origins: [`${host}/log/`],
    grade: 'signed',
    live: { maxAgeSeconds: 300, channel: 'unchecked' },
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
  return `${JSON.stringify(policy, undefined, 2)}\n`
}

/** One model may be served under several ids. */
function distinctModels(models: readonly LockedModel[]): readonly LockedModel[] {
  return [...new Map(models.map((model) => [`${model.name} ${model.digest}`, model])).values()]
}

/** Text of `countersign.lock.json`: what the trial itself knows to run, not what the gateway says of itself. */
export function trialLock({ measurement, config, models }: TrialReferences): string {
  const lock: Lock = {
    version: 1,
    revision: 1,
    minimumPolicyRevision: 1,
    rows: [
      {
        platform: 'snp',
        measurements: { measurement },
        shape: 'simulated',
        status: 'active',
        notAfter: 'none',
        config,
        models: distinctModels(models),
        provenance: 'none',
      },
    ],
  }
  return encodeLock(lock)
}
