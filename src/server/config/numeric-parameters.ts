/** Sampling parameters that the configuration can fill in and rename: those that are one number, and do not change how many answers there are. @module */

export const NUMERIC_PARAMETERS = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'typical_p',
  'seed',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'frequency_penalty',
  'presence_penalty',
  'repetition_penalty',
  'repeat_penalty',
] as const
export type NumericParameter = (typeof NUMERIC_PARAMETERS)[number]

/** Those that are named, each once. */
export type PerParameter<Value> = { readonly [Name in NumericParameter]?: Value }

/** In one order, whatever the order in which they were written. */
export function entriesOf<Value>(record: PerParameter<Value>): readonly (readonly [NumericParameter, Value])[] {
  return NUMERIC_PARAMETERS.flatMap((name) => {
    const value = record[name]
    return value === undefined ? [] : [[name, value] as const]
  })
}
