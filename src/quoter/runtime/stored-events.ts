/**
 * The log of what went into RTMR3, kept where it lives exactly as long as the register: in memory of this virtual machine, below /run. It is
 * the record of formats.md (canonical JSON), written as a whole before the register is extended: a crash in between leaves one event too
 * many, which the register itself gives away. @module
 */
import { decodeEventLog, type EventLog, encodeEventLog } from '../../core/event-log/index.ts'
import { MalformedError } from '../../errors.ts'
import { carryOut, DeviceFault, type DeviceFiles, readOctets } from '../files/device-files.ts'

export const EVENTS_FOLDER = '/run/countersign'
const EVENTS_NAME = 'rtmr3-events.json'
const LIMIT = 1 << 20
const NONE: EventLog = { events: [] }

/** @throws DeviceFault; MalformedError for a file that is no event log */
export async function readEvents(files: DeviceFiles): Promise<EventLog> {
  try {
    return decodeEventLog(await readOctets(files, `${EVENTS_FOLDER}/${EVENTS_NAME}`, LIMIT))
  } catch (error) {
    if (error instanceof DeviceFault && error.errno === 'ENOENT') return NONE
    throw error
  }
}

/** @throws DeviceFault; MalformedError EVENT_LOG_TOO_LARGE */
export async function writeEvents(files: DeviceFiles, log: EventLog): Promise<Uint8Array> {
  const octets = encodeEventLog(log)
  if (octets.length > LIMIT)
    throw new MalformedError('EVENT_LOG_TOO_LARGE', `${octets.length} octets, at most ${LIMIT}`)
  await carryOut(files, { call: 'store', folder: EVENTS_FOLDER, name: EVENTS_NAME, octets })
  return octets
}
