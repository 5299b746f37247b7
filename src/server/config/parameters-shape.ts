/** The shape of what the configuration says of sampling parameters of a model. @module */
import { z } from 'zod'
import { NUMERIC_PARAMETERS, type NumericParameter, type PerParameter } from './numeric-parameters.ts'

const number = (): z.ZodNumber => z.number('must be a number')
const fraction = (): z.ZodExactOptional<z.ZodNumber> => number().min(0).max(1).exactOptional()
const tokens = (): z.ZodExactOptional<z.ZodInt> => z.int().min(1).max(1_000_000_000).exactOptional()
const penalty = (): z.ZodExactOptional<z.ZodNumber> => number().min(-2).max(2).exactOptional()
const factor = (): z.ZodExactOptional<z.ZodNumber> => number().min(0.01).max(10).exactOptional()

export const defaults: z.ZodType<PerParameter<number>> = z.strictObject({
  temperature: number().min(0).max(2).exactOptional(),
  top_p: fraction(),
  // Some engines write -1 for all tokens.
  top_k: z.int().min(-1).max(1_000_000).exactOptional(),
  min_p: fraction(),
  typical_p: fraction(),
  seed: z.int().exactOptional(),
  max_tokens: tokens(),
  max_completion_tokens: tokens(),
  max_output_tokens: tokens(),
  frequency_penalty: penalty(),
  presence_penalty: penalty(),
  repetition_penalty: factor(),
  repeat_penalty: factor(),
})

const name = z.enum(NUMERIC_PARAMETERS)

/** From the name that clients use to the engine's. */
export const rename: z.ZodType<PerParameter<NumericParameter>> = z.strictObject({
  temperature: name.exactOptional(),
  top_p: name.exactOptional(),
  top_k: name.exactOptional(),
  min_p: name.exactOptional(),
  typical_p: name.exactOptional(),
  seed: name.exactOptional(),
  max_tokens: name.exactOptional(),
  max_completion_tokens: name.exactOptional(),
  max_output_tokens: name.exactOptional(),
  frequency_penalty: name.exactOptional(),
  presence_penalty: name.exactOptional(),
  repetition_penalty: name.exactOptional(),
  repeat_penalty: name.exactOptional(),
})

/** Most that an operator can say: beyond it a typing error is more likely. */
export const contextTokens = (): z.ZodInt => z.int().min(1).max(1_000_000_000)
