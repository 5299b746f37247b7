/** Sampling parameters, one by one where the name of their descriptor shows them. @module */
import type { ResourceDescriptor } from '../evidence/resource-descriptor.ts'
import { shownParameters } from '../receipt/parameters.ts'
import { compareValues, type Row, unknownRow } from './row.ts'
import { descriptorRows } from './sequence-rows.ts'

const GROUP = 'sampling-parameters'
const NAMED = /^[a-z][a-z0-9_]*$/

/** What a name shows: values, or only which parameters there are. */
type Parameters =
  | { readonly kind: 'values'; readonly values: ReadonlyMap<string, string> }
  | { readonly kind: 'names'; readonly names: readonly string[] }

function parametersOf({ name }: ResourceDescriptor): Parameters | undefined {
  const words = name.split(' ')
  if (words.every((word) => NAMED.test(word))) return { kind: 'names', names: words }
  const values = shownParameters(name)
  return values && { kind: 'values', values }
}

function sourceRow(before: ResourceDescriptor, after: ResourceDescriptor): Row {
  const show = ({ annotations }: ResourceDescriptor): string => `${annotations.source}, ${annotations.scheme}`
  return compareValues(GROUP, 'vouched for by', { before: show(before), after: show(after) })
}

type Both = readonly [ResourceDescriptor, ResourceDescriptor]

function valueRows(
  [before, after]: Both,
  a: ReadonlyMap<string, string>,
  b: ReadonlyMap<string, string>,
): readonly Row[] {
  const names = [...new Set([...a.keys(), ...b.keys()])]
  const rows = names.map((name) => compareValues(GROUP, name, { before: a.get(name), after: b.get(name) }))
  const shownAlike = rows.every(({ state }) => state === 'same')
  // Stop strings are shown by their count alone: the digest covers them.
  const hidden = { before: before.digest.sha256, after: after.digest.sha256 }
  const rest =
    shownAlike && hidden.before !== hidden.after ? [compareValues(GROUP, 'values that are not shown', hidden)] : []
  return [...rows, ...rest, sourceRow(before, after)]
}

function nameRows([before, after]: Both, a: readonly string[], b: readonly string[]): readonly Row[] {
  const shared = a.filter((name) => b.includes(name))
  const only = [
    ...a
      .filter((name) => !b.includes(name))
      .map((name) => compareValues(GROUP, name, { before: 'given', after: undefined })),
    ...b
      .filter((name) => !a.includes(name))
      .map((name) => compareValues(GROUP, name, { before: undefined, after: 'given' })),
  ]
  const digests = { before: `sha256:${before.digest.sha256}`, after: `sha256:${after.digest.sha256}` }
  const together = shared.join(', ')
  const source = sourceRow(before, after)
  if (only.length === 0) return [compareValues(GROUP, together, digests), source]
  if (shared.length === 0) return [...only, source]
  return [
    ...only,
    unknownRow(GROUP, together, 'one digest covers all parameters, and not all are on both sides'),
    source,
  ]
}

/** @param before empty where there are none */
export function samplingRows(
  before: readonly ResourceDescriptor[],
  after: readonly ResourceDescriptor[],
): readonly Row[] {
  const [a, b] = [before[0], after[0]]
  if (before.length !== 1 || after.length !== 1 || a === undefined || b === undefined)
    return descriptorRows(GROUP, before, after)
  const [of, to] = [parametersOf(a), parametersOf(b)]
  if (of?.kind === 'values' && to?.kind === 'values') return valueRows([a, b], of.values, to.values)
  if (of?.kind === 'names' && to?.kind === 'names') return nameRows([a, b], of.names, to.names)
  return descriptorRows(GROUP, before, after)
}
