/** A request that the embedded model does not take, as an OpenAI error. Thrown inside this folder, answered as a body. @module */
import type { OpenAiErrorBody } from './openai-error.ts'

/** Names the parameter; never repeats its value. */
export class Refusal extends Error {
  readonly status: number
  readonly body: OpenAiErrorBody

  constructor(message: string, { status = 400, param = null, code = null }: RefusalOptions = {}) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.body = { error: { message, type: 'invalid_request_error', param, code } }
  }
}

export interface RefusalOptions {
  readonly status?: number
  readonly param?: string | null
  readonly code?: string | null
}
