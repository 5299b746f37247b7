/**
 * Cuts a document into chunks. The same octets give the same chunks anywhere: nothing here asks a locale, a clock or the order of files.
 *
 * A chunk is a run of the text as it stands, blank lines around it left out; chunks do not overlap, and together they hold every character
 * that is not white space. A heading (`#` to `######`, Markdown alone, not within a fence) begins a new chunk and stays with what follows it.
 * Paragraphs are added while the chunk has at most `maxCharacters` UTF-16 units. What is longer by itself is cut behind a line, else
 * behind a space, else between two code points.
 * @module
 */
import { blocksOf } from './blocks.ts'

/** What is wanted of a chunk that is cut: less room than a quarter of a chunk is not worth half a paragraph. */
const LEAST_ROOM = 1 / 4

/** At the start: what a cut within a fence leaves there. */
const BLANK_LINES = /^(?:[^\S\n]*\n)+/

export interface TextChunk {
  readonly text: string
  /** The headings above it, outermost first: for search alone. */
  readonly headings: readonly string[]
}

export interface SplitOptions {
  readonly markdown: boolean
  readonly maxCharacters: number
}

interface Heading {
  readonly level: number
  readonly title: string
}

/** The chunk that is being filled. */
interface OpenChunk {
  readonly start: number
  end: number
  /** Whether it holds more than headings. */
  hasBody: boolean
}

/** The chunks of a document, in its order; none where it is blank. */
export function splitText(text: string, { markdown, maxCharacters }: SplitOptions): readonly TextChunk[] {
  const chunks: TextChunk[] = []
  let trail: readonly Heading[] = []
  let open: OpenChunk | undefined
  const close = (): void => {
    const cut = open === undefined ? '' : text.slice(open.start, open.end).trimEnd().replace(BLANK_LINES, '')
    if (cut !== '') chunks.push({ text: cut, headings: trail.map(({ title }) => title) })
    open = undefined
  }
  const extend = (start: number, end: number, isBody: boolean): void => {
    open = { start: open?.start ?? start, end, hasBody: isBody || (open?.hasBody ?? false) }
  }
  for (const { start, end, heading } of blocksOf(text, markdown)) {
    if (heading !== undefined) {
      if (open?.hasBody) close()
      trail = [...trail.filter(({ level }) => level < heading.level), heading]
    }
    let at = start
    while (at < end) {
      const limit: number = (open?.start ?? at) + maxCharacters
      const fitsAlone = open?.hasBody && end - at <= maxCharacters
      if (end <= limit) {
        extend(at, end, heading === undefined)
        break
      }
      if (open !== undefined && (fitsAlone || limit - at < maxCharacters * LEAST_ROOM)) {
        close()
        continue
      }
      const cut = cutBefore(text, at, limit)
      extend(at, cut.end, true)
      close()
      at = cut.next
    }
  }
  close()
  return chunks
}

/** Where a piece of at most `limit - start` units ends, and where the next one begins: never within a code point. */
function cutBefore(text: string, start: number, limit: number): { readonly end: number; readonly next: number } {
  for (const mark of ['\n', ' '] as const) {
    for (let at = limit; at > start; at--) if (text[at] === mark) return { end: at, next: at + 1 }
  }
  const isSplitPair = isHighSurrogate(text.charCodeAt(limit - 1))
  const end = isSplitPair && limit - 1 > start ? limit - 1 : limit
  return { end, next: end }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}
