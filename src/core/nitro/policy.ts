/** What a verifier demands of Nitro evidence. Every field is required; to leave a check out is spelled `"unchecked"`. @module */
import type { JsonValue } from '../encoding/json.ts'
import { POLICY_CODES } from '../encoding/policy-lists.ts'
import { ObjectReader } from '../encoding/shape.ts'
import { NITRO_KINDS, type NitroKind } from './payload.ts'
import { MEASURED_REGISTERS } from './registers.ts'

/**
 * Registers beside the measured ones, by number: lower-case hex, any of the list. One that is named and not in the document fails.
 * Enclaves: 3 (role of the parent), 4 (parent instance), 8 (signing certificate), 16 to 31 (the enclave's own).
 */
export interface RegisterPins {
  /** Said, not implied: registers that are named nowhere are not looked at. */
  readonly others: 'unchecked'
  readonly [register: `${number}`]: readonly string[]
}

/** Debug mode is not in here: a document of a debug enclave is never accepted. Measurements are in the rows of the lock. */
export interface NitroPolicy {
  /** Which registers a document has: those of an enclave or those of a NitroTPM. One is never taken for the other. */
  readonly document: NitroKind
  /** How far the document's own time may lie from the time of judgement. */
  readonly time: { readonly maxAgeSeconds: number | 'unchecked'; readonly futureSkewSeconds: number }
  readonly pcrs: RegisterPins
  /** AWS asks that revocation lists are not consulted. */
  readonly revocation: 'unchecked'
}

const REGISTER_NAME = /^(?:[0-9]|[12][0-9]|3[01])$/
const REGISTER_VALUE = /^[0-9a-f]{96}$/
/** Enclaves: always zero. A pin on one would pin nothing. */
const RESERVED_IN_ENCLAVES: readonly number[] = [5, 6, 7, 9, 10, 11, 12, 13, 14, 15]
/** A leaf lives three hours; ten years let archives be judged as of their own time. */
const MAX_AGE_SECONDS = 315_360_000
const MAX_SKEW_SECONDS = 300

/**
 * Decodes the `nitro` part of a policy.
 * @param value from a file; or a policy made by hand, in which a field that is absent or of another form must not mean unchecked
 * @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID (empty lists are invalid)
 */
export function decodeNitroPolicy(value: JsonValue | NitroPolicy): NitroPolicy {
  const reader = new ObjectReader(value, 'policy.nitro', POLICY_CODES)
  const document = reader.oneOf('document', NITRO_KINDS)
  const policy: NitroPolicy = {
    document,
    time: reader.object('time').whole(decodeTime),
    pcrs: decodePins(reader.object('pcrs'), document),
    revocation: reader.oneOf('revocation', ['unchecked']),
  }
  reader.end()
  return policy
}

function decodeTime(reader: ObjectReader): NitroPolicy['time'] {
  return {
    maxAgeSeconds: reader.unlessUnchecked('maxAgeSeconds', () =>
      reader.integer('maxAgeSeconds', { min: 1, max: MAX_AGE_SECONDS }),
    ),
    futureSkewSeconds: reader.integer('futureSkewSeconds', { max: MAX_SKEW_SECONDS }),
  }
}

function decodePins(reader: ObjectReader, document: NitroKind): RegisterPins {
  const others = reader.oneOf('others', ['unchecked'])
  const pins = reader
    .keys()
    .filter((name) => REGISTER_NAME.test(name))
    .map((name) => [name, decodePin(reader, name, document)] as const)
  reader.end()
  return { others, ...Object.fromEntries(pins) }
}

function decodePin(reader: ObjectReader, name: string, document: NitroKind): readonly string[] {
  const register = Number(name)
  if (MEASURED_REGISTERS[document].includes(register))
    throw reader.invalid(name, 'belongs into a row of measurements, with the others of its row')
  if (document === 'enclave' && RESERVED_IN_ENCLAVES.includes(register))
    throw reader.invalid(name, 'is reserved: an enclave has nothing in it')
  const values = reader.strings(name, REGISTER_VALUE)
  if (values.length === 0) throw reader.invalid(name, 'must not be empty: leave the register out')
  if (new Set(values).size !== values.length) throw reader.invalid(name, 'must not name one thing twice')
  return values
}

/** The named registers with their values, in the order of their numbers. */
export function registerPins(pins: RegisterPins): readonly (readonly [number, readonly string[]])[] {
  return Object.entries(pins).flatMap(([name, values]) =>
    typeof values === 'string' ? [] : [[Number(name), values] as const],
  )
}
