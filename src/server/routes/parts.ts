/** What routes work with: the running parts of the gateway. @module */

import type { ObjectStore } from '../../storage/index.ts'
import type { RunningBoot } from '../boot/running-boot.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { EvidenceStore } from '../evidence-store/index.ts'
import type { Admission } from '../recorder/admission.ts'
import type { RandomPool } from '../recorder/random-pool.ts'
import type { Recorder } from '../recorder/recorder.ts'
import type { Attester } from '../session/attester.ts'
import type { BootClock } from '../session/boot-clock.ts'
import type { TelemetrySink } from '../telemetry/types.ts'
import type { UpstreamSet } from '../upstream/index.ts'
import { type ApiError, evidenceUnavailable, logUnavailable, shuttingDown } from './api-error.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Pulse } from './pulse.ts'

export interface GatewayParts {
  readonly config: GatewayConfig
  /** Of now: after a failure of the log another one takes its place. */
  readonly boot: RunningBoot
  /** Every quoted checkpoint of this boot's log. */
  readonly evidence: EvidenceStore
  readonly attester: Attester
  readonly recorder: Recorder
  readonly admission: Admission
  readonly upstreams: UpstreamSet
  readonly store: ObjectStore
  readonly clock: BootClock
  readonly pulse: Pulse
  readonly lifecycle: Lifecycle
  readonly random: RandomPool
  readonly telemetry: TelemetrySink
  /** Whether anyone cosigns: without witnesses no receipt is ever witnessed. */
  readonly hasWitnesses: boolean
  /** What the witnesses remember and the store does not have; undefined for nothing. */
  readonly rollback: string | undefined
}

/** Why no request that needs a receipt is admitted now; undefined when it is. */
export function admissionRefusal({ lifecycle, attester, admission, boot }: GatewayParts): ApiError | undefined {
  if (lifecycle.phase === 'failed' || lifecycle.phase === 'interrupted') return logUnavailable()
  if (lifecycle.phase === 'draining') return shuttingDown()
  if (boot.log.isFull) return logUnavailable()
  // A request that comes while the session changes waits for the next one.
  if (admission.held) return undefined
  // A receipt under a session whose first quote did not verify would be one that nobody can trust: none is signed.
  return attester.evidence === undefined ? evidenceUnavailable(attester.reason) : undefined
}
