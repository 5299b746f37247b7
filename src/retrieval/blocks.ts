/** The blocks of a text: headings, and runs of lines between blank ones. A fenced block of Markdown is not cut at its blank lines. @module */

export interface Block {
  /** Units of the text, from the start of the first line to the end of the last one, its line feed left out. */
  readonly start: number
  readonly end: number
  readonly heading?: { readonly level: number; readonly title: string }
}

interface Line {
  readonly start: number
  /** Without LF or CRLF. */
  readonly end: number
  readonly text: string
}

const HEADING = /^ {0,3}(#{1,6})(?:[ \t]|$)/
const FENCE = /^ {0,3}(`{3,}|~{3,})/

function* linesOf(text: string): Generator<Line> {
  // A byte order mark is no part of the first line: it would hide a heading.
  for (let start = text.startsWith('\ufeff') ? 1 : 0; start < text.length; ) {
    const feed = text.indexOf('\n', start)
    const stop = feed < 0 ? text.length : feed
    const end = stop > start && text[stop - 1] === '\r' ? stop - 1 : stop
    yield { start, end, text: text.slice(start, end) }
    start = stop + 1
  }
}

/** The blocks in order. Blank lines, and only they, are in none. */
export function* blocksOf(text: string, markdown: boolean): Generator<Block> {
  let open: { start: number; end: number } | undefined
  let fence: string | undefined
  for (const line of linesOf(text)) {
    const isBlank = line.text.trim() === ''
    const heading = markdown && fence === undefined ? HEADING.exec(line.text)?.[1] : undefined
    if (isBlank && fence !== undefined) continue
    if (open !== undefined && (isBlank || heading !== undefined)) {
      yield open
      open = undefined
    }
    if (heading !== undefined) {
      const title = line.text.trim().slice(heading.length).trim()
      yield { start: line.start, end: line.end, heading: { level: heading.length, title } }
    } else if (!isBlank) {
      open = { start: open?.start ?? line.start, end: line.end }
      if (markdown) fence = fenceAfter(line.text, fence)
    }
  }
  if (open !== undefined) yield open
}

/** The fence that is open behind a line: an open one is closed by at least as many of its letters, and nothing else on the line. */
function fenceAfter(line: string, open: string | undefined): string | undefined {
  const found = FENCE.exec(line)?.[1]
  if (open === undefined) return found
  const closes = found?.startsWith(open) && line.trim() === found
  return closes ? undefined : open
}
