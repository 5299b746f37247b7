/** Events that dstack, or an application on it, adds to RTMR3 at run time, and the JSON log in which dstack gives all events. @module */
import { sha384 } from '../crypto/index.ts'
import { decodeHex, encodeHex, sameBytes } from '../encoding/bytes.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import { decodeJson } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import {
  checkEventCount,
  checkLogSize,
  DIGEST_SIZE,
  decodingLog,
  type LoggedEvent,
  malformedLog,
  type Register,
  RUNTIME_EVENT_TYPE,
} from './logged-event.ts'

/** How the text of a runtime event is hashed: 1 joins octets with colons, 2 takes canonical JSON. */
export type RuntimeVersion = 1 | 2

export interface RuntimeText {
  readonly name: string
  readonly payload: Uint8Array
}

/**
 * Printable ASCII without a colon, at most 128. Version 1 hashes `type:name:payload`: were colons allowed, one digest would have
 * several texts, and whoever carries the log could choose.
 */
export const RUNTIME_NAME: RegExp = /^[ -9;-~]{1,128}$/

const COLON: Uint8Array = encodeUtf8(':')
/** RUNTIME_EVENT_TYPE, little-endian. */
const TYPE: Uint8Array = Uint8Array.of(0x01, 0x00, 0x00, 0x08)

export const LOG_CODES: ShapeCodes = {
  missing: 'EVENT_LOG_MALFORMED',
  unknown: 'EVENT_LOG_MALFORMED',
  invalid: 'EVENT_LOG_MALFORMED',
}

/** The digest of a runtime event. */
export function runtimeDigest({ name, payload }: RuntimeText, version: RuntimeVersion): Uint8Array {
  switch (version) {
    case 1:
      return sha384(TYPE, COLON, encodeUtf8(name), COLON, payload)
    case 2:
      return sha384(encodeJcs({ name, payload: encodeHex(payload), type: RUNTIME_EVENT_TYPE }))
    default:
      return version satisfies never
  }
}

/**
 * The version under which the text hashes to `digest`. The log need not say: what is hashed begins with 0x01 in one and with a brace in
 * the other, so no text has both.
 */
export function matchRuntimeDigest(text: RuntimeText, digest: Uint8Array): RuntimeVersion | undefined {
  const versions: readonly RuntimeVersion[] = [1, 2]
  return versions.find((version) => sameBytes(runtimeDigest(text, version), digest))
}

/**
 * Decodes dstack's log, `[{imr, event_type, digest, event, event_payload, version?}]`, all four registers, counted from zero.
 *
 * dstack may leave out what a reader can do without: the digest of a runtime event (computed here, so the replay judges it) and the
 * payload of any other. Its names for boot events ("acpi-tables") hash to nothing and are dropped.
 * @throws MalformedError EVENT_LOG_TOO_LARGE, EVENT_LOG_MALFORMED
 */
export function decodeDstackEvents(source: Uint8Array | string): readonly LoggedEvent[] {
  checkLogSize(source.length)
  return decodingLog(() => {
    const list = decodeJson(source)
    if (!Array.isArray(list)) throw malformedLog('the log must be an array')
    checkEventCount(list.length)
    return list.map((item, at) => decodeDstackEvent(new ObjectReader(item, `events[${at}]`, LOG_CODES)))
  })
}

/** @throws MalformedError EVENT_LOG_MALFORMED unless the field is a register, counted from zero */
export function readRegister(reader: ObjectReader, key: string): Register {
  const value = reader.integer(key, { max: 3 })
  return value === 0 || value === 1 || value === 2 ? value : 3
}

function decodeDstackEvent(reader: ObjectReader): LoggedEvent {
  const register = readRegister(reader, 'imr')
  const type = reader.integer('event_type', { max: 2 ** 32 - 1 })
  const digest = decodeHex(reader.string('digest'))
  const name = reader.string('event')
  const payload = decodeHex(reader.string('event_payload'))
  const version = reader.has('version') ? reader.integer('version', { min: 1, max: 2 }) : 1
  reader.end()
  if (type === RUNTIME_EVENT_TYPE) {
    if (!RUNTIME_NAME.test(name)) throw reader.invalid('event', `must match ${RUNTIME_NAME.source}`)
    const given = digest.length > 0 ? checkDigest(reader, digest) : undefined
    return { register, type, digest: given ?? runtimeDigest({ name, payload }, version === 2 ? 2 : 1), name, payload }
  }
  return { register, type, digest: checkDigest(reader, digest), ...(payload.length > 0 && { payload }) }
}

function checkDigest(reader: ObjectReader, digest: Uint8Array): Uint8Array {
  if (digest.length !== DIGEST_SIZE) throw reader.invalid('digest', `must have ${DIGEST_SIZE} octets`)
  return digest
}
