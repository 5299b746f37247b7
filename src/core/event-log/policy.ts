/** What a verifier demands of an event log. Every field is required; to leave a check out is spelled `"unchecked"`. @module */
import type { JsonValue } from '../encoding/json.ts'
import { POLICY_CODES } from '../encoding/policy-lists.ts'
import { ObjectReader } from '../encoding/shape.ts'
import { REGISTERS, type Register } from './logged-event.ts'

/** Kinds of event whose text has a name that a policy can ask for. */
export const REQUIRED_KINDS = ['efi-variable', 'efi-action', 'ipl', 'runtime'] as const

/** An event that must be there exactly once. */
export interface RequiredEvent {
  readonly register: Register
  readonly kind: (typeof REQUIRED_KINDS)[number]
  /** As in {@link Claim}: `compose-hash`, or `8be4df61-93ca-11d2-aa0d-00e098032b8c/SecureBoot`. */
  readonly name: string
  /** Lower-case hex, any of them. */
  readonly payloads: readonly string[] | 'unchecked'
  /** Where in its register: behind the first separator, for what the loader or the kernel measured. */
  readonly after: 'boot-separator' | 'unchecked'
  /**
   * `boot-separator`: measured by firmware; what runs later cannot add it. `system-ready`: measured by dstack before the application ran.
   * Unchecked, an event added by whatever may extend the register counts as much as the genuine one.
   */
  readonly before: 'boot-separator' | 'system-ready' | 'unchecked'
}

export interface EventLogPolicy {
  /** Registers that the log must lead to, by every one of its entries. What the log says of others is not shown. */
  readonly replay: readonly Register[]
  readonly required: readonly RequiredEvent[] | 'unchecked'
}

const TEXT = /^.{1,1024}$/su
const HEX = /^(?:[0-9a-f]{2})*$/

/**
 * Decodes the event log part of a policy.
 * @param value from a file; or a policy made by hand, in which a field that is absent or of another form must not mean unchecked
 * @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID (empty lists, one event twice, an event in a register
 * that is not replayed)
 */
export function decodeEventLogPolicy(value: JsonValue | EventLogPolicy): EventLogPolicy {
  const reader = new ObjectReader(value, 'policy.eventLog', POLICY_CODES)
  const registers = reader.array('replay')
  const replay = REGISTERS.filter((register) => registers.includes(register))
  if (replay.length === 0 || replay.length !== registers.length)
    throw reader.invalid('replay', 'must list registers, 0 to 3, each once')
  const required = reader.unlessUnchecked('required', () => decodeRequired(reader, replay))
  reader.end()
  return { replay, required }
}

function decodeRequired(reader: ObjectReader, replay: readonly Register[]): readonly RequiredEvent[] {
  const items = reader.array('required')
  if (items.length === 0) throw reader.invalid('required', 'must not be empty')
  const required = items.map((item, at) => decodeRequiredEvent(item, `policy.eventLog.required[${at}]`, replay))
  const names = required.map(({ register, kind, name }) => `${register} ${kind} ${name}`)
  if (new Set(names).size !== names.length) throw reader.invalid('required', 'names one event twice')
  return required
}

function decodeRequiredEvent(item: JsonValue, path: string, replay: readonly Register[]): RequiredEvent {
  const reader = new ObjectReader(item, path, POLICY_CODES)
  const number = reader.integer('register', { max: 3 })
  const register = replay.find((candidate) => candidate === number)
  if (register === undefined) throw reader.invalid('register', 'must be among those of replay')
  const event: RequiredEvent = {
    register,
    kind: reader.oneOf('kind', REQUIRED_KINDS),
    name: reader.string('name', TEXT),
    payloads: reader.unlessUnchecked('payloads', () => reader.strings('payloads', HEX)),
    after: reader.oneOf('after', ['boot-separator', 'unchecked']),
    before: reader.oneOf('before', ['boot-separator', 'system-ready', 'unchecked']),
  }
  reader.end()
  if (event.payloads.length === 0) throw reader.invalid('payloads', 'must not be empty')
  if (event.after === 'boot-separator' && event.before === 'boot-separator')
    throw reader.invalid('before', 'is the same as after')
  return event
}
