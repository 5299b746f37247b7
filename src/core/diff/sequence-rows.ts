/** Two lists of descriptors, compared in order: what stayed, what was edited, added, taken out or moved. @module */
import type { ResourceDescriptor } from '../evidence/resource-descriptor.ts'
import { compareValues, type Row, type RowGroup } from './row.ts'

export interface Entry {
  readonly name: string
  /** What is said of it: entries of equal name and text are equal. */
  readonly text: string
  /** From 1. */
  readonly place: number
}

interface Pair {
  readonly before?: Entry
  readonly after?: Entry
}

/** What stands on both sides, or on one of them. */
export interface PlacedPair extends Pair {
  /** It is equal on both sides and stands in another order. */
  readonly isMoved: boolean
}

/** What a row says of a descriptor, without its name. */
export function formatDescriptor({ digest, uri, mediaType, annotations }: ResourceDescriptor): string {
  const { scheme, source } = annotations
  return [
    `sha256:${digest.sha256}`,
    ...(uri === undefined ? [] : [uri]),
    ...(mediaType === undefined ? [] : [mediaType]),
  ]
    .join(' ')
    .concat(` (${scheme}, ${source})`)
}

function entriesOf(list: readonly ResourceDescriptor[]): readonly Entry[] {
  return list.map((descriptor, i) => ({ name: descriptor.name, text: formatDescriptor(descriptor), place: i + 1 }))
}

function isEqual(a: Entry, b: Entry): boolean {
  return a.name === b.name && a.text === b.text
}

/** Length of the longest common subsequence of the ends of two lists, from each pair of places on. */
function commonLengths(before: readonly Entry[], after: readonly Entry[]): readonly (readonly number[])[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0))
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--) {
      const [row, below, a, b] = [lengths[i], lengths[i + 1], before[i], after[j]]
      if (row === undefined || below === undefined || a === undefined || b === undefined) continue
      row[j] = isEqual(a, b) ? 1 + (below[j + 1] ?? 0) : Math.max(below[j] ?? 0, row[j + 1] ?? 0)
    }
  return lengths
}

/** What stands on both sides in the same order. */
function commonPairs(before: readonly Entry[], after: readonly Entry[]): readonly Required<Pair>[] {
  const lengths = commonLengths(before, after)
  const pairs: Required<Pair>[] = []
  for (let i = 0, j = 0; ; ) {
    const [a, b] = [before[i], after[j]]
    if (a === undefined || b === undefined) return pairs
    if (isEqual(a, b)) {
      pairs.push({ before: a, after: b })
      i++
      j++
    } else if ((lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0)) i++
    else j++
  }
}

/** Pairs what is left by a likeness, in order; what has none stays left. */
function pairLeft(
  left: { readonly before: readonly Entry[]; readonly after: readonly Entry[] },
  isLike: (a: Entry, b: Entry) => boolean,
): { readonly pairs: readonly Required<Pair>[]; readonly before: readonly Entry[]; readonly after: readonly Entry[] } {
  const after = [...left.after]
  const pairs: Required<Pair>[] = []
  const before = left.before.filter((a) => {
    const at = after.findIndex((b) => isLike(a, b))
    const [b] = at < 0 ? [] : after.splice(at, 1)
    if (b !== undefined) pairs.push({ before: a, after: b })
    return b === undefined
  })
  return { pairs, before, after }
}

/** By what they are and where they stand, in the order of the later list. */
export function pairEntries(before: readonly Entry[], after: readonly Entry[]): readonly PlacedPair[] {
  const common = commonPairs(before, after)
  const kept = new Set<Entry>(common.flatMap((pair) => [pair.before, pair.after]))
  const left = { before: before.filter((entry) => !kept.has(entry)), after: after.filter((entry) => !kept.has(entry)) }
  const moved = pairLeft(left, isEqual)
  const edited = pairLeft(moved, (a, b) => a.name === b.name)
  const pairs: readonly PlacedPair[] = [
    ...common.map((pair) => ({ ...pair, isMoved: false })),
    ...moved.pairs.map((pair) => ({ ...pair, isMoved: true })),
    ...edited.pairs.map((pair) => ({ ...pair, isMoved: false })),
    ...edited.before.map((entry) => ({ before: entry, isMoved: false })),
    ...edited.after.map((entry) => ({ after: entry, isMoved: false })),
  ]
  const placeOf = (pair: Pair): number => pair.after?.place ?? pair.before?.place ?? 0
  return [...pairs].sort((a, b) => placeOf(a) - placeOf(b))
}

function rowOf(group: RowGroup, { before, after, isMoved }: PlacedPair): Row {
  const show = (entry: Entry | undefined): string | undefined =>
    entry && (isMoved ? `place ${entry.place}, ${entry.text}` : entry.text)
  return compareValues(group, after?.name ?? before?.name ?? '', { before: show(before), after: show(after) })
}

/** Entries that are equal and stand in another order are changed too: a place is part of what a model was told. */
export function sequenceRows(
  group: RowGroup,
  before: readonly ResourceDescriptor[],
  after: readonly ResourceDescriptor[],
): readonly Row[] {
  return pairEntries(entriesOf(before), entriesOf(after)).map((pair) => rowOf(group, pair))
}

/** As {@link sequenceRows}; one thing on each side is one thing, whatever it is called: a template of another file name. */
export function descriptorRows(
  group: RowGroup,
  before: readonly ResourceDescriptor[],
  after: readonly ResourceDescriptor[],
): readonly Row[] {
  const [a, b] = [before[0], after[0]]
  if (before.length !== 1 || after.length !== 1 || a === undefined || b === undefined || a.name === b.name)
    return sequenceRows(group, before, after)
  const show = (descriptor: ResourceDescriptor): string => `${descriptor.name} ${formatDescriptor(descriptor)}`
  return [compareValues(group, b.name, { before: show(a), after: show(b) })]
}
