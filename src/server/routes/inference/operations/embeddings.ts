/** `POST /v1/embeddings`: octets pass as they are, `encoding_format` is the model server's to honour; only their number and the usage are read. @module */
import type { JsonObject, JsonValue } from '../../../../core/encoding/json.ts'
import { readUsage } from '../../../upstream/event-reading.ts'
import { type ApiError, invalidRequest } from '../../api-error.ts'
import { NO_OUTPUT } from '../answer-output.ts'
import { readNames } from '../answer-reading.ts'
import type { AnswerReading, Operation, ParsedAnswer } from '../operation.ts'
import { COUNT, judgeTypes, type ParameterTypes, TEXT } from '../parameter-types.ts'

const TYPES: ParameterTypes = { dimensions: COUNT, encoding_format: TEXT }

function judgeInput({ input }: JsonObject): ApiError | undefined {
  if (typeof input === 'string' || (Array.isArray(input) && input.length > 0)) return undefined
  return invalidRequest('`input` must be a string or a non-empty array.', { param: 'input' })
}

/** A list of texts or of lists of tokens asks for as many; what else a model server takes for input is its own matter. */
function countInputs({ input }: JsonObject): number {
  if (!Array.isArray(input)) return 1
  return input.every((one: JsonValue) => typeof one === 'string' || Array.isArray(one)) ? input.length : 1
}

/** @param inputs how many were given: fewer embeddings are a cut answer */
function readEmbeddings({ fields }: ParsedAnswer, inputs: number): AnswerReading {
  const { data } = fields
  if (!Array.isArray(data)) return { outcome: 'unusable', detail: 'answered without data' }
  if (data.length < inputs) return { outcome: 'unusable', detail: `gave ${data.length} of ${inputs} embeddings` }
  return {
    outcome: 'complete',
    facts: { ...readNames(fields), ...readUsage(fields['usage']) },
    output: NO_OUTPUT,
  }
}

export const EMBEDDINGS: Operation = {
  path: '/v1/embeddings',
  name: 'embeddings',
  judge: (fields) => judgeInput(fields) ?? judgeTypes(fields, TYPES),
  choices: countInputs,
  readAnswer: readEmbeddings,
  followStream: 'none',
}
