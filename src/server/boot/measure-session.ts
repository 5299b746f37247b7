/** Has the hardware name a session before its first quote, where it can. @module */
import { decodeHex } from '../../core/encoding/bytes.ts'
import { sessionDependency } from '../../core/evidence/session.ts'
import { CountersignError } from '../../errors.ts'
import type { ResolvedDeps } from '../deps.ts'
import type { RunningSession } from './running-boot.ts'

/**
 * Never keeps a gateway from serving: where the hardware does not name the session, verifiers show its configuration as the gateway's word,
 * and the operator is told why.
 */
export async function measureSession(
  { quoter, telemetry }: Pick<ResolvedDeps, 'quoter' | 'telemetry'>,
  { session, octets }: RunningSession,
): Promise<void> {
  if (quoter.measureSession === undefined) return
  const configuration = decodeHex(sessionDependency(session, 'configuration').digest.sha256)
  try {
    const { detail } = await quoter.measureSession({ octets, configuration, epoch: session.epoch })
    telemetry.write({ event: 'session-measured', detail })
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error
    telemetry.write({ event: 'session-measured', detail: `not measured: ${error.message}` })
  }
}
