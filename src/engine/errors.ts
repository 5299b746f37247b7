/** The errors that the engine throws. @module */

/**
 * What the caller should do, by code:
 * - `invalid_model` the model files do not have the form they should have: get the right files.
 * - `invalid_option` a generation option or a message is out of range: fix the call.
 * - `context_length_exceeded` the prompt does not fit: shorten it. The same spelling as OpenAI's code.
 */
export type EngineErrorCode = 'invalid_model' | 'invalid_option' | 'context_length_exceeded'

/** Thrown by every function of the engine. `message` holds no prompt text. */
export class EngineError extends Error {
  readonly code: EngineErrorCode

  constructor(code: EngineErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'EngineError'
    this.code = code
  }
}
