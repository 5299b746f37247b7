/**
 * The shape of the configuration file and its defaults; of its measured part see measured-shape.ts.
 * What one field says about another is judged in cross-checks.ts. @module
 */
import { z } from 'zod'
import type { JsonValue } from '../../core/encoding/json.ts'
import type { ConfigIssue, ConfigPath } from './issue.ts'
import { knownFields } from './known-fields.ts'
import { KEY, MEASURED, modelName } from './measured-shape.ts'
import type { MeasuredConfig, OperationalConfig } from './types.ts'

const apiKey = z.strictObject({
  id: z.string().regex(KEY, 'must be a short lower-case name'),
  tenant: z.string().regex(KEY, 'must be a short lower-case name'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits: the SHA-256 of the key'),
  models: z.union([z.literal('all'), z.array(modelName()).min(1)]),
})

const storage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file') }),
  z.strictObject({
    kind: z.literal('s3'),
    endpoint: z
      .string()
      .regex(/^https?:\/\/[^\s/]+$/, 'must be an address without a path')
      .exactOptional(),
    region: z.string().min(1),
    bucket: z.string().min(3),
    prefix: z
      .string()
      .regex(/^(?:[A-Za-z0-9._-]+\/)*$/, 'must be empty or end in /')
      .default(''),
  }),
])

const tls = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('self-signed') }),
  z.strictObject({
    kind: z.literal('acme'),
    directoryUrl: z.string().regex(/^https:\/\/[^\s]+$/, 'must be an https address'),
    contact: z.string().regex(/^mailto:[^\s@]+@[^\s@]+$/, 'must be mailto: and an address of e-mail'),
    directoryRootsFile: z.string().min(1).default('system'),
  }),
])

const operational = z.strictObject({
  listen: z
    .strictObject({
      host: z
        .string()
        .regex(/^[A-Za-z0-9.:-]{1,255}$/, 'must be an address or a host name')
        .default('127.0.0.1'),
      port: z.int().min(0).max(65535).default(8787),
    })
    .prefault({}),
  tls: tls.default({ kind: 'none' }),
  dataDir: z.string().min(1).max(4096).default('./countersign-data'),
  apiKeys: z.union([z.literal('dangerously-none'), z.array(apiKey).min(1)]),
  quoting: z
    .strictObject({
      intervalMs: z.int().min(10).max(3_600_000).default(1_000),
      deadlineMs: z.int().min(10).max(60_000).default(2_000),
      statementLifeSeconds: z.int().min(60).max(86_400).default(10_800),
      batchSize: z.int().min(1).max(1_000_000).default(1_000),
    })
    .prefault({}),
  quoter: z.enum(['auto', 'configfs', 'nsm']).default('auto'),
  collateral: z.enum(['vendors', 'none']).default('vendors'),
  storage: storage.default({ kind: 'file' }),
  lineage: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a short lower-case name')
    .default('main'),
  witnesses: z
    .union([
      z.literal('none'),
      z.strictObject({
        policyFile: z.string().min(1),
        enrolmentTokenEnv: z
          .string()
          .regex(/^(?:none|[A-Z][A-Z0-9_]{0,63})$/, 'must be the name of an environment variable, or none')
          .default('none'),
      }),
    ])
    .default('none'),
  retentionDays: z.union([z.literal('forever'), z.int().min(1).max(36_500)]).default('forever'),
  scrubHours: z.int().min(0).max(8_760).default(24),
  maxWaitSeconds: z.int().min(0).max(300).default(30),
  log: z.enum(['json', 'none']).default('json'),
})

const file = z.strictObject({ measured: MEASURED, operational })

/** Both parts with defaults applied, or every fault that was found. */
export type Shaped =
  | { readonly ok: true; readonly measured: MeasuredConfig; readonly operational: OperationalConfig }
  | { readonly ok: false; readonly issues: readonly ConfigIssue[] }

/** Checks the shape of a decoded file and applies the defaults. Never throws. */
export function shapeConfig(value: unknown): Shaped {
  const result = file.safeParse(value)
  if (!result.success) return { ok: false, issues: result.error.issues.flatMap((issue) => explain(issue, [])) }
  const { models, ...rest } = result.data.measured
  const named = models.map(({ id, name = id, upstream: key, ...said }) => ({ id, upstream: key, name, ...said }))
  return { ok: true, measured: { ...rest, models: named }, operational: result.data.operational }
}

/** The JSON Schema (draft 2020-12) of the file, for editors. */
export function configJsonSchema(): JsonValue {
  return JSON.parse(JSON.stringify(z.toJSONSchema(file, { io: 'input' })))
}

type Issue = z.core.$ZodIssue

/** The library's names of types, as people who write YAML say them. */
const TYPES: Readonly<Record<string, string>> = {
  object: 'a section with fields',
  record: 'a section with names of your choice',
  array: 'a list',
  string: 'text',
  int: 'a whole number',
  number: 'a whole number',
}

function explain(issue: Issue, base: ConfigPath): readonly ConfigIssue[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? part.toString() : part))]
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(path, key))
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // Of the alternatives, the one that got furthest is the one that was meant.
    const depth = (issues: readonly Issue[]): number =>
      Math.max(...issues.map((inner) => inner.path.length + (inner.code === 'unrecognized_keys' ? 1 : 0)))
    const meant = issue.errors.reduce((best, branch) => (depth(branch) > depth(best) ? branch : best))
    if (depth(meant) > 0) return meant.flatMap((inner) => explain(inner, path))
    const advice = adviceFor(issue.errors.flat())
    return [{ path, message: issue.errors.flat().some(isMissing) ? `is missing: add ${advice}` : `must be ${advice}` }]
  }
  return [{ path, message: sentence(issue) }]
}

/** Each alternative of a union in words: every one of ours is a word beside a list, a section or a number. */
function adviceFor(alternatives: readonly Issue[]): string {
  const words = alternatives.flatMap((inner) => (inner.code === 'invalid_value' ? inner.values : []))
  const types = alternatives.flatMap((inner) => (inner.code === 'invalid_type' ? (TYPES[inner.expected] ?? []) : []))
  return `${types[0] ?? 'a value'} or the word ${words.map(String).join(', ')}`
}

/** The library says so in its message alone. */
function isMissing({ code, message }: Issue): boolean {
  return code === 'invalid_type' && message.endsWith('received undefined')
}

function unknownField(path: ConfigPath, key: string): ConfigIssue {
  const known = knownFields(configJsonSchema(), path)
  const advice = known.length > 0 ? `: remove it, or write one of ${known.join(', ')}` : ': remove it'
  return { path, key, message: `is not a known field${advice}` }
}

function sentence(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (isMissing(issue)) return 'is missing: add it'
      // Where a shape has words of its own, they stand.
      return issue.message.startsWith('must ') ? issue.message : `must be ${TYPES[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`
    case 'invalid_union':
      return `must be one of ${'options' in issue && Array.isArray(issue.options) ? issue.options.join(', ') : 'the known kinds'}`
    case 'too_small':
      return issue.origin === 'array' ? 'must not be empty' : `must be at least ${issue.minimum}`
    case 'too_big':
      return `must be at most ${issue.maximum}`
    case 'invalid_key':
      return 'must have a short lower-case name'
    case 'invalid_format':
      return issue.message
    default:
      return 'is not valid'
  }
}
