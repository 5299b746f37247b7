/** The context of one measured configuration: read once, when it takes effect. @module */
import { readFile, stat } from 'node:fs/promises'
import { CountersignError } from '../../errors.ts'
import type { MeasuredConfig } from '../config/types.ts'
import { loadPrompts } from './templates/prompts.ts'
import type { Context } from './types.ts'

const MAX_PROMPT_FILE = 1 << 20

/** @throws CountersignError ERR_CONFIG for files that are missing, or other than those measured */
export function createContext(config: Pick<MeasuredConfig, 'prompts' | 'models'>): Promise<Context> {
  return loadPrompts(config, { read: readPromptFile })
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
