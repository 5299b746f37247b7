/** The context of one measured configuration: read once, when it takes effect. @module */
import { readFile, stat } from 'node:fs/promises'
import { CountersignError } from '../../errors.ts'
import type { MeasuredConfig } from '../config/types.ts'
import { createMemory, type MemoryDeps } from './memory/memory.ts'
import { createParameters } from './parameters/parameters.ts'
import { loadCollections } from './retrieval/collections.ts'
import type { FindModel } from './retrieval/embedder.ts'
import { loadPrompts } from './templates/prompts.ts'
import { loadTools } from './tools/tools.ts'
import type { Context } from './types.ts'

const MAX_PROMPT_FILE = 1 << 20

export interface ContextDeps extends MemoryDeps {
  readonly clock: { now(): Date; monotonicMs(): number }
  /** For bearer tokens and variables of tool servers, read once. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Certificates (PEM) that https tool servers must chain to, in place of the runtime's. */
  readonly roots?: string
  /** The models of the configuration, which are served once the context is there; absent where none ever are. */
  readonly find?: FindModel
}

/** @throws CountersignError ERR_CONFIG for files and tool servers that are missing, or other than those measured */
export async function createContext(
  config: Pick<MeasuredConfig, 'prompts' | 'models' | 'collections' | 'memory' | 'tools' | 'toolCalls'>,
  deps: ContextDeps,
): Promise<Context> {
  const parameters = createParameters(config)
  const prompts = await loadPrompts(config, { read: readPromptFile })
  const collections = await loadCollections(config.collections ?? [], deps.find)
  const memory = createMemory(config.memory, deps)
  const { clock, env, roots } = deps
  const tools = await loadTools(config, {
    env,
    monotonicMs: () => clock.monotonicMs(),
    ...(roots === undefined ? {} : { roots }),
  })
  return {
    // In this order they stand in the request: the prompt, what went before, the chunks, then what the client wrote.
    prepare: async (request) => {
      const used = await parameters.prepare(request)
      const prompt = await prompts.prepare(request)
      const remembered = await memory.prepare(request)
      const found = await collections.prepare(request)
      const offered = tools.prepare(request)
      return {
        dependencies: { ...used, ...prompt, ...remembered.dependencies, ...found, ...offered.dependencies },
        ...(offered.tools && { tools: offered.tools }),
        ...(remembered.turn && { memory: remembered.turn }),
      }
    },
    chunkProof: (collection, chunk) => collections.proof(collection, chunk),
    close: () => {
      collections.close()
      return tools.close()
    },
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
