/** Measures at boot what is about to be served: each folder once, however many models it serves. @module */
import { resolve } from 'node:path'
import { failedCheck, type Verdict } from '../../core/verdict.ts'
import { CountersignError } from '../../errors.ts'
import { measureFolder } from '../../measure/index.ts'
import { checkPurpose, describeModel, type ModelDescription } from '../../measure/model/index.ts'
import type { Publisher } from '../../measure/publisher/index.ts'
import { walkFolder } from '../../measure/walk.ts'
import type { ModelConfig } from '../config/types.ts'
import { judgePublisher } from './judge-publisher.ts'
import { ServedWeights } from './served-weights.ts'

export interface MeasuringDeps {
  readonly monotonicMs: () => number
  /** Gets a line now and then: large folders take minutes. */
  readonly tell: (line: string) => void
}

/** What is known of the weights of one model. */
export interface ModelWeights {
  /** One for all models of a folder. */
  readonly weights: ServedWeights
  /** Who signed them, where the configuration asks for that. */
  readonly publisher?: Publisher
}

/** Between two lines about one folder. */
const TELL_MS = 5_000
const GIB = 2 ** 30

/**
 * The weights of each model that is configured with some, by its id.
 * @throws CountersignError ERR_CONFIG for a folder that cannot be measured, or is not what the configuration says
 */
export async function measureWeights(
  models: readonly ModelConfig[],
  deps: MeasuringDeps,
): Promise<ReadonlyMap<string, ModelWeights>> {
  const folders = new Map<string, ServedWeights>()
  const found = new Map<string, ModelWeights>()
  for (const { id, weights: config } of models) {
    if (config === undefined) continue
    const directory = resolve(config.directory)
    try {
      const weights = folders.get(directory) ?? (await measure(directory, deps))
      folders.set(directory, weights)
      if (config.root !== undefined && config.root !== weights.root)
        throw refusal(
          `ARTIFACT_DIGEST_MISMATCH: ${directory} comes to ${weights.root} and weights.root is ${config.root}: get the right files, or review them and pin what they come to`,
        )
      const { publisher } = config
      if (publisher === undefined) found.set(id, { weights })
      else found.set(id, { weights, publisher: accepted('publisher', await judgePublisher(weights, publisher)) })
    } catch (cause) {
      if (!(cause instanceof CountersignError)) throw cause
      throw new CountersignError('ERR_CONFIG', `measured.models: the weights of ${id}: ${cause.message}`, { cause })
    }
  }
  return found
}

async function measure(directory: string, { monotonicMs, tell }: MeasuringDeps): Promise<ServedWeights> {
  let toldMs = monotonicMs()
  tell(`measuring the weights in ${directory}`)
  const onProgress = (done: number, total: number): void => {
    const nowMs = monotonicMs()
    if (nowMs - toldMs < TELL_MS) return
    toldMs = nowMs
    tell(`measuring the weights in ${directory}: ${gib(done)} of ${gib(total)} GiB`)
  }
  const found = await walkFolder(directory)
  const measured = await measureFolder(directory, { onProgress })
  const { root, files, size } = measured
  const description = await describeModel(directory, files)
  await refusePurpose(description)
  const weights = new ServedWeights({ directory, measured, description, found })
  // From before the first reading to after the last: what is watched from here on is what was measured.
  const change = await weights.look()
  if (change !== undefined) throw refusal(`${change} while ${directory} was measured: begin again`)
  tell(`measured the weights in ${directory}: ${root}, ${files.length} files, ${gib(size)} GiB`)
  return weights
}

/** An adapter or a draft in place of the model. Of formats that are not known nothing is said: the root speaks for them. */
async function refusePurpose(description: ModelDescription): Promise<void> {
  if (description.purpose !== 'unknown') accepted('purpose', await checkPurpose(description, 'model'))
}

function accepted<T>(what: string, verdict: Verdict<T>): T {
  if (verdict.ok) return verdict.value
  const { name = 'unknown', detail = '', seen, wanted } = failedCheck(verdict.checks) ?? {}
  const compared = seen === undefined ? '' : ` (seen ${seen}, wanted ${wanted ?? 'none'})`
  throw refusal(`${what}: check ${name} failed with ${verdict.code}${detail === '' ? '' : `: ${detail}`}${compared}`)
}

function gib(octets: number): string {
  return (octets / GIB).toFixed(2)
}

function refusal(what: string): CountersignError {
  return new CountersignError('ERR_CONFIG', what)
}
