/** A request that asks for context in a way that cannot be given. @module */

/** Where it is wrong, and which kind of fault it is, as clients of the API read them. */
export interface RefusalPlace {
  /** The member of the request that is wrong. */
  readonly param: string
  readonly code?: string
}

export class ContextRefusal extends Error {
  readonly param: string
  readonly code: string | undefined

  /** @param message holds nothing that the client wrote */
  constructor(message: string, { param, code }: RefusalPlace) {
    super(message)
    this.name = 'ContextRefusal'
    this.param = param
    this.code = code
  }
}
