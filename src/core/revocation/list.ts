/** What a list of revocations says: what is revoked, and why. Layout only: trust comes from its signature. formats.md, Revocations. @module */
import { decodeJson } from '../encoding/json.ts'
import { POLICY_CODES } from '../encoding/policy-lists.ts'
import { ObjectReader } from '../encoding/shape.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { DIGEST_URI } from '../evidence/resource-descriptor.ts'
import { decodeMeasurements, type Measurements } from '../measurement/measurements.ts'

const PLATFORMS = ['snp', 'tdx', 'nitro'] as const

interface Reasoned {
  /** For people: shown in the verdict. */
  readonly reason: string
}

export interface RevocationList {
  readonly version: 1
  /** Goes up with each list that is published. */
  readonly number: number
  readonly issuedAt: Date
  readonly expiresAt: Date
  /** Sessions by the digest that receipts name. */
  readonly boots: readonly (Reasoned & { readonly session: string })[]
  readonly chips: readonly (Reasoned & { readonly platform: (typeof PLATFORMS)[number]; readonly id: string })[]
  readonly measurements: readonly (Reasoned & Measurements)[]
  /** `sha256:…`. */
  readonly models: readonly (Reasoned & { readonly digest: string })[]
}

const MAX_SIZE = 4 * 1024 * 1024
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const REASON = /^[ -~]{1,200}$/
const CHIP_IDS = { snp: /^[0-9a-f]{128}$/, tdx: /^[0-9a-f]{32}$/, nitro: /^i-[0-9a-f]{17}(?:-enc[0-9a-f]{16})?$/ }

function encodeInstant(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z')
}

function readInstant(reader: ObjectReader, key: string): Date {
  const text = reader.string(key, INSTANT)
  const date = new Date(text)
  if (Number.isNaN(date.getTime()) || encodeInstant(date) !== text) throw reader.invalid(key, 'is no date')
  return date
}

function entries<T>(list: ObjectReader, key: string, read: (reader: ObjectReader) => T): readonly (T & Reasoned)[] {
  return list.array(key).map((value, i) =>
    new ObjectReader(value, `revocations.${key}[${i}]`, POLICY_CODES).whole((reader) => ({
      ...read(reader),
      reason: reader.string('reason', REASON),
    })),
  )
}

/** @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID, JSON_* */
export function decodeRevocationList(source: Uint8Array | string): RevocationList {
  const reader = new ObjectReader(decodeJson(source, { maxSize: MAX_SIZE }), 'revocations', POLICY_CODES)
  if (reader.value('version') !== 1) throw reader.invalid('version', 'must be 1')
  const list: RevocationList = {
    version: 1,
    number: reader.integer('number'),
    issuedAt: readInstant(reader, 'issuedAt'),
    expiresAt: readInstant(reader, 'expiresAt'),
    boots: entries(reader, 'boots', (entry) => ({ session: entry.string('session', DIGEST_URI) })),
    chips: entries(reader, 'chips', (entry) => {
      const platform = entry.oneOf('platform', PLATFORMS)
      return { platform, id: entry.string('id', CHIP_IDS[platform]) }
    }),
    measurements: entries(reader, 'measurements', (entry) =>
      decodeMeasurements(entry.oneOf('platform', PLATFORMS), entry.object('measurements')),
    ),
    models: entries(reader, 'models', (entry) => ({ digest: entry.string('digest', DIGEST_URI) })),
  }
  reader.end()
  if (list.expiresAt <= list.issuedAt) throw reader.invalid('expiresAt', 'must be later than issuedAt')
  return list
}

/** The octets to sign. */
export function encodeRevocationList({ issuedAt, expiresAt, ...list }: RevocationList): Uint8Array {
  const dates = { issuedAt: encodeInstant(issuedAt), expiresAt: encodeInstant(expiresAt) }
  return encodeUtf8(JSON.stringify({ ...list, ...dates }))
}
