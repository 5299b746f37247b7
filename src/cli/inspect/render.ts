/** How a structure looks on a terminal, and to machines. @module */
import { printable } from '../output.ts'
import type { Fault, Inspection, Item } from './item.ts'

/** Hex digits that are shown of one value: 64 bytes, the longest that people compare. */
const MAX_DIGITS = 128
const SHOWN_DIGITS = 32

interface Line {
  readonly offset: string
  readonly length: string
  readonly name: string
  readonly value: string
}

/** The first line says that nothing is verified. */
export function renderInspection({ title, items, fault }: Inspection): string {
  const lines = [{ offset: 'offset', length: 'bytes', name: 'part', value: '' }, ...linesOf(items, 0)]
  const placed = lines.some(({ length }, at) => at > 0 && length !== '')
  const width = (pick: (line: Line) => string): number =>
    lines.reduce((most, line) => Math.max(most, pick(line).length), 0)
  const offset = width((line) => line.offset)
  const length = width((line) => line.length)
  const name = Math.min(
    44,
    width((line) => line.name),
  )
  const rows = lines.map((line) => {
    const place = placed ? `${line.offset.padStart(offset)}  ${line.length.padStart(length)}  ` : ''
    return `  ${place}${line.name.padEnd(name)}  ${line.value}`.trimEnd()
  })
  return `not verified: ${printable(title)}\n${(placed ? rows : rows.slice(1)).join('\n')}\n${fault ? renderFault(fault) : ''}`
}

function renderFault({ code, message, field, offset }: Fault): string {
  const place =
    field === undefined || offset === undefined ? '' : `\n  the decoder stopped at ${hex(offset)}, with ${field}`
  return `malformed: ${code}: ${printable(message)}${place}\n`
}

function linesOf(items: readonly Item[], depth: number): readonly Line[] {
  return items.flatMap(({ name, offset, length, value, items: parts = [] }) => [
    {
      offset: offset === undefined ? '' : hex(offset),
      length: length === undefined ? '' : String(length),
      name: `${'  '.repeat(depth)}${printable(name)}`,
      value: value === undefined ? '' : printable(shorten(value)),
    },
    ...linesOf(parts, depth + 1),
  ])
}

function shorten(value: string): string {
  return value.replace(/[0-9a-f]{129,}/g, (digits) =>
    digits.length <= MAX_DIGITS ? digits : `${digits.slice(0, SHOWN_DIGITS)}… (${digits.length / 2} bytes)`,
  )
}

function hex(offset: number): string {
  return `0x${offset.toString(16).padStart(4, '0')}`
}

/** The tree, whole. */
export function inspectionJson({ title, items, more = {}, fault }: Inspection): string {
  const tree = { verified: false, note: 'not verified', ...more, title, structure: items, ...(fault && { fault }) }
  return `${JSON.stringify(tree)}\n`
}
