/**
 * The writer's side of a log of any size: a tree that only grows, and the hash tiles that come out of it. It keeps the right edge and the
 * tiles that were not taken, nothing else: older nodes are in the tiles. No I/O.
 * @module
 */
import { CountersignError } from '../../errors.ts'
import { edgeTiles } from './edge.ts'
import { emptyRoot, HASH_SIZE, hashChildren, hashRange } from './merkle.ts'
import { TILE_WIDTH, type Tile } from './tile.ts'
import { subtreesOf } from './tile-hashes.ts'
import { readHashTile, type TileSource } from './tile-proofs.ts'

const TILE_HEIGHT = 8

export interface TakenTile {
  readonly tile: Tile
  readonly bytes: Uint8Array
}

/**
 * @example
 * const tree = new GrowingTree()
 * tree.append(hashLeaf(entry))
 * for (const { tile, bytes } of tree.takeTiles()) await write(encodeTilePath(tile), bytes)
 */
export class GrowingTree {
  #size = 0
  /** `#edge[l]` is the hash of the rightmost complete subtree of 2^l leaves; part of the tree now where bit l of the size is set. */
  readonly #edge: Uint8Array[] = []
  /** `#open[L]` is the last tile of level L, filled from the left. */
  readonly #open: Uint8Array[] = []
  #completed: TakenTile[] = []
  #takenSize = 0

  /**
   * Goes on from a tree whose tiles are kept: reads the partial tiles of its right edge, at most one a level. The source must be authentic,
   * or the caller compares {@link root} with the signed one before it appends.
   */
  static async from(source: TileSource, size: number): Promise<GrowingTree> {
    if (!Number.isSafeInteger(size) || size < 0) throw misuse('a size is a whole number')
    const tree = new GrowingTree()
    const tiles = edgeTiles(size)
    const hashes = await Promise.all(tiles.map((tile) => readHashTile(source, tile)))
    tiles.forEach(({ level }, i) => {
      tree.#restore(level, hashes[i] ?? new Uint8Array())
    })
    tree.#size = size
    tree.#takenSize = size
    return tree
  }

  #restore(level: number, hashes: Uint8Array): void {
    this.#openAt(level).set(hashes)
    for (const subtree of subtreesOf(hashes)) this.#edgeAt(level * TILE_HEIGHT + subtree.level).set(subtree.hash)
  }

  /** Leaves so far. */
  get size(): number {
    return this.#size
  }

  /** Appends a leaf hash (32 octets, see `hashLeaf`). */
  append(leafHash: Uint8Array): void {
    if (leafHash.length !== HASH_SIZE) throw misuse('a leaf hash has 32 octets')
    let hash = leafHash
    let level = 0
    let index = this.#size
    this.#put(0, index, hash)
    while (index % 2 === 1) {
      hash = hashChildren(this.#edgeAt(level), hash)
      index = (index - 1) / 2
      level++
      if (level % TILE_HEIGHT === 0) this.#put(level / TILE_HEIGHT, index, hash)
    }
    this.#edgeAt(level).set(hash)
    this.#size++
  }

  /** The root over all leaves. */
  root(): Uint8Array {
    const subtrees: Uint8Array[] = []
    for (let level = 0, count = this.#size; count > 0; level++, count = Math.floor(count / 2))
      if (count % 2 === 1) subtrees.unshift(this.#edgeAt(level))
    return subtrees.length === 0 ? emptyRoot() : hashRange(subtrees).slice()
  }

  /**
   * The hash tiles that this tree has and the tree at the last call had not, as `tilesOf` counts them: full ones once, and the partial one
   * of each level that grew. The octets are the caller's to keep.
   */
  takeTiles(): readonly TakenTile[] {
    const tiles = this.#completed
    this.#completed = []
    for (const tile of edgeTiles(this.#size)) {
      const grew = tile.index * TILE_WIDTH + tile.width > Math.floor(this.#takenSize / TILE_WIDTH ** tile.level)
      if (grew) tiles.push({ tile, bytes: this.#openAt(tile.level).slice(0, tile.width * HASH_SIZE) })
    }
    this.#takenSize = this.#size
    return tiles
  }

  /** A tile from memory, of any width up to the present one: of the right edge, or completed and not taken yet. */
  tile({ level, index, width }: Tile): Uint8Array | undefined {
    if (level === 'entries') return undefined
    const count = Math.floor(this.#size / TILE_WIDTH ** level)
    if (index * TILE_WIDTH + width > count) return undefined
    const isOpen = index === Math.floor(count / TILE_WIDTH)
    const bytes = isOpen ? this.#openAt(level) : this.#completedTile(level, index)
    return bytes?.slice(0, width * HASH_SIZE)
  }

  #completedTile(level: number, index: number): Uint8Array | undefined {
    return this.#completed.find(({ tile }) => tile.level === level && tile.index === index)?.bytes
  }

  /** Tiles from memory where they are there, else as stored: what proofs for the present size read. */
  over(stored: TileSource): TileSource {
    return { read: async (tile) => this.tile(tile) ?? stored.read(tile) }
  }

  #put(level: number, index: number, hash: Uint8Array): void {
    const open = this.#openAt(level)
    const place = index % TILE_WIDTH
    open.set(hash, place * HASH_SIZE)
    if (place < TILE_WIDTH - 1) return
    const tile = { level, index: Math.floor(index / TILE_WIDTH), width: TILE_WIDTH }
    this.#completed.push({ tile, bytes: open })
    this.#open[level] = new Uint8Array(TILE_WIDTH * HASH_SIZE)
  }

  #openAt(level: number): Uint8Array {
    const open = this.#open[level] ?? new Uint8Array(TILE_WIDTH * HASH_SIZE)
    this.#open[level] = open
    return open
  }

  #edgeAt(level: number): Uint8Array {
    const hash = this.#edge[level] ?? new Uint8Array(HASH_SIZE)
    this.#edge[level] = hash
    return hash
  }
}

function misuse(message: string): CountersignError {
  return new CountersignError('ERR_USAGE', message)
}
