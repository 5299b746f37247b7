/** `POST /v1/completions`: prompts in, choices out, as chat has them. @module */
import type { JsonObject, JsonValue } from '../../../../core/encoding/json.ts'
import { type ApiError, invalidRequest } from '../../api-error.ts'
import { readChoices } from '../answer-reading.ts'
import { ChoiceStream } from '../choice-stream.ts'
import type { Operation } from '../operation.ts'
import { BOOLEAN, CHOICE_SAMPLING, CHOICES, judgeTypes, type ParameterTypes, SIZE, TEXT } from '../parameter-types.ts'

const TYPES: ParameterTypes = {
  ...CHOICE_SAMPLING,
  // None, where only the log-probabilities of the prompt are asked for.
  max_tokens: SIZE,
  best_of: CHOICES,
  echo: BOOLEAN,
  logprobs: SIZE,
  suffix: TEXT,
}

function judgePrompt({ prompt }: JsonObject): ApiError | undefined {
  if (typeof prompt === 'string' || (Array.isArray(prompt) && prompt.length > 0)) return undefined
  return invalidRequest('`prompt` must be a string or a non-empty array.', { param: 'prompt' })
}

/** One text or one list of tokens is one prompt; a list of either is as many. */
function countPrompts(prompt: JsonValue | undefined): number {
  return Array.isArray(prompt) && typeof prompt[0] !== 'number' ? prompt.length : 1
}

export const COMPLETIONS: Operation = {
  path: '/v1/completions',
  name: 'text_completion',
  judge: (fields) => judgePrompt(fields) ?? judgeTypes(fields, TYPES),
  choices: ({ n, prompt }) => (typeof n === 'number' ? n : 1) * countPrompts(prompt),
  readAnswer: readChoices,
  followStream: (choices) => new ChoiceStream(choices),
}
