/** Judges an event log against the registers of a quote: decode, replay, text, policy. @module */
import { encodeHex, sameBytes } from '../encoding/bytes.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import { appraiseRequired } from './appraise.ts'
import { EVENT_LOG_CHECKS, type EventLogCheck } from './checks.ts'
import { type EventLogEvidence, listEvents, listRecordedEvents } from './event-log.ts'
import { type LoggedEvent, MAX_EVENT_LOG_SIZE, REGISTERS, type Register } from './logged-event.ts'
import { type MeasuredEvent, measureEvent } from './measured-event.ts'
import { decodeEventLogPolicy, type EventLogPolicy } from './policy.ts'
import { replay } from './replay.ts'

/** RTMR0 to RTMR3, 48 octets each, out of a quote that has been verified: registers of any other are the sender's words. */
export interface TdxRegisters {
  readonly rtMr0: Uint8Array
  readonly rtMr1: Uint8Array
  readonly rtMr2: Uint8Array
  readonly rtMr3: Uint8Array
}

export interface EventLogExpectations {
  readonly registers: TdxRegisters
  readonly policy: EventLogPolicy
}

/** What was measured, as far as the registers prove it. */
export interface MeasuredEvents {
  /** Registers that the log leads to. */
  readonly replayed: readonly Register[]
  /** Their events, in order; those of other registers are left out. */
  readonly events: readonly MeasuredEvent[]
}

const ASSUMPTIONS = [
  'events are named by what measured them: firmware by the firmware, later ones by whatever could extend the register then',
] as const

/**
 * Judges the record of an archive. Readers of other formats are not needed for it, and browsers need not have them.
 * @throws MalformedError as {@link verifyEventLog}
 */
export function verifyEventRecord(
  octets: Uint8Array,
  expectations: EventLogExpectations,
): Promise<Verdict<MeasuredEvents>> {
  return judgeLog(octets, () => listRecordedEvents(octets), expectations)
}

/**
 * Judges a log in any format.
 *
 * All of `log` is the sender's. A register vouches for the digests, since one that is dropped, added or moved leads elsewhere; a digest
 * vouches for a text; nothing vouches for the type of an event. So an event counts by its text and by its place alone.
 * @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID for a policy made by hand that no file could hold
 */
export function verifyEventLog(
  log: EventLogEvidence,
  expectations: EventLogExpectations,
): Promise<Verdict<MeasuredEvents>> {
  return judgeLog(log.octets, () => listEvents(log), expectations)
}

function judgeLog(
  { length }: Uint8Array,
  list: () => readonly LoggedEvent[],
  { registers, policy: demanded }: EventLogExpectations,
): Promise<Verdict<MeasuredEvents>> {
  return judge(EVENT_LOG_CHECKS, async (check: Checker<EventLogCheck>) => {
    const policy = decodeEventLogPolicy(demanded)
    check.assume(...ASSUMPTIONS)
    check.that('limits', length <= MAX_EVENT_LOG_SIZE, 'EVENT_LOG_TOO_LARGE', {
      seen: `${length} octets`,
      wanted: `at most ${MAX_EVENT_LOG_SIZE}`,
    })
    const logged = check.decode('log', list)
    for (const register of REGISTERS) checkReplay(check, logged, { register, registers, policy })
    const replayed = logged.filter(({ register }) => policy.replay.includes(register))
    const events = checkText(check, replayed)
    appraiseRequired(check, events, policy)
    return { replayed: policy.replay, events }
  })
}

function checkReplay(
  check: Checker<EventLogCheck>,
  logged: readonly LoggedEvent[],
  { register, registers, policy }: EventLogExpectations & { readonly register: Register },
): void {
  const name = `rtmr${register}` as const
  const count = logged.filter((event) => event.register === register).length
  if (!policy.replay.includes(register)) {
    check.unchecked(name, `${count} events, not replayed and not shown; policy: unchecked`)
    return
  }
  const seen = replay(logged, register)
  const wanted = registers[`rtMr${register}`]
  check.that(name, sameBytes(seen, wanted), 'RTMR_REPLAY_MISMATCH', {
    pass: `${count} events lead to ${encodeHex(wanted)}`,
    fail: `RTMR${register} is ${encodeHex(wanted)}; the ${count} events of the log lead to ${encodeHex(seen)}`,
    seen: encodeHex(seen),
    wanted: encodeHex(wanted),
  })
}

function checkText(check: Checker<EventLogCheck>, logged: readonly LoggedEvent[]): readonly MeasuredEvent[] {
  const events = logged.map((event, at) => {
    const measured = measureEvent(event)
    if (measured !== 'forged') return measured
    const { register, type, digest } = event
    return check.fail(
      'event-text',
      'EVENT_DIGEST_MISMATCH',
      `event ${at}, type 0x${type.toString(16)} in RTMR${register}: its text does not hash to ${encodeHex(digest)}`,
    )
  })
  const opaque = events.filter(({ kind }) => kind === 'opaque').length
  check.pass('event-text', `${events.length - opaque} events proven by their text, ${opaque} opaque`)
  return events
}
