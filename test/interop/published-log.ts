/** A log as its gateway publishes it, in memory: checkpoint with cosignatures, tiles and bundles by their paths. @module */
import {
  cosignCheckpoint,
  createEntry,
  encodeCheckpoint,
  encodeEntryBundle,
  encodeTilePath,
  encodeVkey,
  encodeWitnessVkey,
  GrowingTree,
  hashLeaf,
  logOrigin,
  noteKey,
  signNote,
  type TileSource,
  tilesOf,
  witnessKey,
} from '../../src/core/log/index.ts'
import { testKey } from '../kit/ed25519.ts'

const KEY = testKey(1)
const WITNESSES = [2, 3].map((seed, i) => ({
  name: `w${i}.example.org`,
  signer: testKey(seed),
  time: 1_790_000_000 + i,
}))

export interface PublishedLog extends TileSource {
  readonly size: number
  readonly root: Uint8Array
  readonly origin: string
  readonly vkey: string
  readonly witnesses: readonly { readonly vkey: string; readonly time: number }[]
  readonly entries: readonly Uint8Array[]
  readonly files: ReadonlyMap<string, Uint8Array>
}

export function publishLog(size: number): PublishedLog {
  const origin = logOrigin('gw.example.com', KEY.publicKey)
  const entries = Array.from({ length: size }, (_, i) => createEntry('receipt', Buffer.from(`preimage ${i}`)))
  const tree = new GrowingTree()
  for (const entry of entries) tree.append(hashLeaf(entry))
  const files = new Map(tree.takeTiles().map(({ tile, bytes }) => [encodeTilePath(tile), bytes]))
  for (const tile of tilesOf(size).filter(({ level }) => level === 'entries'))
    files.set(encodeTilePath(tile), encodeEntryBundle(entries.slice(tile.index * 256, tile.index * 256 + tile.width)))
  const body = encodeCheckpoint({ origin, size, root: tree.root() })
  const cosignatures = WITNESSES.map((witness) => cosignCheckpoint(body, witness, witness.time))
  files.set('checkpoint', Buffer.from(signNote(body, origin, KEY) + cosignatures.join('')))
  return {
    size,
    root: tree.root(),
    origin,
    vkey: encodeVkey(noteKey(origin, KEY.publicKey)),
    witnesses: WITNESSES.map(({ name, signer, time }) => ({
      vkey: encodeWitnessVkey(witnessKey(name, signer.publicKey)),
      time,
    })),
    entries,
    files,
    read: async (tile) => files.get(encodeTilePath(tile)) ?? Promise.reject(new Error(`no ${encodeTilePath(tile)}`)),
  }
}
