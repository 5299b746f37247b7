/** `POST /v1/embeddings`: octets pass as they are, `encoding_format` is the model server's to honour; only the usage is read. @module */
import type { JsonObject } from '../../../../core/encoding/json.ts'
import { readUsage } from '../../../upstream/event-reading.ts'
import { type ApiError, invalidRequest } from '../../api-error.ts'
import { readNames } from '../answer-reading.ts'
import type { AnswerReading, Operation } from '../operation.ts'
import { COUNT, judgeTypes, type ParameterTypes, TEXT } from '../parameter-types.ts'

const TYPES: ParameterTypes = { dimensions: COUNT, encoding_format: TEXT }

function judgeInput({ input }: JsonObject): ApiError | undefined {
  if (typeof input === 'string' || (Array.isArray(input) && input.length > 0)) return undefined
  return invalidRequest('`input` must be a string or a non-empty array.', { param: 'input' })
}

function readEmbeddings(answer: JsonObject): AnswerReading {
  if (!Array.isArray(answer['data'])) return { outcome: 'unusable', detail: 'answered without data' }
  return { outcome: 'complete', facts: { ...readNames(answer), ...readUsage(answer['usage']) } }
}

export const EMBEDDINGS: Operation = {
  path: '/v1/embeddings',
  name: 'embeddings',
  judge: (fields) => judgeInput(fields) ?? judgeTypes(fields, TYPES),
  choices: () => 1,
  readAnswer: readEmbeddings,
  followStream: 'none',
}
