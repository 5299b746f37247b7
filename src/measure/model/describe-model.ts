/** What a measured folder holds: one model in one format, or nothing that can be told. @module */
import type { MeasuredFile } from '../measure-folder.ts'
import { describeGguf } from './gguf.ts'
import { unreadable } from './read-file.ts'
import { describeSafetensors } from './safetensors.ts'
import type { ModelDescription } from './types.ts'

/** A model may be divided into files; the first holds the metadata of all. */
const PART = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/
const UNKNOWN: ModelDescription = { format: 'unknown', purpose: 'unknown' }

/** The files of each model, in order. @throws CountersignError ERR_CONFIG when a part is missing */
function modelsOf(files: readonly MeasuredFile[]): readonly (readonly [MeasuredFile, ...MeasuredFile[]])[] {
  return files.flatMap((file) => {
    const [, prefix, part, total] = PART.exec(file.name) ?? []
    if (prefix === undefined) return [[file] as const]
    if (part !== '00001') return []
    const others = files.filter(({ name }) => name !== file.name && PART.exec(name)?.[1] === prefix)
    if (others.length + 1 !== Number(total)) throw unreadable(file.name, `it is not all of its ${total} parts`)
    return [[file, ...others] as const]
  })
}

/** Beside its projector, a model is the one that is served; two of a kind cannot be told apart. */
async function describeOneOf(directory: string, files: readonly MeasuredFile[]): Promise<ModelDescription> {
  const descriptions: ModelDescription[] = []
  for (const parts of modelsOf(files)) descriptions.push(await describeGguf(directory, parts))
  const [first, ...others] = descriptions
  if (first !== undefined && others.length === 0) return first
  const [model, ...more] = descriptions.filter(({ purpose }) => purpose !== 'projector')
  return model !== undefined && more.length === 0 ? model : { format: 'gguf', purpose: 'unknown' }
}

/**
 * Reads the metadata of the weights in a folder that was measured.
 *
 * Everything in it is the word of whoever made the files: it says what a folder is meant for, and proves nothing.
 *
 * @param files as they were measured; what is no longer so is refused
 * @throws CountersignError ERR_CONFIG for weights or configurations that cannot be read, ERR_STATE for files that were changed
 */
export async function describeModel(directory: string, files: readonly MeasuredFile[]): Promise<ModelDescription> {
  const gguf = files.filter(({ name }) => name.endsWith('.gguf'))
  const safetensors = files.filter(({ name }) => name.endsWith('.safetensors') && !name.includes('/'))
  // Which of the two is served, the engine decides.
  if (gguf.length > 0 && safetensors.length > 0) return UNKNOWN
  if (gguf.length > 0) return await describeOneOf(directory, gguf)
  return safetensors.length > 0 ? await describeSafetensors(directory, safetensors, files) : UNKNOWN
}
