/** What an engine shows of the context that an answer was made with: of engines behind HTTP it is their word. @module */
import { digestUri } from '../../core/crypto/index.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/encoding/json.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'

export interface ContextReading {
  /** Tokens of the prompt with those of the template. */
  readonly promptTokens?: number
  /** Tokens of prompt and answer that there is room for. */
  readonly contextLimit?: number
  /** Whether a part of the prompt was left out; absent where nobody says. */
  readonly truncated?: 'yes' | 'no'
  /** `sha256:` of the UTF-8 text that the template made of the messages. */
  readonly renderedPrompt?: string
}

const SURROGATE = /\p{Surrogate}/u

/**
 * Reads an answer or an event of chat or completions.
 * - llama.cpp: `timings`; with `--verbose` also `__verbose` with the prompt, its size, and whether it was cut
 * - vLLM: `prompt_token_ids` where the request has `return_token_ids`
 *
 * Others, Ollama among them, cut prompts without a word.
 */
export function readContext(answer: JsonObject): ContextReading {
  const { __verbose: verbose, choices } = answer
  const shown = isJsonObject(verbose) ? verbose : answer
  const { truncated, tokens_evaluated: evaluated } = shown
  const [first] = Array.isArray(choices) ? choices : []
  const promptTokens =
    countOf(evaluated) ??
    lengthOf(answer['prompt_token_ids']) ??
    (isJsonObject(first) ? lengthOf(first['prompt_token_ids']) : undefined) ??
    timedTokens(answer['timings'])
  const prompt = isJsonObject(verbose) ? verbose['prompt'] : undefined
  return {
    ...(promptTokens !== undefined && { promptTokens }),
    ...(typeof truncated === 'boolean' && { truncated: truncated ? ('yes' as const) : ('no' as const) }),
    ...(typeof prompt === 'string' && !SURROGATE.test(prompt) && { renderedPrompt: digestUri(encodeUtf8(prompt)) }),
  }
}

/** Those that were computed, and those that were still at hand from a request before. */
function timedTokens(timings: JsonValue | undefined): number | undefined {
  if (!isJsonObject(timings)) return undefined
  const [computed, cached] = [countOf(timings['prompt_n']), countOf(timings['cache_n'])]
  return computed === undefined || cached === undefined ? undefined : computed + cached
}

function lengthOf(value: JsonValue | undefined): number | undefined {
  return Array.isArray(value) ? value.length : undefined
}

function countOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
