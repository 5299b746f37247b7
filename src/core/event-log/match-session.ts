/** Finds a gateway's session among what RTMR3 proves. @module */
import { CountersignError } from '../../errors.ts'
import { sameBytes } from '../encoding/bytes.ts'
import type { FailureCode } from '../failure-codes.ts'
import type { Verified } from '../verdict.ts'
import { SESSION_EVENT_TYPE } from './logged-event.ts'
import type { MeasuredEvent } from './measured-event.ts'
import { sessionDigest } from './session-digest.ts'
import type { MeasuredEvents } from './verify.ts'

const SESSION_REGISTER = 3

export type SessionMatch =
  | { readonly ok: true; readonly detail: string }
  | { readonly ok: false; readonly code: FailureCode; readonly detail: string }

/**
 * Whether RTMR3 names this session as the current one: one event for each epoch up to `epoch`, and the last is this session.
 *
 * The session is found by its digest, so the log need not hold its octets. The events of earlier epochs are counted as the log labels
 * them: a carrier who labels them otherwise loses the match and gains nothing, since `epoch` stands in the session's own octets. Behind
 * the session nothing may stand that could be a later one under another label.
 *
 * @param session the octets of the session as the quote binds them
 * @param epoch as the session says
 * @throws CountersignError ERR_USAGE when `epoch` is no count: no comparison with it would fail
 */
export function matchSessionEvents(
  { events, replayed }: Verified<MeasuredEvents>,
  session: Uint8Array,
  epoch: number,
): SessionMatch {
  if (!Number.isSafeInteger(epoch) || epoch < 0)
    throw new CountersignError('ERR_USAGE', 'an epoch is a count from zero')
  if (!replayed.includes(SESSION_REGISTER))
    return { ok: false, code: 'CHECK_NOT_PERFORMED', detail: 'RTMR3 was not replayed' }
  const register = events.filter((event) => event.register === SESSION_REGISTER)
  const digest = sessionDigest(session)
  const count = register.filter(isSession).length
  const at = register.findIndex((event) => sameBytes(event.digest, digest))
  const later = register.slice(at + 1)
  if (at < 0 || count <= epoch) {
    const detail = at < 0 ? 'the session is not in RTMR3' : `${count} session events, ${epoch + 1} are due`
    return { ok: false, code: 'EVENT_MISSING', detail }
  }
  if (later.some((event) => sameBytes(event.digest, digest)))
    return { ok: false, code: 'EVENT_DUPLICATE', detail: 'the session is in RTMR3 twice' }
  if (later.some((event) => event.kind !== 'runtime'))
    return {
      ok: false,
      code: 'EVENT_ORDER',
      detail: 'another session, or what may be one, was measured after this one',
    }
  if (count > epoch + 1)
    return { ok: false, code: 'EVENT_DUPLICATE', detail: `${count} session events, ${epoch + 1} are due` }
  return { ok: true, detail: `session event ${count} of ${epoch + 1}, the last` }
}

function isSession({ kind, type }: MeasuredEvent): boolean {
  return kind === 'session' || (kind === 'opaque' && type === SESSION_EVENT_TYPE)
}
