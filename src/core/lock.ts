/** `countersign.lock.json`, generated: reference values as rows. A row is a tuple and matches as a whole. wire.md section 7. @module */
import { decodeJson } from './encoding/json.ts'
import { ObjectReader } from './encoding/shape.ts'
import { DIGEST_URI } from './evidence/resource-descriptor.ts'
import type { FailureCode } from './failure-codes.ts'
import { POLICY_CODES } from './policy.ts'

export interface LockedModel {
  readonly name: string
  /** `sha256:…`, or `none` where nobody measured the weights. */
  readonly digest: string
}

export interface LockRow {
  readonly platform: 'snp'
  readonly status: 'active' | 'next' | 'revoked'
  /** SNP: the launch digest, 96 hex digits. */
  readonly measurements: { readonly measurement: string }
  /** Digest of the measured configuration. */
  readonly config: string
  readonly models: readonly LockedModel[]
}

export interface Lock {
  readonly version: 1
  readonly rows: readonly LockRow[]
}

const LAUNCH_DIGEST = /^[0-9a-f]{96}$/

function decodeModel(reader: ObjectReader): LockedModel {
  const model = { name: reader.string('name'), digest: reader.string('digest', /^(?:none|sha256:[0-9a-f]{64})$/) }
  reader.end()
  return model
}

function decodeRow(reader: ObjectReader): LockRow {
  const measurements = reader.object('measurements')
  const row: LockRow = {
    platform: reader.oneOf('platform', ['snp']),
    status: reader.oneOf('status', ['active', 'next', 'revoked']),
    measurements: { measurement: measurements.string('measurement', LAUNCH_DIGEST) },
    config: reader.string('config', DIGEST_URI),
    models: reader
      .array('models')
      .map((value, i) => decodeModel(new ObjectReader(value, `lock.models[${i}]`, POLICY_CODES))),
  }
  measurements.end()
  reader.end()
  return row
}

/** @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID, JSON_* */
export function decodeLock(source: Uint8Array | string): Lock {
  const reader = new ObjectReader(decodeJson(source), 'lock', POLICY_CODES)
  if (reader.value('version') !== 1) throw reader.invalid('version', 'must be 1')
  const rows = reader
    .array('rows')
    .map((value, i) => decodeRow(new ObjectReader(value, `lock.rows[${i}]`, POLICY_CODES)))
  reader.end()
  if (rows.length === 0) throw reader.invalid('rows', 'must not be empty')
  return { version: 1, rows }
}

/** Sorted keys, two blanks, one measurement a line, final newline: made for review as a diff. */
export function encodeLock({ rows }: Lock): string {
  const sorted = rows.map(({ config, measurements, models, platform, status }) => ({
    config,
    measurements: { measurement: measurements.measurement },
    models: models.map(({ digest, name }) => ({ digest, name })),
    platform,
    status,
  }))
  return `${JSON.stringify({ rows: sorted, version: 1 }, null, 2)}\n`
}

/** What the evidence shows of the code that runs. */
export interface Reference {
  readonly platform: 'snp'
  readonly measurement: string
  readonly config: string
}

export type RowMatch =
  | { readonly ok: true; readonly rows: readonly LockRow[] }
  | { readonly ok: false; readonly code: FailureCode; readonly detail: string }

/** Rows in force whose measurement and configuration both equal what the evidence shows. Revoked rows never match. */
export function matchRows({ rows }: Lock, { platform, measurement, config }: Reference): RowMatch {
  const inForce = rows.filter((row) => row.status !== 'revoked' && row.platform === platform)
  const measured = inForce.filter((row) => row.measurements.measurement === measurement)
  if (measured.length === 0)
    return { ok: false, code: 'MEASUREMENT_MISMATCH', detail: `measurement ${measurement} is in no row in force` }
  const matched = measured.filter((row) => row.config === config)
  if (matched.length === 0)
    return { ok: false, code: 'CONFIG_UNMEASURED', detail: `configuration ${config} is in no row of this measurement` }
  return { ok: true, rows: matched }
}

/** Whether one of the rows that matched the session also pins this model; a model of another row is POLICY_TUPLE. */
export function matchModel(lock: Lock, matched: readonly LockRow[], model: LockedModel): RowMatch {
  const pins = (row: LockRow): boolean =>
    row.models.some(({ name, digest }) => name === model.name && digest === model.digest)
  const rows = matched.filter(pins)
  if (rows.length > 0) return { ok: true, rows }
  const elsewhere = lock.rows.some(pins)
  return {
    ok: false,
    code: elsewhere ? 'POLICY_TUPLE' : 'MODEL_MISMATCH',
    detail: `model ${model.name} ${model.digest} is ${elsewhere ? 'pinned in another row only' : 'in no row'}`,
  }
}
