/** What a promise is rejected with. @module */

/** @throws when it is not rejected */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it was expected to be rejected')
}
