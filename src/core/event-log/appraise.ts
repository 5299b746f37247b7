/** Compares replayed events with a policy. Called by {@link verifyEventLog} once the registers and the texts stand. @module */
import { encodeHex } from '../encoding/bytes.ts'
import type { Checker } from '../verdict.ts'
import type { EventLogCheck } from './checks.ts'
import { REGISTERS, type Register } from './logged-event.ts'
import type { Claim, ClaimKind, MeasuredEvent } from './measured-event.ts'
import type { EventLogPolicy, RequiredEvent } from './policy.ts'

const CHECKS = ['required-present', 'required-once', 'required-payload', 'required-order', 'nothing-hidden'] as const
const SYSTEM_READY = 'system-ready'

/** An event that is asked for, or that bounds the place of one that is. */
interface Sought {
  readonly register: Register
  readonly kind: ClaimKind
  readonly name: string
  /** Firmware may end its phase twice (genuine logs do): the first counts. */
  readonly repeats: 'allowed' | 'refused'
}

/** The required events: there, once, as listed, in their phase of the boot, and none of the phase kept from sight. */
export function appraiseRequired(
  check: Checker<EventLogCheck>,
  events: readonly MeasuredEvent[],
  { required }: EventLogPolicy,
): void {
  if (required === 'unchecked') {
    for (const name of CHECKS) check.unchecked(name)
    return
  }
  const sought = required.flatMap((row) => [{ ...row, repeats: 'refused' } as const, ...boundsOf(row)])
  const absent = sought.find((row) => positions(events, row).length === 0)
  check.that('required-present', absent === undefined, 'EVENT_MISSING', {
    seen: absent ? `no ${describe(absent)}` : `${required.length} required events`,
  })
  // Whoever may extend the register can add an event of any name later on: two of one name, and readers would choose.
  const twice = sought.find((row) => row.repeats === 'refused' && positions(events, row).length > 1)
  check.that('required-once', twice === undefined, 'EVENT_DUPLICATE', {
    seen: twice ? `${positions(events, twice).length} times ${describe(twice)}` : 'each once',
    wanted: 'one',
  })
  checkPayloads(check, events, required)
  const misplaced = required.find((row) => !isInPlace(events, row))
  check.that('required-order', misplaced === undefined, 'EVENT_ORDER', {
    seen: misplaced ? describe(misplaced) : 'in place',
    wanted: misplaced ? `after ${misplaced.after}, before ${misplaced.before}` : 'in place',
  })
  checkNothingHidden(check, events, required)
}

function checkPayloads(
  check: Checker<EventLogCheck>,
  events: readonly MeasuredEvent[],
  required: readonly RequiredEvent[],
): void {
  if (required.every(({ payloads }) => payloads === 'unchecked')) {
    check.unchecked('required-payload')
    return
  }
  for (const row of required) {
    const claim = events[first(events, row)]
    const payload = claim === undefined || claim.kind === 'opaque' ? '' : encodeHex(claim.payload)
    if (row.payloads === 'unchecked' || row.payloads.includes(payload)) continue
    const wanted = row.payloads.length === 1 ? row.payloads[0] : `one of ${row.payloads.length}`
    check.fail('required-payload', 'MEASUREMENT_MISMATCH', `${describe(row)} is ${payload}; ${wanted} is due`)
  }
  check.pass('required-payload', 'as listed')
}

/**
 * A digest without its text could be any event. Were one allowed before `system-ready`, the carrier of the log could leave out the text of
 * the genuine `compose-hash` and `system-ready`, and show those that the application added afterwards as the only ones.
 */
function checkNothingHidden(
  check: Checker<EventLogCheck>,
  events: readonly MeasuredEvent[],
  required: readonly RequiredEvent[],
): void {
  const rows = required.filter(({ kind }) => kind === 'runtime')
  if (rows.length === 0) {
    check.unchecked('nothing-hidden', 'no runtime event is required')
    return
  }
  for (const register of REGISTERS) {
    const bounds = rows.filter((row) => row.register === register).flatMap((row) => [row, ...boundsOf(row)])
    const end = Math.max(-1, ...bounds.map((row) => first(events, row)))
    const hidden = events.slice(0, end + 1).find((event) => event.register === register && !isInPlain(event))
    if (hidden !== undefined)
      check.fail(
        'nothing-hidden',
        'EVENT_DIGEST_MISMATCH',
        `RTMR${register} has an event of type 0x${hidden.type.toString(16)} and digest ${encodeHex(hidden.digest)} before the last required one, without the text that it is the digest of`,
      )
  }
  check.pass('nothing-hidden', 'every event up to the last required one has its text')
}

/** Only these hash what nothing else does: under another label the octets of a runtime event would pass as data of a boot loader. */
function isInPlain({ kind }: MeasuredEvent): boolean {
  return kind === 'runtime' || kind === 'session' || kind === 'separator'
}

function isInPlace(events: readonly MeasuredEvent[], row: RequiredEvent): boolean {
  const at = first(events, row)
  const separator = first(events, separatorOf(row.register))
  if (row.after === 'boot-separator' && at < separator) return false
  switch (row.before) {
    case 'boot-separator':
      return at < separator
    case 'system-ready':
      return at < first(events, markerOf(row.register))
    case 'unchecked':
      return true
    default:
      return row.before satisfies never
  }
}

function boundsOf({ register, after, before }: RequiredEvent): readonly Sought[] {
  return [
    ...(after === 'boot-separator' || before === 'boot-separator' ? [separatorOf(register)] : []),
    ...(before === 'system-ready' ? [markerOf(register)] : []),
  ]
}

function separatorOf(register: Register): Sought {
  return { register, kind: 'separator', name: '', repeats: 'allowed' }
}

function markerOf(register: Register): Sought {
  return { register, kind: 'runtime', name: SYSTEM_READY, repeats: 'refused' }
}

type Place = Pick<Sought, 'register' | 'kind' | 'name'>

function isClaimOf(event: MeasuredEvent, { register, kind, name }: Place): event is Claim {
  return event.register === register && event.kind === kind && event.name === name
}

function positions(events: readonly MeasuredEvent[], place: Place): readonly number[] {
  return events.flatMap((event, at) => (isClaimOf(event, place) ? [at] : []))
}

function first(events: readonly MeasuredEvent[], place: Place): number {
  return events.findIndex((event) => isClaimOf(event, place))
}

function describe({ register, kind, name }: Place): string {
  return `${kind} ${name === '' ? 'event' : JSON.stringify(name)} in RTMR${register}`
}
