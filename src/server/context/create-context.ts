/** The context of one measured configuration: read once, when it takes effect. @module */
import { readFile, stat } from 'node:fs/promises'
import { CountersignError } from '../../errors.ts'
import type { MeasuredConfig } from '../config/types.ts'
import { createMemory, type MemoryDeps } from './memory/memory.ts'
import { createParameters } from './parameters/parameters.ts'
import { loadCollections } from './retrieval/collections.ts'
import { loadPrompts } from './templates/prompts.ts'
import type { Context } from './types.ts'

const MAX_PROMPT_FILE = 1 << 20

/** @throws CountersignError ERR_CONFIG for files that are missing, or other than those measured */
export async function createContext(
  config: Pick<MeasuredConfig, 'prompts' | 'models' | 'collections' | 'memory'>,
  deps: MemoryDeps,
): Promise<Context> {
  const parameters = createParameters(config)
  const prompts = await loadPrompts(config, { read: readPromptFile })
  const collections = await loadCollections(config.collections ?? [])
  const memory = createMemory(config.memory, deps)
  return {
    // In this order they stand in the request: the prompt, what went before, the chunks, then what the client wrote.
    prepare: async (request) => {
      const used = await parameters.prepare(request)
      const prompt = await prompts.prepare(request)
      const remembered = await memory.prepare(request)
      const found = await collections.prepare(request)
      return {
        dependencies: { ...used, ...prompt, ...remembered.dependencies, ...found },
        ...(remembered.turn && { memory: remembered.turn }),
      }
    },
    close: async () => undefined,
  }
}

async function readPromptFile(path: string): Promise<Uint8Array> {
  try {
    if ((await stat(path)).size > MAX_PROMPT_FILE) throw new RangeError('too large')
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    throw new CountersignError(
      'ERR_CONFIG',
      `measured.prompts: ${path} cannot be read: give the path of a file of at most ${MAX_PROMPT_FILE} octets`,
      { cause },
    )
  }
}
