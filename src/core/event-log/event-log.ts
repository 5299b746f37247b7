/** The `eventlog` record of an archive, and the formats in which a log may be given. Layout only. @module */
import { decodeBase64Url, encodeBase64Url } from '../encoding/base64.ts'
import { decodeHex, encodeHex, sameBytes } from '../encoding/bytes.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import { decodeJson, type JsonObject } from '../encoding/json.ts'
import { ObjectReader } from '../encoding/shape.ts'
import { decodeCcel, listCcelEvents } from './ccel.ts'
import {
  checkEventCount,
  checkLogSize,
  DIGEST_SIZE,
  decodingLog,
  type LoggedEvent,
  malformedLog,
  RUNTIME_EVENT_TYPE,
} from './logged-event.ts'
import { decodeDstackEvents, LOG_CODES, RUNTIME_NAME, readRegister } from './runtime-events.ts'

/** Media type of the record. */
export const EVENT_LOG_TYPE = 'application/json; profile="urn:countersign:event-log:1"'

/** What a guest has logged: by its firmware, and by what ran after it. */
export interface EventLog {
  /** The area behind the ACPI table CCEL; its padding may be left away. */
  readonly ccel?: Uint8Array
  /** What is not in the CCEL, in the order in which it was measured. For each register it comes after what the CCEL has. */
  readonly events: readonly LoggedEvent[]
}

/** A log in one of the formats in which it is found. All of it is the sender's. */
export interface EventLogEvidence {
  /** `record` as in archives, `ccel` the firmware's area, `dstack` the JSON array of a dstack guest. */
  readonly format: 'record' | 'ccel' | 'dstack'
  readonly octets: Uint8Array
}

/**
 * The record: canonical JSON (RFC 8785),
 *
 * ```
 * {"ccel": base64url or null,
 *  "events": [{"digest": 96 hex digits, "name"?: text, "payload"?: hex, "register": 0 to 3, "type": unsigned 32 bits}]}
 * ```
 * `name` is there exactly where a runtime event (type 134217729) has a payload. A payload that is left out makes its event opaque.
 */
export function encodeEventLog({ ccel, events }: EventLog): Uint8Array {
  return encodeJcs({
    ccel: ccel === undefined ? null : encodeBase64Url(ccel),
    events: events.map(encodeEvent),
  })
}

/** @throws MalformedError EVENT_LOG_TOO_LARGE, EVENT_LOG_MALFORMED (any other spelling than the canonical one, too) */
export function decodeEventLog(octets: Uint8Array): EventLog {
  checkLogSize(octets.length)
  return decodingLog(() => {
    const json = decodeJson(octets)
    const reader = new ObjectReader(json, 'event log', LOG_CODES)
    const ccel = reader.value('ccel')
    if (ccel !== null && typeof ccel !== 'string') throw reader.invalid('ccel', 'must be base64url or null')
    const items = reader.array('events')
    const events = items.map((item, at) => decodeEvent(new ObjectReader(item, `event log.events[${at}]`, LOG_CODES)))
    reader.end()
    if (!sameBytes(encodeJcs(json), octets)) throw malformedLog('the record is not canonical JSON')
    return { ...(ccel !== null && { ccel: decodeBase64Url(ccel) }), events }
  })
}

/** What a record says went into registers, in order. @throws MalformedError EVENT_LOG_TOO_LARGE, EVENT_LOG_MALFORMED */
export function listRecordedEvents(octets: Uint8Array): readonly LoggedEvent[] {
  const { ccel, events } = decodeEventLog(octets)
  // More than the limit in "events" alone do not fit into the octets of a record.
  if (ccel === undefined) return events
  const firmware = decodeCcel(ccel)
  checkEventCount(firmware.events.length + events.length)
  return [...listCcelEvents(firmware), ...events]
}

/**
 * Everything that a log says went into registers, in order.
 * @throws MalformedError EVENT_LOG_TOO_LARGE, EVENT_LOG_MALFORMED
 */
export function listEvents({ format, octets }: EventLogEvidence): readonly LoggedEvent[] {
  switch (format) {
    case 'ccel':
      return listCcelEvents(decodeCcel(octets))
    case 'dstack':
      return decodeDstackEvents(octets)
    case 'record':
      return listRecordedEvents(octets)
    default:
      return format satisfies never
  }
}

function encodeEvent({ register, type, digest, name, payload }: LoggedEvent): JsonObject {
  return {
    digest: encodeHex(digest),
    ...(name === undefined ? {} : { name }),
    ...(payload === undefined ? {} : { payload: encodeHex(payload) }),
    register,
    type,
  }
}

function decodeEvent(reader: ObjectReader): LoggedEvent {
  const register = readRegister(reader, 'register')
  const type = reader.integer('type', { max: 2 ** 32 - 1 })
  const digest = decodeHex(reader.string('digest'))
  if (digest.length !== DIGEST_SIZE) throw reader.invalid('digest', `must have ${DIGEST_SIZE} octets`)
  const name = reader.has('name') ? reader.string('name', RUNTIME_NAME) : undefined
  const payload = reader.has('payload') ? decodeHex(reader.string('payload')) : undefined
  reader.end()
  if ((name !== undefined) !== (type === RUNTIME_EVENT_TYPE && payload !== undefined))
    throw reader.invalid('name', 'is due exactly where a runtime event has its payload')
  return { register, type, digest, ...(name !== undefined && { name }), ...(payload !== undefined && { payload }) }
}
