/**
 * RTMR3 of a TDX guest, through the kernel's measurement registers (Linux 6.16 and later). A write extends:
 *
 * ```
 * RTMR3 := SHA-384(RTMR3 || digest)
 * digest = SHA-384("urn:countersign:session:1" || 0x00 || octets of the session)          48 octets, one write at the start
 * event  = {register 3, type 0x08435301, digest}                                          in the log that travels with quotes
 * ```
 * The session names configuration and models by their digests, so both are in the register; verifiers replay the log and find the session by
 * its digest, so the log need not repeat it. What the firmware's log (CCEL) has comes before. formats.md, Session. @module
 */
import { sameBytes } from '../../core/encoding/bytes.ts'
import {
  decodeCcel,
  type EventLog,
  encodeCcel,
  encodeEventLog,
  type LoggedEvent,
  listCcelEvents,
  listEvents,
  replay,
  SESSION_EVENT_TYPE,
  sessionDigest,
} from '../../core/event-log/index.ts'
import type { MeasurableSession, SessionMeasurement } from '../../core/evidence/quoter.ts'
import { MalformedError } from '../../errors.ts'
import { carryOut, DeviceFault, type DeviceFiles, readOctets } from '../files/device-files.ts'
import { readEvents, writeEvents } from './stored-events.ts'

const FOLDERS = ['/sys/devices/virtual/misc/tdx_guest/measurements', '/sys/class/misc/tdx_guest/measurements'] as const
const REGISTER = 3
const REGISTER_NAME = `rtmr${REGISTER}:sha384`
const REGISTER_SIZE = 48
const CCEL = '/sys/firmware/acpi/tables/data/CCEL'
const CCEL_LIMIT = 1 << 20

/** Where the register is, and what it holds; or why it cannot be extended. */
export type RegisterState =
  | { readonly kind: 'ready'; readonly path: string; readonly value: Uint8Array }
  | { readonly kind: 'absent'; readonly why: string }

export async function lookAtRtmr3(files: DeviceFiles): Promise<RegisterState> {
  for (const folder of FOLDERS) {
    const path = `${folder}/${REGISTER_NAME}`
    try {
      const value = await readOctets(files, path)
      if (value.length === REGISTER_SIZE) return { kind: 'ready', path, value }
      return { kind: 'absent', why: `${path} holds ${value.length} octets, ${REGISTER_SIZE} are due` }
    } catch (error) {
      if (!(error instanceof DeviceFault)) throw error
      if (error.errno !== 'ENOENT') return { kind: 'absent', why: `${path} cannot be read (${error.errno})` }
    }
  }
  return {
    kind: 'absent',
    why: 'this kernel offers no RTMR3 (Linux 6.16 or later with CONFIG_TSM_MEASUREMENTS does): the configuration stays the word of measured code',
  }
}

/** The register with its log. One object for a process; calls must not overlap. */
export class Rtmr3 {
  readonly #files: DeviceFiles
  #record: Uint8Array | undefined

  constructor(files: DeviceFiles) {
    this.#files = files
  }

  /** The record for quotes; undefined where nothing was measured, or the log does not lead to the register. */
  get record(): Uint8Array | undefined {
    return this.#record
  }

  /** Records the event, then extends. What fails is told, and leaves a register that its log leads to, or no log. */
  async measure({ octets, epoch }: MeasurableSession): Promise<SessionMeasurement> {
    try {
      return await this.#measure(sessionDigest(octets), epoch)
    } catch (error) {
      this.#record = undefined
      if (!(error instanceof DeviceFault) && !(error instanceof MalformedError)) throw error
      return { measured: false, detail: `RTMR3 was not extended: ${error.message}` }
    }
  }

  async #measure(digest: Uint8Array, epoch: number): Promise<SessionMeasurement> {
    const state = await lookAtRtmr3(this.#files)
    if (state.kind === 'absent') {
      // What the firmware measured can be replayed all the same.
      const ccel = await this.#readCcel()
      this.#record = ccel && readableRecord({ ccel, events: [] })
      return { measured: false, detail: state.why }
    }
    const log = await this.#logOf(state.value)
    if (log === undefined) {
      this.#record = undefined
      return {
        measured: false,
        detail: 'RTMR3 holds what no log of this machine leads to: something else has extended it, so it is left alone',
      }
    }
    const event: LoggedEvent = { register: REGISTER, type: SESSION_EVENT_TYPE, digest }
    const next: EventLog = { ...log, events: [...log.events, event] }
    const record = readableRecord(next)
    if (record === undefined)
      return {
        measured: false,
        detail:
          'RTMR3 was not extended: its log would be larger than verifiers read; a restart of the machine empties it',
      }
    await writeEvents(this.#files, { events: next.events })
    await carryOut(this.#files, { call: 'write', path: state.path, octets: digest })
    const after = await lookAtRtmr3(this.#files)
    if (after.kind === 'absent' || !sameBytes(after.value, replayOf(next))) {
      this.#record = undefined
      return { measured: false, detail: 'RTMR3 was extended by somebody else at the same time' }
    }
    this.#record = record
    const earlier = log.events.filter(({ type }) => type === SESSION_EVENT_TYPE).length
    return earlier === epoch
      ? { measured: true, detail: 'RTMR3 names the session' }
      : {
          measured: false,
          detail: `RTMR3 names ${earlier} sessions of earlier boots of the gateway: until the machine is restarted the configuration is the gateway's word`,
        }
  }

  /** The log that leads to `value`: as stored, without an event that was recorded and not extended, or anew. */
  async #logOf(value: Uint8Array): Promise<EventLog | undefined> {
    const ccel = await this.#readCcel()
    const { events } = await readEvents(this.#files)
    const candidates = [events, events.slice(0, -1), []]
    return candidates
      .map((list): EventLog => ({ ...(ccel && { ccel }), events: list }))
      .find((log) => sameBytes(replayOf(log), value))
  }

  /** The firmware's log without its padding; absent where the guest has none or it does not decode. */
  async #readCcel(): Promise<Uint8Array | undefined> {
    try {
      return encodeCcel(decodeCcel(await readOctets(this.#files, CCEL, CCEL_LIMIT)))
    } catch (error) {
      if (error instanceof DeviceFault || error instanceof MalformedError) return undefined
      throw error
    }
  }
}

/** Undefined where verifiers, who bound what they read, would refuse it: nobody could replay the register. */
function readableRecord(log: EventLog): Uint8Array | undefined {
  const octets = encodeEventLog(log)
  try {
    listEvents({ format: 'record', octets })
    return octets
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

function replayOf({ ccel, events }: EventLog): Uint8Array {
  const firmware = ccel === undefined ? [] : listCcelEvents(decodeCcel(ccel))
  return replay([...firmware, ...events], REGISTER)
}
