/** What LangChain asks again: never what did not verify. @module */
import { AsyncCaller, type AsyncCallerParams } from '@langchain/core/utils/async_caller'
import { notVerifiedOf } from '../not-verified.ts'

/**
 * Decides as LangChain does on every other error. Asked again, whoever answered wrongly would get the prompt once more, by default six
 * times within two minutes.
 */
export class VerifiedCaller extends AsyncCaller {
  constructor(params: AsyncCallerParams) {
    super(params)
    const decide = this.onFailedAttempt
    this.onFailedAttempt = (error: unknown) => {
      const refusal = notVerifiedOf(error)
      if (refusal !== undefined) throw refusal
      return decide?.(error)
    }
  }
}
