/** The model servers of a configuration, found by the names that clients use. @module */
import { CountersignError } from '../../errors.ts'
import type { MeasuredConfig, ModelConfig } from '../config/types.ts'
import { createContext } from '../context/create-context.ts'
import type { Context } from '../context/types.ts'
import { SOFTWARE_VERSION } from '../version.ts'
import { type ModelWeights, measureWeights } from '../weights/measure-weights.ts'
import type { ServedWeights } from '../weights/served-weights.ts'
import { createEmbeddedUpstream, embeddedEngineClaim } from './embedded.ts'
import { EMBEDDED_MODEL_DIRECTORY, loadEmbeddedModel } from './embedded-model.ts'
import { createHttpUpstream, type HttpUpstreamConfig } from './http.ts'
import type { ServedModel, Upstream } from './types.ts'

export interface UpstreamDeps {
  readonly clock: { now(): Date; monotonicMs(): number }
  /** As many random octets as it is asked for. */
  readonly random: (size: number) => Uint8Array
  /** For bearer tokens, read once. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder of the embedded model's files. */
  readonly modelDirectory?: string
  /** Certificates (PEM) that https upstreams must chain to, in place of the runtime's. */
  readonly roots?: string
  /** Gets a line now and then while weights are measured. */
  readonly tell?: (line: string) => void
}

export interface UpstreamSet {
  /** What is added to requests before they are forwarded. */
  readonly context: Context
  find(modelId: string): { readonly model: ServedModel; readonly upstream: Upstream } | undefined
  /** In the order of the configuration. */
  models(): readonly ServedModel[]
  /** Whether every upstream answers. */
  healthy(): Promise<boolean>
  /** Cuts what is under way. */
  close(): Promise<void>
}

interface Served {
  readonly model: ServedModel
  readonly upstream: Upstream
}

/**
 * Makes every upstream of the configuration and measures the weights that lie on this machine.
 * @throws CountersignError ERR_CONFIG when a bearer token or a model file is missing, or a name or digest does not fit
 */
export async function createUpstreams(config: MeasuredConfig, deps: UpstreamDeps): Promise<UpstreamSet> {
  let set: UpstreamSet | undefined
  const context = await createContext(config, { ...deps, find: (modelId) => set?.find(modelId) })
  try {
    set = await serveAll(config, deps, context)
    return set
  } catch (error) {
    // Programs that it started would outlive the attempt.
    await context.close()
    throw error
  }
}

async function serveAll(config: MeasuredConfig, deps: UpstreamDeps, context: Context): Promise<UpstreamSet> {
  const served = new Map<string, Served>()
  const upstreams: Upstream[] = []
  const { clock, tell = () => {} } = deps
  const measured = await measureWeights(config.models, { monotonicMs: () => clock.monotonicMs(), tell })
  for (const [name, upstream] of Object.entries(config.upstreams)) {
    const models = config.models.filter((model) => model.upstream === name)
    const made =
      upstream.kind === 'embedded'
        ? await serveEmbedded(models, { deps, measured })
        : [serveHttp(name, upstream, models, { config, deps, measured })]
    for (const { upstream, models } of made) {
      upstreams.push(upstream)
      for (const model of models) served.set(model.id, { model, upstream })
    }
  }
  const models = config.models.flatMap(({ id }) => served.get(id)?.model ?? [])
  return {
    context,
    find: (modelId) => served.get(modelId),
    models: () => models,
    healthy: async () => (await Promise.all(upstreams.map((upstream) => upstream.healthy()))).every(Boolean),
    close: async () => {
      await Promise.all([...upstreams.map((upstream) => upstream.close()), context.close()])
    },
  }
}

interface Made {
  readonly upstream: Upstream
  readonly models: readonly ServedModel[]
}

interface Serving {
  readonly deps: UpstreamDeps
  readonly measured: ReadonlyMap<string, ModelWeights>
}

/** One for each folder that models are loaded from. */
async function serveEmbedded(models: readonly ModelConfig[], serving: Serving): Promise<readonly Made[]> {
  const weightsOf = ({ id }: ModelConfig): ServedWeights | undefined => serving.measured.get(id)?.weights
  const folders = new Set(models.map(weightsOf))
  const made: Made[] = []
  for (const weights of folders)
    made.push(
      await loadFolder(
        models.filter((model) => weightsOf(model) === weights),
        weights,
        serving,
      ),
    )
  return made
}

async function loadFolder(
  models: readonly ModelConfig[],
  weights: ServedWeights | undefined,
  { deps, measured }: Serving,
): Promise<Made> {
  const { clock, random, modelDirectory = EMBEDDED_MODEL_DIRECTORY } = deps
  const loaded = await loadEmbeddedModel(weights?.directory ?? modelDirectory, weights)
  const created = seconds(deps)
  const upstream = createEmbeddedUpstream(loaded, { random, now: () => clock.now() })
  return {
    upstream,
    models: models.map((model) => {
      // Both are in the measured configuration: what it says must be what runs.
      if (model.name !== loaded.model.name) throw wrong(model, `has the name ${loaded.model.name}: write it as name`)
      if (model.digest !== 'none' && model.digest !== loaded.digest)
        throw wrong(model, 'has another digest than the configuration says: get the right files, or leave digest out')
      return {
        id: model.id,
        claim: { name: loaded.model.name, digest: loaded.digest },
        engine: embeddedEngineClaim(SOFTWARE_VERSION),
        upstream: 'embedded',
        ...measured.get(model.id),
        created,
      }
    }),
  }
}

function serveHttp(
  name: string,
  upstream: HttpUpstreamConfig,
  models: readonly ModelConfig[],
  { config, deps, measured }: Serving & { readonly config: MeasuredConfig },
): Made {
  const { env, clock, roots } = deps
  const { answerBytes } = config.limits
  const monotonicMs = (): number => clock.monotonicMs()
  const made = createHttpUpstream(name, upstream, {
    env,
    answerBytes,
    monotonicMs,
    ...(roots === undefined ? {} : { roots }),
  })
  return {
    upstream: made,
    models: models.map((model) => ({
      id: model.id,
      claim: { name: model.name, digest: measured.get(model.id)?.weights.root ?? model.digest },
      // What a server says about itself is vouched for by nobody; what its operator says of it, by the operator.
      engine: { ...(upstream.engine ?? UNKNOWN_ENGINE), flags: 'none' },
      upstream: upstream.location,
      ...measured.get(model.id),
      ...(model.contextTokens === undefined ? {} : { contextTokens: model.contextTokens }),
      created: seconds(deps),
    })),
  }
}

const UNKNOWN_ENGINE = { name: 'openai-compatible', version: 'unknown', determinism: 'best-effort' } as const

function seconds({ clock }: UpstreamDeps): number {
  return Math.floor(clock.now().getTime() / 1000)
}

function wrong({ id }: ModelConfig, what: string): CountersignError {
  return new CountersignError('ERR_CONFIG', `measured.models: the embedded model behind ${id} ${what}`)
}
