/** One attempt at a write that may find no space. @module */
import type { ObjectStore } from '../../storage/index.ts'

/** False when there is no space now; any other failure is thrown. */
export async function attemptWrite(store: ObjectStore, write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write()
    return true
  } catch (error) {
    if (store.isFull(error)) return false
    throw error
  }
}
