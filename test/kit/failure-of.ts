/** The failure code of a refused decoding. Anything that is not a MalformedError goes on: decoders may throw nothing else. */
import { MalformedError } from '../../src/errors.ts'

export function failureOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof MalformedError) return error.failure
    throw error
  }
  return 'none'
}

/** The same for what fails later. */
export async function failureOfAsync(run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (error instanceof MalformedError) return error.failure
    throw error
  }
  return 'none'
}
