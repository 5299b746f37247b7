/** `POST /v1/chat/completions`. @module */
import { isJsonObject, type JsonObject, type JsonValue } from '../../../../core/encoding/json.ts'
import { type ApiError, invalidRequest } from '../../api-error.ts'
import { readChoices } from '../answer-reading.ts'
import { ChoiceStream } from '../choice-stream.ts'
import type { Operation } from '../operation.ts'
import { ARRAY, CHOICE_SAMPLING, COUNT, judgeTypes, OBJECT, type ParameterTypes } from '../parameter-types.ts'

const TYPES: ParameterTypes = {
  ...CHOICE_SAMPLING,
  max_tokens: COUNT,
  max_completion_tokens: COUNT,
  tools: ARRAY,
  response_format: OBJECT,
}

function judgeMessages({ messages }: JsonObject): ApiError | undefined {
  if (!Array.isArray(messages) || messages.length === 0)
    return invalidRequest('`messages` must be a non-empty array.', { param: 'messages' })
  const wrong = messages.findIndex(
    (message: JsonValue) => !isJsonObject(message) || typeof message['role'] !== 'string',
  )
  if (wrong < 0) return undefined
  return invalidRequest('Each message must be an object with a role.', { param: `messages[${wrong}]` })
}

export const CHAT: Operation = {
  path: '/v1/chat/completions',
  name: 'chat',
  judge: (fields) => judgeMessages(fields) ?? judgeTypes(fields, TYPES),
  choices: ({ n }) => (typeof n === 'number' ? n : 1),
  readAnswer: readChoices,
  followStream: (choices) => new ChoiceStream(choices),
}
