/** The embedded model of this repository, for the tests of this folder. @module */
import { readFileSync } from 'node:fs'
import type { ChatMessage, GenerateOptions, Model, ModelFiles, TokenStep, Usage } from '../../src/engine/index.ts'
import { createModel, generateChat } from '../../src/engine/index.ts'

const folder = new URL('../../model/', import.meta.url)

export function readModelFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, folder)))
}

export const modelFiles: ModelFiles = {
  config: readModelFile('config.json'),
  weights: readModelFile('model.safetensors'),
  tokenizer: readModelFile('tokenizer.json'),
}

export const model: Model = createModel(modelFiles)

export interface Answer {
  readonly text: string
  readonly steps: readonly TokenStep[]
  readonly finish: TokenStep['finish']
  readonly usage: Usage
  readonly prefills: readonly { readonly done: number; readonly total: number }[]
}

/** Runs a generation to its end. A string stands for one message of the user. */
export function answer(chat: string | readonly ChatMessage[], options: GenerateOptions = {}): Answer {
  const messages = typeof chat === 'string' ? [{ role: 'user' as const, content: chat }] : chat
  const generation = generateChat(model, messages, options)
  const steps: TokenStep[] = []
  const prefills: { readonly done: number; readonly total: number }[] = []
  for (;;) {
    const { value, done } = generation.next()
    if (done) {
      const text = steps.map((step) => step.text).join('')
      return { text, steps, finish: steps.at(-1)?.finish ?? null, usage: value, prefills }
    }
    if (value.kind === 'token') steps.push(value)
    else prefills.push({ done: value.done, total: value.total })
  }
}
