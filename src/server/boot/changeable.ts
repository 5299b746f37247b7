/** What of a configuration may change while a gateway runs. @module */
import { CountersignError } from '../../errors.ts'
import type { GatewayConfig, OperationalConfig } from '../config/index.ts'
import type { AttestedEvidence } from '../session/evidence.ts'

/** Where and under which name history is kept, and who watches it, stay as they are for the life of a process; so does its address. */
const FIXED = ['listen', 'tls', 'dataDir', 'storage', 'lineage', 'witnesses', 'quoter', 'collateral', 'log'] as const

/** @throws CountersignError ERR_CONFIG that names every setting that only a restart changes */
export function refuseFixed(current: OperationalConfig, next: OperationalConfig): void {
  const changed = FIXED.filter((name) => JSON.stringify(current[name]) !== JSON.stringify(next[name]))
  if (changed.length === 0) return
  throw new CountersignError(
    'ERR_CONFIG',
    `nothing was changed: ${changed.map((name) => `operational.${name}`).join(', ')} can be changed by a restart alone`,
  )
}

/**
 * Hardware that carries the digest of the configuration took it at its launch: no session may state another one.
 * @throws CountersignError ERR_CONFIG where that is so
 */
export function refuseMeasured(next: GatewayConfig, newest: AttestedEvidence | undefined): void {
  if (newest === undefined) throw new CountersignError('ERR_CONFIG', 'there is no evidence yet: try again')
  const { configuration, hardware } = newest.attestation
  if (configuration.source !== 'hardware' || configuration.digest === next.digest) return
  if (hardware.tee === 'tdx') return
  throw new CountersignError(
    'ERR_CONFIG',
    'the measured part has changed, and the hardware carries the one it was launched with: a new boot is needed',
  )
}
