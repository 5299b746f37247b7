/** One measurement as a log tells it, and the limits of all logs. Layout only: a log is the sender's until its replay equals a quote. @module */
import { MalformedError } from '../../errors.ts'

/** Octets of the largest log, in whatever format; genuine ones have a few tens of KiB, and a CCEL area is padded to 256 KiB. */
export const MAX_EVENT_LOG_SIZE: number = 1 << 20
/** Events of the longest log, all registers together. */
export const MAX_EVENTS = 10_000
/** SHA-384: the one algorithm of the registers. */
export const DIGEST_SIZE = 48

/** RTMR0 to RTMR3, counted from zero. (In a CCEL the same registers are 1 to 4, and 0 is MRTD.) */
export type Register = 0 | 1 | 2 | 3
export const REGISTERS: readonly Register[] = [0, 1, 2, 3]

// TCG PC Client Platform Firmware Profile, event types; the last two are not TCG's.
export const EV_NO_ACTION = 0x00000003
export const EV_SEPARATOR = 0x00000004
export const EV_IPL = 0x0000000d
export const EV_EFI_VARIABLE_DRIVER_CONFIG = 0x80000001
export const EV_EFI_VARIABLE_BOOT = 0x80000002
export const EV_EFI_ACTION = 0x80000007
export const EV_EFI_VARIABLE_BOOT2 = 0x8000000c
export const EV_EFI_VARIABLE_AUTHORITY = 0x800000e0
/** Events of dstack and of applications on it. */
export const RUNTIME_EVENT_TYPE = 0x08000001
/** Sessions of this project's gateway. */
export const SESSION_EVENT_TYPE = 0x08435301

/**
 * One extension of a register. Only `digest` went into the register: type, name and payload are words beside it, and count for nothing
 * until they hash to it.
 */
export interface LoggedEvent {
  readonly register: Register
  readonly type: number
  /** 48 octets. */
  readonly digest: Uint8Array
  /** Runtime events only, and there together with `payload`. */
  readonly name?: string
  /** The event data, or the payload of a runtime event. Absent where the log leaves it out. */
  readonly payload?: Uint8Array
}

/** @throws MalformedError EVENT_LOG_TOO_LARGE, before anything of it is read */
export function checkLogSize(size: number): void {
  if (size > MAX_EVENT_LOG_SIZE)
    throw new MalformedError('EVENT_LOG_TOO_LARGE', `${size} octets, at most ${MAX_EVENT_LOG_SIZE}`)
}

/** @throws MalformedError EVENT_LOG_TOO_LARGE */
export function checkEventCount(count: number): void {
  if (count > MAX_EVENTS) throw new MalformedError('EVENT_LOG_TOO_LARGE', `${count} events, at most ${MAX_EVENTS}`)
}

/** Runs a decoder of a log: whatever is wrong with its shape has one code, its size another. */
export function decodingLog<T>(decoder: () => T): T {
  try {
    return decoder()
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    if (cause.failure === 'EVENT_LOG_TOO_LARGE' || cause.failure === 'EVENT_LOG_MALFORMED') throw cause
    throw new MalformedError('EVENT_LOG_MALFORMED', cause.message, { cause })
  }
}

export function malformedLog(message: string): MalformedError {
  return new MalformedError('EVENT_LOG_MALFORMED', message)
}
