/**
 * C2SP tlog-tiles (c2sp.org/tlog-tiles): names of tiles, which tiles a tree has, and bundles of entries.
 *
 * ```
 * tile/<L>/<N>[.p/<W>]         L level 0..63, N index as x001/x234/067, W width of a partial tile 1..255
 * tile/entries/<N>[.p/<W>]     entries, each behind its length as u16be
 * ```
 * @module
 */
import { CountersignError, MalformedError } from '../../errors.ts'
import { concatBytes } from '../encoding/bytes.ts'
import { Reader } from '../encoding/reader.ts'

/** Hashes (or entries) of a full tile. */
export const TILE_WIDTH = 256

export interface Tile {
  /** Level of a hash tile, or the bundles of entries. */
  readonly level: number | 'entries'
  /** Zero-based from the left. */
  readonly index: number
  /** 1 to 256; 256 is a full tile. */
  readonly width: number
}

/** The path below the prefix of the log. */
export function encodeTilePath({ level, index, width }: Tile): string {
  const partial = width === TILE_WIDTH ? '' : `.p/${width}`
  return `tile/${level}/${encodeIndex(index)}${partial}`
}

function encodeIndex(index: number): string {
  let text = digits(index % 1000)
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    text = `x${digits(rest % 1000)}/${text}`
  return text
}

function digits(value: number): string {
  return value.toString().padStart(3, '0')
}

const TILE_PATH = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/

/**
 * The path comes from a URL, so from anyone: only the one spelling of a tile passes, which leaves no room for `..` or a second name.
 * @throws MalformedError PARSE_INVALID
 */
export function decodeTilePath(path: string): Tile {
  const [, level, index, width] = path.length > 64 ? [] : (TILE_PATH.exec(path) ?? [])
  if (level === undefined || index === undefined) throw malformed('not the path of a tile')
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index: Number(index.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  }
  const inRange =
    (tile.level === 'entries' || tile.level <= 63) && Number.isSafeInteger(tile.index) && tile.width <= TILE_WIDTH
  if (!inRange || tile.width === 0 || encodeTilePath(tile) !== path) throw malformed('not the one path of a tile')
  return tile
}

/**
 * The tiles of a tree of `size` leaves that a tree of `from` leaves did not have, level by level, bundles of entries first:
 * full ones once, and the last, partial one of each level.
 */
export function tilesOf(size: number, from = 0): readonly Tile[] {
  const tiles = [...tilesOfLevel('entries', from, size)]
  for (let level = 0, span = 1; span <= size; level++, span *= TILE_WIDTH)
    tiles.push(...tilesOfLevel(level, Math.floor(from / span), Math.floor(size / span)))
  return tiles
}

function* tilesOfLevel(level: Tile['level'], from: number, count: number): Generator<Tile> {
  if (from >= count) return
  const full = Math.floor(count / TILE_WIDTH)
  for (let index = Math.floor(from / TILE_WIDTH); index < full; index++) yield { level, index, width: TILE_WIDTH }
  if (count % TILE_WIDTH > 0) yield { level, index: full, width: count % TILE_WIDTH }
}

/** Entries behind their lengths. */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > TILE_WIDTH) throw new CountersignError('ERR_USAGE', `a bundle has at most ${TILE_WIDTH} entries`)
  return concatBytes(...entries.flatMap((entry) => [lengthPrefix(entry), entry]))
}

function lengthPrefix({ length }: Uint8Array): Uint8Array {
  if (length > 0xffff) throw new CountersignError('ERR_USAGE', 'a log entry has at most 65535 octets')
  return Uint8Array.of(length >> 8, length & 0xff)
}

/** @throws MalformedError EVIDENCE_TRUNCATED, PARSE_LENGTH (more than a full tile) */
export function decodeEntryBundle(bytes: Uint8Array): readonly Uint8Array[] {
  const r = new Reader(bytes)
  const entries: Uint8Array[] = []
  while (r.remaining > 0) {
    if (entries.length === TILE_WIDTH) throw new MalformedError('PARSE_LENGTH', 'more entries than a tile is wide')
    entries.push(r.bytes('entry', r.u16be('length of an entry')))
  }
  return entries
}

function malformed(message: string): MalformedError {
  return new MalformedError('PARSE_INVALID', message)
}
