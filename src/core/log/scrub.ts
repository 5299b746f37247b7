/**
 * Reads every tile and every bundle of a log and names each one that is not of the tree of its head. From the root downwards: a tile that
 * was verified says what must be below it. Of a bad tile the hashes are made again from what is below, so that one bad tile does not hide
 * or accuse the rest.
 * @module
 */
import { concatBytes, sameBytes } from '../encoding/bytes.ts'
import { type BundleContent, readBundle } from './corrupt-tile.ts'
import { type EdgeTile, edgeRoot, edgeTiles } from './edge.ts'
import { HASH_SIZE, hashLeaf, type TreeHead } from './merkle.ts'
import { TILE_WIDTH, type Tile } from './tile.ts'
import { completeRoot, hashAt } from './tile-hashes.ts'
import type { TileSource } from './tile-proofs.ts'

const MAX_DOUBTFUL = 8

/** Something stored that is not the tree's. */
export type CorruptPart =
  | {
      readonly what: 'entry'
      /** Of the leaf in the log. */
      readonly index: number
      /** The bundle that holds it. */
      readonly tile: Tile
      /** `unreadable`: it and all behind it in the bundle. */
      readonly fault: 'other' | 'unreadable'
    }
  /** `rewritten`: all below agrees with it, so that not the medium but somebody changed them together. */
  | { readonly what: 'tile'; readonly tile: Tile; readonly fault: 'other' | 'unreadable' | 'rewritten' }
  /** The whole right edge agrees with what is below it, and not with the head: rewritten, or the head of another tree. */
  | { readonly what: 'root' }

export interface TreeScrub {
  /** All that were read. */
  readonly leaves: number
  /** From the left. Where a tile is gone and a bundle below it is bad too, its good entries are named beside the bad ones. */
  readonly corrupt: readonly CorruptPart[]
}

type Hashes = readonly Uint8Array[]

/** What is known of the hashes of a tile. A place is undefined where it cannot be told which of two sources is bad. */
type Known = readonly (Uint8Array | undefined)[]

/** @param onProgress is told how many leaves were read so far */
export async function scrubTree(
  source: TileSource,
  head: TreeHead,
  onProgress: (leaves: number) => void = () => {},
): Promise<TreeScrub> {
  const scrub = new Scrub(source, onProgress)
  await scrub.tree(head)
  return { leaves: head.size, corrupt: scrub.corrupt }
}

class Scrub {
  readonly corrupt: CorruptPart[] = []
  readonly #source: TileSource
  readonly #onProgress: (leaves: number) => void
  #leaves = 0

  constructor(source: TileSource, onProgress: (leaves: number) => void) {
    this.#source = source
    this.#onProgress = onProgress
  }

  async tree({ size, root }: TreeHead): Promise<void> {
    const edge = edgeTiles(size)
    // The partial tiles lead to the root together, so that none of them can be judged alone.
    const isRight = (hashes: Hashes): boolean => sameBytes(edgeRoot(cut(hashes, edge).map((tile) => join(tile))), root)
    const known = await this.#settle(edge, isRight, { what: 'root' })
    // The highest tile of the edge spans the leftmost leaves.
    for (const [i, tile] of [...edge.entries()].reverse()) await this.#below(tile, known[i] ?? [])
  }

