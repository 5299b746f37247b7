/** A server that is not the one that was declared, or not as it was declared. @module */

export class RefusedServer extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RefusedServer'
  }
}

/** Why, if that is what is behind an error: the libraries between wrap what they catch. */
export function refusalOf(error: unknown): string | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth++)
    if (cause instanceof RefusedServer) return cause.message
  return undefined
}
