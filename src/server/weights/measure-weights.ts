/** Measures at boot what is about to be served: each folder once, however many models it serves. @module */
import { resolve } from 'node:path'
import { CountersignError } from '../../errors.ts'
import { type MeasuredFolder, measureFolder } from '../../measure/index.ts'
import { walkFolder } from '../../measure/walk.ts'
import type { ModelConfig } from '../config/types.ts'
import { firstDifference, ServedWeights } from './served-weights.ts'

export interface MeasuringDeps {
  readonly monotonicMs: () => number
  /** Gets a line now and then: large folders take minutes. */
  readonly tell: (line: string) => void
}

/** Between two lines about one folder. */
const TELL_MS = 5_000
const GIB = 2 ** 30

/** The measured weights of a model; undefined where none are configured. */
export type FindWeights = (model: ModelConfig) => ServedWeights | undefined

/** @throws CountersignError ERR_CONFIG for a folder that cannot be measured, or comes to something else than the configuration says */
export async function measureWeights(models: readonly ModelConfig[], deps: MeasuringDeps): Promise<FindWeights> {
  const measured = new Map<string, ServedWeights>()
  for (const { id, weights } of models) {
    if (weights === undefined) continue
    const directory = resolve(weights.directory)
    const served = measured.get(directory) ?? (await measure(id, directory, deps))
    measured.set(directory, served)
    if (weights.root !== undefined && weights.root !== served.root)
      throw refuse(
        id,
        `ARTIFACT_DIGEST_MISMATCH: ${directory} comes to ${served.root} and weights.root is ${weights.root}: get the right files, or review them and pin what they come to`,
      )
  }
  return ({ weights }) => (weights === undefined ? undefined : measured.get(resolve(weights.directory)))
}

async function measure(id: string, directory: string, { monotonicMs, tell }: MeasuringDeps): Promise<ServedWeights> {
  const startedMs = monotonicMs()
  let toldMs = startedMs
  tell(`measuring the weights in ${directory}`)
  const onProgress = (done: number, total: number): void => {
    const nowMs = monotonicMs()
    if (nowMs - toldMs < TELL_MS) return
    toldMs = nowMs
    tell(`measuring the weights in ${directory}: ${gib(done)} of ${gib(total)} GiB`)
  }
  try {
    const found = await walkFolder(directory)
    const { root, files, size }: MeasuredFolder = await measureFolder(directory, { onProgress })
    // Between the files, too, nothing may change: one root stands for all of them at one time.
    const difference = firstDifference(found, await walkFolder(directory))
    if (difference !== undefined) throw refuse(id, `${difference} while ${directory} was measured: begin again`)
    tell(`measured the weights in ${directory}: ${root}, ${files.length} files, ${gib(size)} GiB`)
    return new ServedWeights({ directory, root, files, size, found })
  } catch (cause) {
    if (!(cause instanceof CountersignError) || cause.code === 'ERR_CONFIG') throw cause
    throw refuse(id, cause.message, { cause })
  }
}

function gib(octets: number): string {
  return (octets / GIB).toFixed(2)
}

function refuse(id: string, what: string, options?: { readonly cause: unknown }): CountersignError {
  return new CountersignError('ERR_CONFIG', `measured.models: the weights of ${id}: ${what}`, options)
}
