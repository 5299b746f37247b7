/** What a store holds after all of its gateways were killed: where each receipt stands, log by log. @module */
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import { decodeEntryBundle, ENTRY_TYPES, encodeTilePath, TILE_WIDTH } from '../../src/core/log/index.ts'
import { receiptEntry } from '../../src/core/receipt/receipt.ts'
import { openStoredLog, recoverLog } from '../../src/server/log/index.ts'
import type { ObjectStore } from '../../src/storage/index.ts'

export interface StoredHistory {
  readonly logs: number
  /** Logs whose counts do not add up. */
  readonly unbalanced: number
  /** 0x05 leaves below a quote, of all logs. */
  readonly recovered: number
  /** For each receipt, by the digest of its JWS in hex: leaves that are quoted or carried over. */
  readonly places: ReadonlyMap<string, number>
}

const FROM_THE_START = { size: 0, counts: { intents: 0, receipts: 0, open: 0 } }

async function quotedSize(store: ObjectStore, id: string): Promise<number> {
  const sizes = await store.list(`log/${id}/evidence`)
  return Math.max(0, ...sizes.map(Number))
}

/** Digests of the 0x05 leaves below a size: they stand in the published tree, behind genesis. */
async function carriedOver(store: ObjectStore, id: string, size: number): Promise<readonly string[]> {
  const log = await openStoredLog(store, id)
  if (log === undefined) return []
  const carried: string[] = []
  for (let index = 0; index * TILE_WIDTH < log.checkpoint.size; index++) {
    const width = Math.min(TILE_WIDTH, log.checkpoint.size - index * TILE_WIDTH)
    const bundle = await log.readFile(encodeTilePath({ level: 'entries', index, width }))
    if (bundle === undefined) throw new Error(`bundle ${index} of a log is gone`)
    decodeEntryBundle(bundle).forEach((entry, i) => {
      const isQuoted = index * TILE_WIDTH + i < size
      if (isQuoted && entry[0] === ENTRY_TYPES.recovered) carried.push(encodeHex(entry.subarray(1)))
    })
  }
  return carried
}

export async function readHistory(store: ObjectStore): Promise<StoredHistory> {
  const ids = (await store.list('log')).map((name) => name.replace(/\/$/, ''))
  const places = new Map<string, number>()
  const place = (digest: string): void => {
    places.set(digest, (places.get(digest) ?? 0) + 1)
  }
  let unbalanced = 0
  let recovered = 0
  for (const id of ids) {
    const { receipts, counts } = await recoverLog(store, id, FROM_THE_START)
    const size = await quotedSize(store, id)
    for (const { digest, index } of receipts) if (index < size) place(encodeHex(digest))
    // A boot that ended before its first quote carried nothing: the next one reads the log before it again.
    const carried = await carriedOver(store, id, size)
    carried.forEach(place)
    recovered += carried.length
    if (counts.intents !== counts.receipts + counts.open || counts.receipts !== receipts.length) unbalanced++
  }
  return { logs: ids.length, unbalanced, recovered, places }
}

/** Digest of the leaf of a receipt, hex. */
export function digestOf(token: string): string {
  return encodeHex(receiptEntry(token.split('~')[0] ?? '').subarray(1))
}
