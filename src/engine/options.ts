/** Options of a generation, checked and completed with defaults. @module */
import { EngineError } from './errors.ts'

export interface GenerateOptions {
  /** Tokens of the answer at most; default: as many as the context has room for. */
  readonly maxTokens?: number
  /** 0 is greedy and the default. */
  readonly temperature?: number
  /** 0 to 1, default 1. */
  readonly topP?: number
  /** A safe integer, default 0. The engine has no randomness of its own. */
  readonly seed?: number
  /** The index among `n` choices, default 0; each choice draws other numbers from the same seed. */
  readonly choice?: number
  /** The answer ends before the first of these. Up to 16 strings of 1 to 256 UTF-16 units. */
  readonly stop?: readonly string[]
  /** How many most likely tokens to report, 0 to 20; absent: no log-probabilities at all. */
  readonly topLogprobs?: number
}

export interface CompleteOptions {
  readonly maxTokens: number
  readonly temperature: number
  readonly topP: number
  readonly seed: number
  readonly choice: number
  readonly stop: readonly string[]
  readonly topLogprobs: number | undefined
}

/** @throws EngineError invalid_option */
export function completeOptions(options: GenerateOptions): CompleteOptions {
  const { maxTokens = Number.MAX_SAFE_INTEGER, temperature = 0, topP = 1, seed = 0, choice = 0, stop = [] } = options
  const { topLogprobs } = options
  demand(Number.isSafeInteger(maxTokens) && maxTokens >= 1, 'maxTokens must be an integer of at least 1')
  demand(Number.isFinite(temperature) && temperature >= 0, 'temperature must be a number of at least 0')
  demand(topP >= 0 && topP <= 1, 'topP must be a number from 0 to 1')
  demand(Number.isSafeInteger(seed), 'seed must be an integer that a double holds exactly')
  demand(Number.isInteger(choice) && choice >= 0 && choice < 65536, 'choice must be an integer from 0 to 65535')
  demand(stop.length <= 16, 'stop may hold at most 16 strings')
  for (const text of stop) {
    demand(text.length >= 1 && text.length <= 256, 'each stop string must have 1 to 256 characters')
    demand(!/\p{Surrogate}/u.test(text), 'a stop string holds a lone surrogate')
  }
  if (topLogprobs !== undefined) {
    demand(Number.isInteger(topLogprobs) && topLogprobs >= 0 && topLogprobs <= 20, 'topLogprobs must be 0 to 20')
  }
  return { maxTokens, temperature, topP, seed, choice, stop, topLogprobs }
}

function demand(condition: boolean, message: string): void {
  if (!condition) throw new EngineError('invalid_option', message)
}
