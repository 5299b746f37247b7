/** RTMR0 to RTMR2 out of the log of a boot, and how much of the log rests on more than its word. @module */
import { encodeHex } from '../../core/encoding/bytes.ts'
import { type LoggedEvent, type MeasuredEvent, measureEvent, replay } from '../../core/event-log/index.ts'
import type { TdxPart, TdxRegister } from '../../core/measurement/tdx/index.ts'
import type { TdxMeasurements } from '../../core/tdx/index.ts'
import { MalformedError } from '../../errors.ts'

/**
 * - `computed` the digest of something that was computed from the files given, or is a constant
 * - `text` the log has the text that hashes to it
 * - `trust` a digest alone
 */
export type Grounds = 'computed' | 'text' | 'trust'

export interface ReplayedPart extends TdxPart {
  readonly grounds: Grounds
  /** Of the event, as the log labels it. */
  readonly type: number
}

export interface ReplayedBoot {
  readonly measurements: Omit<TdxMeasurements, 'mrTd'>
  readonly parts: readonly ReplayedPart[]
}

/** RTMR3 grows while a guest runs and is in no pin. */
const REGISTERS: readonly (TdxRegister | undefined)[] = ['rtMr0', 'rtMr1', 'rtMr2']
/** Without them the log would be another firmware's than the one that MRTD is computed from. */
const ANCHORS = ['TD HOB', 'CFV'] as const

/** Something that the log must have, because its file was given: the event is named by any of these. */
export interface GivenFile {
  readonly option: string
  readonly names: readonly string[]
}

function nameOf(event: MeasuredEvent): string {
  if (event.kind === 'opaque') return `event of type 0x${event.type.toString(16)}`
  return event.name === '' ? event.kind : `${event.kind} ${event.name}`
}

function partOf(event: LoggedEvent, known: readonly TdxPart[]): readonly ReplayedPart[] {
  const register = REGISTERS[event.register]
  if (register === undefined) return []
  const digest = encodeHex(event.digest)
  const measured = measureEvent(event)
  if (measured === 'forged')
    throw new MalformedError(
      'EVENT_DIGEST_MISMATCH',
      `an event of type 0x${event.type.toString(16)} in RTMR${event.register}: its text does not hash to ${digest}`,
    )
  const same = known.find((part) => part.register === register && part.digest === digest)
  const grounds = same !== undefined ? 'computed' : measured.kind === 'opaque' ? 'trust' : 'text'
  return [{ register, name: same?.name ?? nameOf(measured), digest, grounds, type: event.type }]
}

/**
 * @throws MalformedError EVENT_DIGEST_MISMATCH where a text is not that of its digest, LAUNCH_INVALID for the log of another machine, or of
 * one that booted something else than what is given: beside events on trust it would not show
 */
export function replayBoot(
  events: readonly LoggedEvent[],
  {
    known,
    given,
  }: {
    /** What the same machine is computed to measure; MRTD's firmware and the memory among it. */
    readonly known: readonly TdxPart[]
    readonly given: readonly GivenFile[]
  },
): ReplayedBoot {
  const parts = events.flatMap((event) => partOf(event, known))
  for (const anchor of ANCHORS) {
    if (!parts.some(({ register, name, grounds }) => register === 'rtMr0' && grounds === 'computed' && name === anchor))
      throw new MalformedError(
        'LAUNCH_INVALID',
        `the log is not of this firmware with this memory: no event of RTMR0 has the digest of its ${anchor}`,
      )
  }
  for (const { option, names } of given) {
    if (!parts.some(({ name, grounds }) => grounds === 'computed' && names.includes(name)))
      throw new MalformedError('LAUNCH_INVALID', `no event of the log has the digest of what ${option} names`)
  }
  const value = (register: 0 | 1 | 2): string => encodeHex(replay(events, register))
  return { measurements: { rtMr0: value(0), rtMr1: value(1), rtMr2: value(2) }, parts }
}
