/** Whether a receipt's word on where its model ran agrees with policy, and with itself and its attested session. wire.md section 8. @module */
import { isJsonObject } from '../encoding/json.ts'
import type { Session } from '../evidence/session.ts'
import type { Policy } from '../policy.ts'
import type { Checker } from '../verdict.ts'
import type { Receipt } from './receipt.ts'
import { isInsideMachine } from './upstream-host.ts'

/** Begins the descriptor of a ranking that an embedding model took part in; ends with where that model ran. formats.md, Dependencies. */
const RANKING = 'urn:countersign:ranking:'

/** The question was given to that model too, so policy on where a model may run holds for it as well. */
function isRankedElsewhere({ disclosed }: Pick<Receipt, 'disclosed'>): boolean {
  const indexes = disclosed.dependencies?.['retrieval-index'] ?? 'none'
  return (
    indexes !== 'none' && indexes.some(({ uri = '' }) => uri.startsWith(RANKING) && !uri.endsWith('&upstream=local'))
  )
}

/** What speaks against the claim; undefined when nothing does. */
function contradiction(
  { claims, disclosed }: Pick<Receipt, 'claims' | 'disclosed'>,
  { dependencies }: Pick<Session, 'dependencies'>,
): string | undefined {
  const { model, upstream } = claims
  const peer = disclosed.exchange?.['upstream']
  if (upstream.kind === 'embedded') {
    if (peer !== undefined) return 'embedded, yet the exchange names a peer that was connected to'
    // An embedded model is loaded, and measured, by the attested code itself: then its session names it.
    const measured = dependencies.some(
      ({ annotations: { role, source }, digest }) =>
        role === 'model' &&
        (source === 'gateway' || source === 'hardware') &&
        `sha256:${digest.sha256}` === model.digest,
    )
    if (!measured) return 'embedded, yet the session names no such model that the gateway itself measured'
  }
  if (upstream.kind === 'local' && peer !== undefined) {
    const host = isJsonObject(peer) ? peer['host'] : undefined
    if (typeof host !== 'string' || !isInsideMachine(host.replace(/:\d{1,5}$/, '')))
      return `local, yet the exchange was with ${typeof host === 'string' ? host : 'a peer without a host'}`
  }
  return undefined
}

/**
 * A gateway that names a kind which policy admits could ask whom it likes: so the claim must also agree with what else it signed. Nothing
 * here judges evidence of an upstream of its own, so `attested` is a word without proof and never passes.
 */
export function checkUpstream(
  check: Checker<'upstream'>,
  receipt: Pick<Receipt, 'claims' | 'disclosed'>,
  session: Pick<Session, 'dependencies'>,
  { upstreams }: Pick<Policy, 'upstreams'>,
): void {
  const { kind } = receipt.claims.upstream
  const against =
    kind === 'attested'
      ? 'attested, and nothing here proves it'
      : !upstreams.includes(kind)
        ? `${kind} is not listed`
        : isRankedElsewhere(receipt) && !upstreams.includes('remote')
          ? 'its chunks were ranked by a remote model, and remote is not listed'
          : contradiction(receipt, session)
  check.that('upstream', against === undefined, 'UPSTREAM_UNATTESTED', { pass: kind, fail: against ?? '' })
}
