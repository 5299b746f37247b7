/** Keeps checkpoints that a log signed and this witness would not cosign: maybe proof that history was rewritten. Bounded for each log. @module */
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import type { Cosigned } from './origin-record.ts'
import { digestName } from './origin-record.ts'
import type { WitnessStore } from './origins.ts'

/**
 * - `split`: the size that we cosigned, another root. Together with our note it proves a fork.
 * - `unproven`: larger than ours, and its consistency proof does not hold.
 * - `smaller`: than ours. An old honest checkpoint that anyone sends again looks the same: compare it with the log.
 */
export type ForkKind = 'split' | 'unproven' | 'smaller'

export interface RefusedCheckpoint {
  readonly kind: ForkKind
  readonly origin: string
  readonly size: number
  /** With the log's signature, verified. */
  readonly note: string
  readonly cosigned: Cosigned
  /** Seconds. */
  readonly seen: number
}

/** Of each kind and log: strangers can send old checkpoints for ever, and must not push out what proves a fork. */
const MAX_KEPT = 16

/** Resolves to the name under which it is kept; undefined when it is kept already, or there are enough. */
export async function keepRefused(store: WitnessStore, refused: RefusedCheckpoint): Promise<string | undefined> {
  const { kind, origin, size, note, cosigned, seen } = refused
  const folder = `forks/${digestName(origin)}/${kind}`
  const kept = await store.list(folder)
  if (kept.length >= MAX_KEPT) return undefined
  const name = `${folder}/${size}-${digestName(note).slice(0, 16)}`
  const record = { version: 1, kind, origin, seen, refused: note, cosigned: cosigned.note }
  return (await store.create(name, encodeUtf8(`${JSON.stringify(record, undefined, 2)}\n`))) ? name : undefined
}
