/** The end of remembered conversations: each state says in clear on which day it lapses, so that no key is needed to remove it. @module */
import type { ObjectStore } from '../../../storage/index.ts'
import { EXPIRES_SIZE, readExpires, STATES } from './sealed-states.ts'

const DAY_SECONDS = 86_400
/** Files that are looked into at once. */
const ABREAST = 16

export interface Expiring {
  /** Seconds since 1970. */
  readonly now: number
  /** Asked between two batches: whether there is still time. */
  readonly goesOn: () => boolean
}

/** Day since 1970 on which what is made now, and kept so many days, can be removed. */
export function expiryDay(createdSeconds: number, retentionDays: number): number {
  return Math.floor(createdSeconds / DAY_SECONDS) + retentionDays + 1
}

export function isExpired(createdSeconds: number, retentionDays: number, now: number): boolean {
  return now >= createdSeconds + retentionDays * DAY_SECONDS
}

/**
 * Removes every state whose day has come, whoever wrote it, and what is too short to be one.
 * @returns how many were removed
 */
export async function expireStates(store: ObjectStore, { now, goesOn }: Expiring): Promise<number> {
  const today = Math.floor(now / DAY_SECONDS)
  let removed = 0
  for (const entry of await store.list(STATES)) {
    if (!entry.endsWith('/')) continue
    const folder = `${STATES}/${entry.slice(0, -1)}`
    const names = (await store.list(folder)).filter((name) => !name.endsWith('/')).map((name) => `${folder}/${name}`)
    for (let i = 0; i < names.length; i += ABREAST) {
      if (!goesOn()) return removed
      const lapsed = await lapsedOf(store, names.slice(i, i + ABREAST), today)
      await store.remove(lapsed)
      removed += lapsed.length
    }
  }
  return removed
}

async function lapsedOf(store: ObjectStore, names: readonly string[], today: number): Promise<readonly string[]> {
  const lapsed = await Promise.all(
    names.map(async (name) => {
      const octets = await store.readRange(name, 0, EXPIRES_SIZE)
      return octets === undefined || (readExpires(octets) ?? 0) > today ? [] : [name]
    }),
  )
  return lapsed.flat()
}
