/** The context of one measured configuration: read once, when it takes effect. @module */
import { readFile, stat } from 'node:fs/promises'
import { CountersignError } from '../../errors.ts'
import type { MeasuredConfig } from '../config/types.ts'
import { loadCollections } from './retrieval/collections.ts'
import { loadPrompts } from './templates/prompts.ts'
import type { Context } from './types.ts'

const MAX_PROMPT_FILE = 1 << 20

/** @throws CountersignError ERR_CONFIG for files that are missing, or other than those measured */
export async function createContext(
  config: Pick<MeasuredConfig, 'prompts' | 'models' | 'collections'>,
): Promise<Context> {
  const prompts = await loadPrompts(config, { read: readPromptFile })
  const collections = await loadCollections(config.collections ?? [])
  return {
    // In this order they stand in the request: the prompt, then the chunks, then what the client wrote.
    prepare: async (request) => ({
      dependencies: { ...(await prompts.prepare(request)), ...(await collections.prepare(request)) },
    }),
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
