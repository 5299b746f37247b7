/** `POST /v1/responses`: an answer says by its `status` how it ended, a stream by its last event. @module */
import type { JsonObject } from '../../../../core/encoding/json.ts'
import { type ApiError, invalidRequest } from '../../api-error.ts'
import type { Operation } from '../operation.ts'
import { ARRAY, BOOLEAN, COUNT, judgeTypes, OBJECT, type ParameterTypes, SAMPLING } from '../parameter-types.ts'
import { readResponse } from '../response-reading.ts'
import { ResponseStream } from '../response-stream.ts'

const TYPES: ParameterTypes = {
  ...SAMPLING,
  background: BOOLEAN,
  max_output_tokens: COUNT,
  reasoning: OBJECT,
  text: OBJECT,
  tools: ARRAY,
}

/** Without input a stored prompt or an earlier response is what there is to answer: the model server knows. */
function judgeInput({ input, background }: JsonObject): ApiError | undefined {
  if (input !== undefined && input !== null && typeof input !== 'string' && !Array.isArray(input))
    return invalidRequest('`input` must be a string or an array.', { param: 'input' })
  // Its answer would be fetched later, past any receipt.
  if (background === true)
    return invalidRequest('`background` is not supported: an answer has its receipt with it.', {
      param: 'background',
      code: 'unsupported_parameter',
    })
  return undefined
}

export const RESPONSES: Operation = {
  path: '/v1/responses',
  name: 'chat',
  judge: (fields) => judgeInput(fields) ?? judgeTypes(fields, TYPES),
  choices: () => 1,
  readAnswer: readResponse,
  followStream: () => new ResponseStream(),
}
