/** Takes away a log that never came to be: it holds nothing that anybody was given. @module */
import type { ObjectStore } from '../../storage/index.ts'

/** Folders of a log are few levels deep; a store that answers otherwise is not followed. */
const MAX_DEPTH = 8

export async function removeLog(store: ObjectStore, id: string): Promise<void> {
  for (const folder of [`private/${id}`, `log/${id}`]) await store.remove(await namesBelow(store, folder, MAX_DEPTH))
}

async function namesBelow(store: ObjectStore, folder: string, depth: number): Promise<readonly string[]> {
  const names: string[] = []
  for (const name of await store.list(folder)) {
    const path = `${folder}/${name}`
    if (!name.endsWith('/')) names.push(path)
    else if (depth > 0) names.push(...(await namesBelow(store, path.slice(0, -1), depth - 1)))
  }
  return names
}
