/** Finds why an answer did not verify in the error that an SDK made of it. @module */
import { NotVerifiedError } from '../client/index.ts'

/** Wrappers of wrappers: SDKs use two or three. */
const MAX_DEPTH = 10

/** The refusal in `error` or among its causes; undefined where something else went wrong. */
export function notVerifiedOf(error: unknown): NotVerifiedError | undefined {
  let inner = error
  for (let depth = 0; depth < MAX_DEPTH && inner instanceof Error; depth++) {
    if (inner instanceof NotVerifiedError) return inner
    inner = inner.cause
  }
  return undefined
}
