/** `countersign.lock.json`, generated: reference values as rows. A row is a tuple and matches as a whole. wire.md section 7. @module */
import { MalformedError } from '../errors.ts'
import { decodeJson } from './encoding/json.ts'
import { forEditors, POLICY_CODES } from './encoding/policy-lists.ts'
import { ObjectReader } from './encoding/shape.ts'
import { DIGEST_OR_NONE, DIGEST_URI } from './evidence/resource-descriptor.ts'
import type { FailureCode } from './failure-codes.ts'
import {
  decodeMeasurements,
  formatMeasurements,
  type Measurements,
  registersOf,
  sameMeasurements,
} from './measurement/measurements.ts'

export interface LockedModel {
  readonly name: string
  /** `sha256:…`, or `none` where nobody measured the weights. */
  readonly digest: string
}

/** Who signs, as Fulcio's certificates name them. Both are compared whole: no prefix, no pattern. */
export interface SignerIdentity {
  /** Of OpenID Connect, for example `https://token.actions.githubusercontent.com`. */
  readonly issuer: string
  /** The subject's alternative name, for example the address of a workflow with its ref. */
  readonly identity: string
}

/** Who built what is measured, and the Sigstore bundle that says so. */
export interface Provenance extends SignerIdentity {
  /** `sha256:` of the bundle. */
  readonly bundle: string
  /** `sha256:` of what the bundle is about: the list of measured artefacts. */
  readonly subject: string
}

export type LockRow = Measurements & {
  /** For people: which machine launches so, for example `qemu 9.2, EPYC-v4, 4 vCPUs`; `-` where a live gateway was pinned. */
  readonly shape: string
  readonly status: 'active' | 'next' | 'revoked'
  /** Last instant at which the row counts, or `none`. */
  readonly notAfter: Date | 'none'
  /** Digest of the measured configuration. */
  readonly config: string
  readonly models: readonly LockedModel[]
  readonly provenance: Provenance | 'none'
}

export interface Lock {
  readonly version: 1
  /** Goes up with each change that `countersign pin` makes: whoever holds a newer lock refuses an older one. */
  readonly revision: number
  /** The least `revision` of a policy that may be used with this lock: an older policy is refused. */
  readonly minimumPolicyRevision: number
  readonly rows: readonly LockRow[]
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** Nothing that a reader of the file could take for a pattern. */
const IDENTITY = /^[!-)+-~]{1,512}$/

/** @throws MalformedError with the codes of `reader` */
export function readSigner(reader: ObjectReader): SignerIdentity {
  return { issuer: reader.string('issuer', IDENTITY), identity: reader.string('identity', IDENTITY) }
}

function decodeProvenance(reader: ObjectReader): Provenance {
  const digest = (name: string): string => reader.string(name, DIGEST_URI)
  return { ...readSigner(reader), bundle: digest('bundle'), subject: digest('subject') }
}

/** What gateways may call a model, and no more: no letters that look like others, none that are not seen, nothing that reads like two. */
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,255}$/

function decodeModel(reader: ObjectReader): LockedModel {
  return { name: reader.string('name', MODEL_NAME), digest: reader.string('digest', DIGEST_OR_NONE) }
}

/** Why models cannot stand in one row; undefined where they can. One name may stand for two digests: two servers may call theirs so. */
export function modelsFault(models: readonly LockedModel[]): string | undefined {
  const measured = models.filter(({ digest }) => digest !== 'none').map(({ name }) => name)
  if (models.some(({ name, digest }) => digest === 'none' && measured.includes(name)))
    return 'admits any weights of a model that it pins'
  // Repeated, one tuple could be spelled in many ways: revoked in one, in force in another.
  const said = new Set(models.map(({ name, digest }) => `${name} ${digest}`))
  return said.size === models.length ? undefined : 'names a model twice'
}

function decodeModels(reader: ObjectReader): readonly LockedModel[] {
  const models = reader
    .array('models')
    .map((value, i) => new ObjectReader(value, `lock.models[${i}]`, POLICY_CODES).whole(decodeModel))
  const fault = modelsFault(models)
  if (fault !== undefined) throw reader.invalid('models', fault)
  return models
}

function decodeNotAfter(reader: ObjectReader): Date | 'none' {
  if (reader.value('notAfter') === 'none') return 'none'
  const text = reader.string('notAfter', INSTANT)
  const date = new Date(text)
  // Date rolls 30 February over into March: what does not come back the same was no date.
  if (Number.isNaN(date.getTime()) || encodeInstant(date) !== text) throw reader.invalid('notAfter', 'is no date')
  return date
}

function encodeInstant(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z')
}

