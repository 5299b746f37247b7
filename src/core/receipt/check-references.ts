/** A receipt against what was attested and what the lock file pins: the checks that need more than its session. wire.md section 8. @module */
import type { Attestation, Trust } from '../evidence/attestation.ts'
import { checkChannel } from '../evidence/channel.ts'
import { checkRevocation } from '../evidence/given-judges.ts'
import { matchModel } from '../lock.ts'
import type { Checker, Verified } from '../verdict.ts'
import { checkPins } from './check-pins.ts'
import { wasForwarded } from './check-transforms.ts'
import { checkUpstream } from './check-upstream.ts'
import type { HeldExchange } from './held.ts'
import type { Receipt } from './receipt.ts'
import { upstreamAssumptions } from './upstream-assumptions.ts'

/** The checks that need the attestation: its end, the rows of the lock that it matched, the keys of its session. */
export const REFERENCE_CHECKS = [
  'key-life',
  'model',
  'revocation',
  'upstream',
  'engine',
  'dependencies',
  'channel',
] as const

/**
 * What carried the exchange; the life of the session as attested; the model against the rows of the lock that measurement and
 * configuration matched; upstream, engine and dependencies against policy.
 */
export function checkReferences(
  check: Checker<(typeof REFERENCE_CHECKS)[number]>,
  { claims, disclosed }: Pick<Receipt, 'claims' | 'disclosed'>,
  { attestation, channel }: { readonly attestation: Verified<Attestation>; readonly channel: HeldExchange['channel'] },
  trust: Trust,
): void {
  const { policy, lock } = trust
  const said = disclosed.exchange?.['channel']
  checkChannel(check, channel, policy, typeof said === 'string' ? said : undefined)
  // Nobody vouches for a session beyond its last quote's end: whoever copied the key by then could sign on.
  const { expiresAt } = attestation
  check.that('key-life', claims.iat * 1000 < expiresAt.getTime(), 'KEY_EXPIRED', {
    pass: `attested until ${expiresAt.toISOString()}`,
    fail: `the receipt is dated ${new Date(claims.iat * 1000).toISOString()}, its key is attested until ${expiresAt.toISOString()}`,
  })
  // A refusal ran no model: its claim only says what was asked for. It cannot pass for an answer: that must be of outcome complete.
  if (!wasForwarded(claims)) {
    for (const name of ['model', 'revocation', 'upstream', 'engine', 'dependencies'] as const)
      check.unchecked(name, 'nothing was forwarded')
    return
  }
  const { model, engine } = claims
  const { rows } = attestation
  if (policy.models === 'unchecked') check.unchecked('model')
  // Rows are tuples: where nobody matched measurement and configuration, no row can vouch for the model.
  else if (rows === 'unchecked') check.missing('model', 'policy locks models and the measurement was not matched')
  else if (lock === undefined) check.missing('model', 'policy locks models and no lock file was given')
  else {
    const match = matchModel(lock, rows, model)
    if (!match.ok) check.fail('model', match.code, match.detail)
    check.pass('model', `${model.name} ${model.digest}`)
  }
  // A session is verified once and answers for minutes: a list that came meanwhile counts from the next answer on.
  const { hardware, sessionDigest: session } = attestation
  checkRevocation(check, trust, { model: model.digest, session, hardware })
  checkUpstream(check, { claims, disclosed }, attestation.session, policy)
  checkPins(check, engine, disclosed, policy)
  for (const sentence of upstreamAssumptions(claims, attestation.session)) check.assume(sentence)
}
