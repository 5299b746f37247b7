/** Rows of a comparison for people: changes first, then what cannot be told, then how much stayed. @module */
import { isChange, type Row } from '../../core/diff/index.ts'
import { paint, printable } from '../output.ts'

const MARKS = { changed: '~', added: '+', removed: '-', same: ' ', unknown: '?' } as const
const COLOURS = { changed: '33', added: '32', removed: '31', same: '0', unknown: '36' } as const
/** Letters of one value: names and flags are as long as their sender likes. */
const MAX_VALUE = 240

/** Digests are for comparing by eye here; `--json` shows them whole. */
function shown(value: string): string {
  const short = printable(value).replace(/[0-9a-f]{40,}/g, (digits) => `${digits.slice(0, 16)}…`)
  return short.length <= MAX_VALUE ? short : `${short.slice(0, MAX_VALUE)}…`
}

/** Two values that read alike when shortened are shown whole: a difference must be seen. */
function valuesOf({ before, after }: Row): string {
  const [of, to] = [before, after].map((value) => (value === undefined ? undefined : shown(value)))
  if (before !== undefined && after !== undefined)
    return of === to ? `${printable(before)} → ${printable(after)}` : `${of} → ${to}`
  return of ?? to ?? ''
}

/** One line for each change. */
export function renderChanges(rows: readonly Row[], { colour, indent }: { colour: boolean; indent: string }): string {
  const changes = rows.filter(isChange)
  const names = changes.map((row) => [row.group, shown(row.name)] as const)
  const widths = [0, 1].map((column) => Math.min(32, Math.max(...names.map((name) => name[column]?.length ?? 0))))
  return changes
    .map((row, i) => {
      const [group = '', name = ''] = names[i] ?? []
      const mark = paint(MARKS[row.state], COLOURS[row.state], colour)
      return `${indent}${mark} ${group.padEnd(widths[0] ?? 0)}  ${name.padEnd(widths[1] ?? 0)}  ${valuesOf(row)}\n`
    })
    .join('')
}

/** One line for each reason, with all that it covers. */
function renderUnknown(rows: readonly Row[], colour: boolean): string {
  const reasons = new Map<string, string[]>()
  for (const { state, group, name, reason = '' } of rows) {
    if (state !== 'unknown') continue
    const what = name === 'any' ? group : `${group}: ${shown(name)}`
    reasons.set(reason, [...(reasons.get(reason) ?? []), what])
  }
  return [...reasons]
    .map(
      ([reason, things]) =>
        `  ${paint('?', COLOURS.unknown, colour)} ${printable(reason)}\n      ${things.join(', ')}\n`,
    )
    .join('')
}

export function renderRows(rows: readonly Row[], colour: boolean): string {
  const changes = renderChanges(rows, { colour, indent: '  ' })
  const unknown = renderUnknown(rows, colour)
  const same = rows.filter(({ state }) => state === 'same').length
  return [
    changes === ''
      ? unknown === ''
        ? 'Nothing changed.\n'
        : 'Nothing changed that can be told.\n'
      : `Changed\n${changes}`,
    unknown === '' ? '' : `\nCannot be told\n${unknown}`,
    `\n${same} of ${rows.length} stayed as they were.\n`,
  ].join('')
}