function decodeRow(reader: ObjectReader): LockRow {
  const platform = reader.oneOf('platform', ['snp', 'tdx', 'nitro'])
  return {
    ...decodeMeasurements(platform, reader.object('measurements')),
    shape: reader.string('shape', /^[ -~]{1,120}$/),
    status: reader.oneOf('status', ['active', 'next', 'revoked']),
    notAfter: decodeNotAfter(reader),
    config: reader.string('config', DIGEST_URI),
    models: decodeModels(reader),
    provenance: reader.value('provenance') === 'none' ? 'none' : reader.object('provenance').whole(decodeProvenance),
  }
}

function tupleOf(row: LockRow): string {
  const { platform, config, models } = row
  return JSON.stringify([platform, registersOf(row), config, models.map(({ name, digest }) => [name, digest]).sort()])
}

/**
 * @param atLeast the newest `revision` that the caller ever held
 * @throws MalformedError PIN_ROLLBACK, POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID, JSON_*
 */
export function decodeLock(source: Uint8Array | string, { atLeast = 0 }: { readonly atLeast?: number } = {}): Lock {
  const reader = new ObjectReader(decodeJson(source), 'lock', POLICY_CODES)
  forEditors(reader)
  if (reader.value('version') !== 1) throw reader.invalid('version', 'must be 1')
  const revision = reader.integer('revision')
  // Written so that a memory that is no number fails too.
  if (!(revision >= atLeast))
    throw new MalformedError('PIN_ROLLBACK', `the lock is of revision ${revision}, ${atLeast} was seen`)
  const minimumPolicyRevision = reader.integer('minimumPolicyRevision')
  const rows = reader
    .array('rows')
    .map((value, i) => new ObjectReader(value, `lock.rows[${i}]`, POLICY_CODES).whole(decodeRow))
  reader.end()
  if (rows.length === 0) throw reader.invalid('rows', 'must not be empty')
  // One tuple under two statuses would be in force by the one and revoked by the other.
  if (new Set(rows.map(tupleOf)).size !== rows.length) throw reader.invalid('rows', 'must not hold one tuple twice')
  return { version: 1, revision, minimumPolicyRevision, rows }
}

/** Sorted keys, two blanks, one measurement a line, final newline: made for review as a diff. */
export function encodeLock({ minimumPolicyRevision, revision, rows }: Lock): string {
  const sorted = rows.map(({ config, measurements, models, notAfter, platform, provenance, shape, status }) => ({
    config,
    measurements: Object.fromEntries(Object.entries(measurements).sort(([a], [b]) => (a < b ? -1 : 1))),
    models: models.map(({ digest, name }) => ({ digest, name })),
    notAfter: notAfter === 'none' ? notAfter : encodeInstant(notAfter),
    platform,
    provenance: provenance === 'none' ? provenance : encodeProvenance(provenance),
    shape,
    status,
  }))
  return `${JSON.stringify({ minimumPolicyRevision, revision, rows: sorted, version: 1 }, null, 2)}\n`
}

function encodeProvenance({ bundle, identity, issuer, subject }: Provenance): Provenance {
  return { bundle, identity, issuer, subject }
}

/** What the evidence shows of the code that runs. */
export interface Reference {
  readonly seen: Measurements
  readonly config: string
  /** The time of judgement. */
  readonly at: Date
}

export type RowMatch =
  | { readonly ok: true; readonly rows: readonly LockRow[] }
  | { readonly ok: false; readonly code: FailureCode; readonly detail: string }

function inForce({ status, notAfter }: LockRow, at: Date): boolean {
  return (status === 'active' || status === 'next') && (notAfter === 'none' || at <= notAfter)
}

/** Rows in force whose measurements and configuration both equal what the evidence shows. Revoked and expired rows never match. */
export function matchRows(lock: Lock, { seen, config, at }: Reference): RowMatch {
  const measured = matchMeasurements(lock, { seen, at })
  if (!measured.ok) return measured
  const matched = measured.rows.filter((row) => row.config === config)
  if (matched.length === 0)
    return { ok: false, code: 'CONFIG_UNMEASURED', detail: `configuration ${config} is in no row of this measurement` }
  return { ok: true, rows: matched }
}

/** Rows in force with these measurements, whatever their configuration. */
export function matchMeasurements({ rows }: Lock, { seen, at }: Omit<Reference, 'config'>): RowMatch {
  const measured = rows.filter((row) => sameMeasurements(row, seen))
  if (measured.length === 0)
    return { ok: false, code: 'MEASUREMENT_MISMATCH', detail: `${formatMeasurements(seen)}: in no row` }
  const current = measured.filter((row) => inForce(row, at))
  if (current.length === 0)
    return {
      ok: false,
      code: 'MEASUREMENT_RETIRED',
      detail: `${formatMeasurements(seen)}: revoked or past its last day`,
    }
  return { ok: true, rows: current }
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