  async #below(tile: EdgeTile, known: Known): Promise<void> {
    if (tile.level === 0) return this.#bundle({ ...tile, level: 'entries' }, known)
    for (let i = 0; i < tile.width; i++) await this.#full(childOf(tile, i), known[i])
  }

  /** @param root of the tile, as the one above has it */
  async #full(tile: EdgeTile, root: Uint8Array | undefined): Promise<void> {
    const isRight = root && ((hashes: Hashes): boolean => sameBytes(completeRoot(join(hashes)), root))
    const [known = []] = await this.#settle([tile], isRight, { what: 'tile', tile, fault: 'rewritten' })
    await this.#below(tile, known)
  }

  /**
   * What is known of tiles that are right or not together, their bad ones reported.
   * @param rewritten is reported where they are not right, and agree with what is below
   */
  async #settle(
    tiles: readonly EdgeTile[],
    isRight: ((hashes: Hashes) => boolean) | undefined,
    rewritten: CorruptPart,
  ): Promise<readonly Known[]> {
    const stored = await Promise.all(tiles.map((tile) => this.#stored(tile)))
    const whole = stored.flat().filter((hash) => hash !== undefined)
    if (whole.length === stored.flat().length && isRight?.(whole)) return stored
    const derived = await Promise.all(tiles.map((tile) => this.#derived(tile)))
    const truth = isRight && mend(stored.flat(), derived.flat(), isRight)
    const due = truth ? cut(truth, tiles) : derived
    const bad = tiles.filter((_, i) => !agree(stored[i] ?? [], due[i] ?? []))
    for (const tile of bad.toReversed()) this.#report(tile, stored[tiles.indexOf(tile)] ?? [])
    if (bad.length === 0 && isRight) this.corrupt.push(rewritten)
    return truth ? due : stored.map((known, i) => common(known, derived[i] ?? []))
  }

  async #bundle(tile: Tile, known: Known): Promise<void> {
    const { entries, whole } = await this.#entries(tile)
    const first = tile.index * TILE_WIDTH
    entries.forEach((entry, i) => {
      const hash = known[i]
      if (hash === undefined || !sameBytes(hashLeaf(entry), hash))
        this.corrupt.push({ what: 'entry', index: first + i, tile, fault: 'other' })
    })
    const unread = first + Math.min(entries.length, tile.width - 1)
    if (!whole) this.corrupt.push({ what: 'entry', index: unread, tile, fault: 'unreadable' })
    this.#leaves += tile.width
    this.#onProgress(this.#leaves)
  }

  /** The hashes of a tile as they are kept; all unknown where there is no tile of that length. */
  async #stored({ level, index, width }: Tile): Promise<Known> {
    const bytes = await this.#read({ level, index, width })
    if (bytes?.length !== width * HASH_SIZE) return unknown(width)
    const hashes = new Uint8Array(bytes)
    return Array.from({ length: width }, (_, i) => hashAt(hashes, i))
  }

  /** The hashes of a tile as what is below gives them. */
  async #derived(tile: EdgeTile): Promise<Known> {
    if (tile.level === 0) {
      const { entries } = await this.#entries({ ...tile, level: 'entries' })
      return [...entries.map(hashLeaf), ...unknown(tile.width - entries.length)]
    }
    const hashes: (Uint8Array | undefined)[] = []
    for (let i = 0; i < tile.width; i++) hashes.push(rootOf(await this.#stored(childOf(tile, i))))
    return hashes
  }

  async #entries(tile: Tile): Promise<BundleContent> {
    const bytes = await this.#read(tile)
    return bytes === undefined ? { entries: [], whole: false } : readBundle(bytes, tile.width)
  }

  /** What cannot be read is as bad as what is wrong: the report says which, and the next one is read. */
  #read(tile: Tile): Promise<Uint8Array | undefined> {
    return this.#source.read(tile).catch(() => undefined)
  }

  #report({ level, index, width }: Tile, stored: Known): void {
    const fault = stored.includes(undefined) ? 'unreadable' : 'other'
    this.corrupt.push({ what: 'tile', tile: { level, index, width }, fault })
  }
}

function childOf({ level, index }: EdgeTile, place: number): EdgeTile {
  return { level: level - 1, index: index * TILE_WIDTH + place, width: TILE_WIDTH }
}

function unknown(count: number): Known {
  return Array.from({ length: count }, () => undefined)
}

function rootOf(known: Known): Uint8Array | undefined {
  const hashes = known.filter((hash) => hash !== undefined)
  return hashes.length === known.length ? completeRoot(join(hashes)) : undefined
}

function join(hashes: Hashes): Uint8Array {
  return concatBytes(...hashes)
}

/** The hashes of several tiles, tile by tile. */
function cut(hashes: Hashes, tiles: readonly Tile[]): readonly Hashes[] {
  let at = 0
  return tiles.map(({ width }) => {
    at += width
    return hashes.slice(at - width, at)
  })
}

/**
 * The mixture of both that is right. Where both are known and differ, either may be bad; more than a few such places are damage of
 * another kind, and each doubles the work.
 */
function mend(stored: Known, derived: Known, isRight: (hashes: Hashes) => boolean): Hashes | undefined {
  const doubtful = common(stored, derived).flatMap((hash, i) => (hash || !stored[i] || !derived[i] ? [] : [i]))
  const choices = doubtful.length > MAX_DOUBTFUL ? [0, 2 ** MAX_DOUBTFUL - 1] : [...Array(2 ** doubtful.length).keys()]
  for (const choice of choices) {
    const mixed = stored.map((hash, i) => {
      const bit = Math.min(doubtful.indexOf(i), MAX_DOUBTFUL - 1)
      return bit >= 0 && (choice >> bit) % 2 === 1 ? derived[i] : (hash ?? derived[i])
    })
    const hashes = mixed.filter((hash) => hash !== undefined)
    if (hashes.length === mixed.length && isRight(hashes)) return hashes
  }
  return undefined
}

function common(stored: Known, derived: Known): Known {
  return stored.map((hash, i) => {
    const other = derived[i]
    return hash && other && sameBytes(hash, other) ? hash : undefined
  })
}

function agree(stored: Known, derived: Known): boolean {
  return !common(stored, derived).includes(undefined)
}
