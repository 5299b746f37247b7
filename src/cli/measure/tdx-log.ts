/** RTMR0 to RTMR2 out of the log of a boot, and how much of the log rests on more than its word. @module */
import { encodeHex } from '../../core/encoding/bytes.ts'
import { type LoggedEvent, type MeasuredEvent, measureEvent, replay } from '../../core/event-log/index.ts'
import type { TdxPart, TdxRegister } from '../../core/measurement/tdx/index.ts'
import type { TdxMeasurements } from '../../core/tdx/index.ts'
import { MalformedError } from '../../errors.ts'

/**
 * - `computed` the digest of something that was computed from the files given, or is a constant
 * - `text` the log has the text that hashes to it, and it can be nothing else than what it is called
 * - `trust` a digest alone, or octets that could be those of anything
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
  /** Of RTMR3, which firmware leaves alone. */
  readonly runtimeEvents: number
}

/** RTMR3 grows while a guest runs and is in no pin. */
const REGISTERS: readonly (TdxRegister | undefined)[] = ['rtMr0', 'rtMr1', 'rtMr2']
const RUNTIME = 3
/** First in RTMR0, in this order. Without them the log would be another firmware's than the one that MRTD is computed from. */
const ANCHORS = ['TD HOB', 'CFV'] as const
/** TCG PFP 1.05, table 14. Labels: no digest covers a type, and firmware may use one for another. */
const TYPES: Readonly<Record<number, string>> = {
  1: 'POST_CODE',
  6: 'EVENT_TAG',
  10: 'PLATFORM_CONFIG_FLAGS',
  13: 'IPL',
  2147483651: 'EFI_BOOT_SERVICES_APPLICATION',
  2147483652: 'EFI_BOOT_SERVICES_DRIVER',
  2147483654: 'EFI_GPT_EVENT',
  2147483656: 'EFI_PLATFORM_FIRMWARE_BLOB',
  2147483658: 'EFI_PLATFORM_FIRMWARE_BLOB2',
  2147483659: 'EFI_HANDOFF_TABLES2',
}

/** Something that the log must have, because its file was given: the event is named by any of these. */
export interface GivenFile {
  readonly option: string
  readonly names: readonly string[]
}

function nameOf(event: MeasuredEvent): string {
  if (event.kind === 'opaque') return `event labelled ${TYPES[event.type] ?? `0x${event.type.toString(16)}`}`
  return event.name === '' ? event.kind : `${event.kind} ${event.name}`
}

const PROGRAM_STARTS: readonly string[] = ['MZ', 'PE\0\0']

function beginsAsProgram(octets: Uint8Array): boolean {
  return PROGRAM_STARTS.some((start) => [...start].every((letter, at) => octets[at] === letter.charCodeAt(0)))
}

/**
 * No digest covers a type. Whoever writes the log can call a small program, an initrd or the host's ACPI files a variable or a boot loader's
 * text, and give their octets as its payload. None of these is readable text, and firmware measures no file of the host before the first
 * separator: what is neither readable nor a variable from before it proves nothing of what it is called.
 */
function isProven(measured: MeasuredEvent, phase: 'firmware' | 'later'): boolean {
  switch (measured.kind) {
    case 'separator':
      return true
    case 'efi-variable':
      return phase === 'firmware' && measured.register === 0
    case 'efi-action':
    case 'ipl':
      return measured.name !== '' && !beginsAsProgram(measured.payload)
    case 'efi-variable-data':
    case 'runtime':
    case 'session':
    case 'opaque':
      return false
    default:
      return measured satisfies never
  }
}

function partOf(
  event: LoggedEvent,
  { known, phase }: { readonly known: readonly TdxPart[]; readonly phase: 'firmware' | 'later' },
): readonly ReplayedPart[] {
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
  const grounds = same !== undefined ? 'computed' : isProven(measured, phase) ? 'text' : 'trust'
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
    firmware,
  }: {
    /** What the same machine is computed to measure. */
    readonly known: readonly TdxPart[]
    readonly given: readonly GivenFile[]
    /** Whether `known` has what firmware and memory decide: then the log must have it, too. */
    readonly firmware: 'given' | 'none'
  },
): ReplayedBoot {
  const isSeparator = (event: LoggedEvent): boolean => {
    const measured = measureEvent(event)
    return event.register === 0 && measured !== 'forged' && measured.kind === 'separator'
  }
  const separator = events.findIndex(isSeparator)
  const parts = events.flatMap((event, at) => partOf(event, { known, phase: at < separator ? 'firmware' : 'later' }))
  // What runs later can extend RTMR0 with any digest, so that only the place tells that the firmware measured it.
  const first = parts.filter(({ register }) => register === 'rtMr0')
  for (const [at, anchor] of firmware === 'given' ? ANCHORS.entries() : []) {
    if (first[at]?.name !== anchor || first[at]?.grounds !== 'computed')
      throw new MalformedError(
        'LAUNCH_INVALID',
        `the log is not of this firmware with this memory: event ${at} of RTMR0 does not have the digest of its ${anchor}`,
      )
  }
  for (const { option, names } of given) {
    if (!parts.some(({ name, grounds }) => grounds === 'computed' && names.includes(name)))
      throw new MalformedError('LAUNCH_INVALID', `no event of the log has the digest of what ${option} names`)
  }
  const value = (register: 0 | 1 | 2): string => encodeHex(replay(events, register))
  const runtimeEvents = events.filter(({ register }) => register === RUNTIME).length
  return { measurements: { rtMr0: value(0), rtMr1: value(1), rtMr2: value(2) }, parts, runtimeEvents }
}
