/** The shape of the measured part of the configuration. With field-shapes.ts, tools-shape.ts and shape.ts one of the files that import `zod`. @module */
import { z } from 'zod'
import { DETERMINISM } from '../../core/receipt/claims.ts'
import { digest, environmentName, milliseconds, octets, path } from './field-shapes.ts'
import { contextTokens, defaults, rename } from './parameters-shape.ts'
import { modelTools, toolServer } from './tools-shape.ts'
import type { MeasuredConfig, ModelConfig } from './types.ts'

const HOST = /^(?=.{1,250}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::[1-9][0-9]{0,4})?$/
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,255}$/
export const KEY: RegExp = /^[a-z][a-z0-9-]{0,63}$/
const ENGINE_WORD = /^[\x21-\x7e]{1,128}$/
const DAY_MS = 86_400_000

export const modelName = (): z.ZodString =>
  z.string().regex(MODEL_NAME, 'must begin with a letter or digit and hold only letters, digits and . _ : / @ + -')
const publisher = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sigstore'),
    bundleFile: path().exactOptional(),
    identity: z.string().min(1).max(2048),
    issuer: z.string().min(1).max(2048),
    trustedRootFile: path(),
    trustedRootDigest: digest(),
  }),
  z.strictObject({
    kind: z.literal('key'),
    bundleFile: path().exactOptional(),
    publicKey: z
      .string()
      .regex(/^-----BEGIN PUBLIC KEY-----\n/, 'must be a public key in PEM')
      .max(8192),
  }),
])

const weights = z.strictObject({
  directory: path(),
  root: digest().exactOptional(),
  publisher: publisher.exactOptional(),
})

const promptId = (): z.ZodString => z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be a short plain name')
const promptVersion = (): z.ZodString =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be a short plain text')

const prompt = z.strictObject({
  id: promptId(),
  version: promptVersion(),
  file: z.string().min(1).max(4096),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 lower-case hexadecimal digits: the SHA-256 of the file'),
  role: z.enum(['system', 'developer', 'user']).default('system'),
})

const collection = z.strictObject({
  id: promptId(),
  directory: z.string().min(1).max(4096),
  root: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be what `countersign measure index DIR` prints'),
  maxCharacters: z.int().min(200).max(8000).default(1200),
  results: z.int().min(1).max(6).default(4),
  embeddings: z.strictObject({ model: modelName() }).exactOptional(),
})

const memory = z.strictObject({
  retentionDays: z.int().min(1).max(3650).default(30),
  maxBytes: octets(4 << 20, 256 << 10),
  maxTurns: z.int().min(1).max(10_000).exactOptional(),
})

const model = z.strictObject({
  id: modelName(),
  upstream: z.string(),
  name: modelName().exactOptional(),
  digest: z
    .string()
    .regex(/^(?:none|sha256:[0-9a-f]{64})$/, 'must be `none` or sha256: and 64 lower-case hexadecimal digits')
    .default('none'),
  weights: weights.exactOptional(),
  prompt: z.strictObject({ id: promptId(), version: promptVersion() }).exactOptional(),
  defaults: defaults.exactOptional(),
  rename: rename.exactOptional(),
  contextTokens: contextTokens().exactOptional(),
  tools: modelTools.exactOptional(),
})

const timeouts = z
  .strictObject({
    connectMs: milliseconds(60_000, 5_000),
    firstByteMs: milliseconds(DAY_MS, 120_000),
    idleMs: milliseconds(DAY_MS, 60_000),
    totalMs: milliseconds(DAY_MS, 900_000),
  })
  .prefault({})

const engineWord = (): z.ZodString =>
  z.string().regex(ENGINE_WORD, 'must hold 1 to 128 printable letters without spaces')
const engine = z.strictObject({ name: engineWord(), version: engineWord(), determinism: z.enum(DETERMINISM) })

const upstream = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('embedded') }),
  z.strictObject({
    kind: z.literal('http'),
    location: z.enum(['local', 'remote']),
    baseUrl: z.string().max(2048),
    apiKeyEnv: environmentName().exactOptional(),
    engine: engine.exactOptional(),
    timeouts,
  }),
])

/** As written: a model without a name has its id for it. */
export type WrittenMeasured = Omit<MeasuredConfig, 'models'> & {
  readonly models: readonly (Omit<ModelConfig, 'name'> & { readonly name?: string })[]
}

const measured = z.strictObject({
  host: z.string().regex(HOST, 'must be a lower-case host name such as gw.example.com, with a port if need be'),
  models: z.array(model).min(1).max(256),
  upstreams: z.record(z.string().regex(KEY), upstream),
  prompts: z.array(prompt).min(1).max(1024).exactOptional(),
  collections: z.array(collection).min(1).max(64).exactOptional(),
  memory: memory.exactOptional(),
  tools: z.array(toolServer).min(1).max(16).exactOptional(),
  toolCalls: z.int().min(1).max(8).exactOptional(),
  limits: z
    .strictObject({
      bodyBytes: octets(1 << 30, 8 << 20),
      blockBytes: octets(64 << 20, 1 << 20),
      answerBytes: octets(2 ** 40, 64 << 20),
    })
    .prefault({}),
})

/** What sessions and lock files name by digest. */
export const MEASURED: z.ZodType<WrittenMeasured> = measured

/** Its own fields by name. */
export const MEASURED_FIELDS: ReadonlySet<string> = new Set(Object.keys(measured.shape))
