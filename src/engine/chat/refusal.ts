/** A request that the embedded model does not take. Thrown inside this folder; who serves the model answers it in the form of an API. @module */

/** Names the parameter; never repeats its value. */
export class Refusal extends Error {
  /** An HTTP status. */
  readonly status: number
  readonly param: string | null
  /** As OpenAI spells it. */
  readonly code: string | null

  constructor(message: string, { status = 400, param = null, code = null }: RefusalOptions = {}) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.param = param
    this.code = code
  }
}

export interface RefusalOptions {
  readonly status?: number
  readonly param?: string | null
  readonly code?: string | null
}
