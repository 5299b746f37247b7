/** The pin of {@link createTlsChannel} for whoever works with undici: it binds connections, and judges no answer. @module */
import { Agent, type Dispatcher } from 'undici'
import type { Session } from '../core/evidence/session.ts'
import { createJudgingConnector } from './tls/connect.ts'
import { requireNamed } from './tls/peer.ts'

const CONNECT_TIMEOUT_MS = 10_000

/**
 * Opens connections to whoever holds a TLS key that the session names, in TLS 1.3, and no others: requests to anyone else fail with a
 * NotVerifiedError before anything is written.
 * @param session of an attestation that verified
 */
export function createPinnedDispatcher(session: Session): Dispatcher {
  return new Agent({ connect: createJudgingConnector(CONNECT_TIMEOUT_MS, (peer) => requireNamed(peer, session)) })
}
