/**
 * Tiles that are those of a tree head, whoever keeps them: each is verified up to the root before it is given. All octets that the source
 * gives are the host's; the head must come out of a signed checkpoint.
 * @module
 */
import { CountersignError, MalformedError } from '../../errors.ts'
import { sameBytes } from '../encoding/bytes.ts'
import { CorruptTileError, corruptLeaves, readBundle } from './corrupt-tile.ts'
import { edgeRoot, edgeTiles } from './edge.ts'
import { HASH_SIZE, type TreeHead } from './merkle.ts'
import { RecentTiles } from './recent-tiles.ts'
import { encodeEntryBundle, encodeTilePath, TILE_WIDTH, type Tile } from './tile.ts'
import { completeRoot, hashAt } from './tile-hashes.ts'
import { readHashTile, type TileSource, tileIn, treeRoot } from './tile-proofs.ts'

export interface AuthenticTilesOptions {
  /** Verified full tiles that are kept, of 8 KiB each. */
  readonly capacity?: number
}

/** Verified tiles of one head. */
export interface AuthenticTiles extends TileSource {
  readonly head: TreeHead
  /**
   * The tiles of a later head of the same log, which shares what was verified.
   * @throws MalformedError LOG_CONSISTENCY unless the later tree continues this one
   */
  advance(head: TreeHead): Promise<AuthenticTiles>
}

/**
 * Gives tiles of the tree of `head` and refuses, by {@link CorruptTileError}, those that are not of it. A tile may be asked for in any
 * width up to the one that this tree has; the source is always asked for that one.
 */
export function authenticTiles(
  source: TileSource,
  head: TreeHead,
  { capacity = 64 }: AuthenticTilesOptions = {},
): AuthenticTiles {
  return new VerifiedTiles(source, head, new RecentTiles(capacity))
}

class VerifiedTiles implements AuthenticTiles {
  readonly head: TreeHead
  readonly #source: TileSource
  readonly #full: RecentTiles
  /** The partial tile of each level, verified together: the root is made of nothing else. */
  #edge: Promise<ReadonlyMap<number, Uint8Array>> | undefined

  constructor(source: TileSource, head: TreeHead, full: RecentTiles) {
    this.#source = source
    this.head = head
    this.#full = full
  }

  async read(tile: Tile): Promise<Uint8Array> {
    const whole = tileIn(this.head.size, tile)
    if (tile.width < 1 || tile.width > whole.width)
      throw new CountersignError('ERR_USAGE', `${encodeTilePath(tile)} is wider than the tree has it`)
    if (tile.level === 'entries') return this.#readBundle(whole, tile.width)
    const hashes = await this.#hashes(tile.level, tile.index)
    // A copy: what is kept as verified must stay so whatever the caller does.
    return hashes.slice(0, tile.width * HASH_SIZE)
  }

  async advance(head: TreeHead): Promise<AuthenticTiles> {
    const later = new VerifiedTiles(this.#source, head, new RecentTiles(this.#full.capacity))
    const continued = head.size >= this.head.size && sameBytes(await treeRoot(later, this.head.size), this.head.root)
    if (!continued) throw new MalformedError('LOG_CONSISTENCY', `the tree of ${head.size} does not continue this one`)
    later.#full.adopt(this.#full)
    return later
  }

  async #hashes(level: number, index: number): Promise<Uint8Array> {
    const tile = tileIn(this.head.size, { level, index })
    if (tile.width < TILE_WIDTH) return this.#edgeTile(level)
    return this.#full.get(encodeTilePath(tile), () => this.#readFull(tile, level))
  }

  /** A full tile is authentic when the tile above, which is, holds its hash. */
  async #readFull(tile: Tile, level: number): Promise<Uint8Array> {
    const [hashes, above] = await Promise.all([
      readHashTile(this.#source, tile),
      this.#hashes(level + 1, Math.floor(tile.index / TILE_WIDTH)),
    ])
    if (!sameBytes(completeRoot(hashes), hashAt(above, tile.index % TILE_WIDTH))) throw new CorruptTileError([tile])
    return hashes
  }

  async #readBundle(tile: Tile, width: number): Promise<Uint8Array> {
    const [bytes, hashes] = await Promise.all([this.#source.read(tile), this.#hashes(0, tile.index)])
    const content = readBundle(bytes, tile.width)
    const [leaf] = corruptLeaves(content, hashes, tile)
    if (leaf !== undefined) throw new CorruptTileError([tile], leaf)
    return encodeEntryBundle(content.entries.slice(0, width))
  }

  async #edgeTile(level: number): Promise<Uint8Array> {
    this.#edge ??= this.#readEdge()
    const hashes = (await this.#edge).get(level)
    if (hashes === undefined) throw new CountersignError('ERR_USAGE', `no partial tile on level ${level}`)
    return hashes
  }

  async #readEdge(): Promise<ReadonlyMap<number, Uint8Array>> {
    try {
      const tiles = edgeTiles(this.head.size)
      const hashes = await Promise.all(tiles.map((tile) => readHashTile(this.#source, tile)))
      if (!sameBytes(edgeRoot(hashes), this.head.root)) throw new CorruptTileError(tiles)
      return new Map(tiles.map(({ level }, i) => [level, hashes[i] ?? new Uint8Array()]))
    } catch (error) {
      // What failed once may be there, or be repaired, the next time.
      this.#edge = undefined
      throw error
    }
  }
}
