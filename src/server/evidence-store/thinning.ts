/**
 * Which quoted checkpoints may go: pure. All of the last hour stay, one a minute for a day, one an hour after; the last of a session and
 * its last witnessed one stay always, so that no receipt loses a grade that it had: whatever a removed record covered, those cover. @module
 */
import { leastAbove } from './sizes.ts'
import type { EvidencePlace } from './types.ts'

const HOUR = 3_600
const MINUTE = 60
const DAY = 86_400

/** Records of one log and its cosigned checkpoints, in any order. */
export interface History {
  readonly records: readonly EvidencePlace[]
  /** Sizes of cosigned checkpoints. */
  readonly witnessed: readonly number[]
}

/** Sizes that may be removed. */
export interface Removable {
  readonly records: readonly number[]
  readonly witnessed: readonly number[]
}

/**
 * Buckets of fixed edges within one session, whose last record stays, and with it the last of the session. Thinning twice removes nothing
 * more, and later thinning keeps a part of what stayed.
 */
function bucketOf({ session, iat, size }: EvidencePlace, nowSeconds: number): string {
  const age = nowSeconds - iat
  if (age < HOUR) return `${size}`
  return age < DAY ? `${session} minute ${Math.floor(iat / MINUTE)}` : `${session} hour ${Math.floor(iat / HOUR)}`
}

/** The least cosigned size that holds the quote's leaf. */
export function witnessOf({ quoteIndex }: EvidencePlace, ascending: readonly number[]): number | undefined {
  return quoteIndex === undefined ? undefined : leastAbove(ascending, quoteIndex)
}

export function chooseRemovable({ records, witnessed }: History, nowSeconds: number): Removable {
  const ascending = [...records].sort((a, b) => a.size - b.size)
  const sizes = [...witnessed].sort((a, b) => a - b)
  const newest = sizes.at(-1)
  // Of each key the last one wins.
  const kept = new Map<string, EvidencePlace>()
  for (const record of ascending) {
    kept.set(bucketOf(record, nowSeconds), record)
    if (newest !== undefined && record.quoteIndex !== undefined && record.quoteIndex < newest)
      kept.set(`${record.session} last witnessed`, record)
  }
  const keptSizes = new Set([...kept.values()].map(({ size }) => size))
  const neededNotes = new Set([newest, ...[...kept.values()].map((record) => witnessOf(record, sizes))])
  return {
    records: ascending.map(({ size }) => size).filter((size) => !keptSizes.has(size)),
    witnessed: sizes.filter((size) => !neededNotes.has(size)),
  }
}
