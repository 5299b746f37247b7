/** What two answers relied on, role by role. @module */
import { DEPENDENCY_ROLES, type Dependencies, type DependencyRole } from '../receipt/disclosed.ts'
import type { Receipt } from '../receipt/receipt.ts'
import { absentFrom, compareValues, type Row, unknownRow } from './row.ts'
import { samplingRows } from './sampling-rows.ts'
import { descriptorRows, sequenceRows } from './sequence-rows.ts'

/** Things of which there are several: one in the place of another is another thing, not an edit of it. */
const SEVERAL: readonly DependencyRole[] = ['tool-call', 'retrieval-result']

function roleRows(role: DependencyRole, before: Dependencies, after: Dependencies): readonly Row[] {
  const [of, to] = [before[role], after[role]]
  if (of === 'none' && to === 'none') return [compareValues(role, 'any', { before: 'none', after: 'none' })]
  const [a, b] = [of === 'none' ? [] : of, to === 'none' ? [] : to]
  if (role === 'sampling-parameters') return samplingRows(a, b)
  return SEVERAL.includes(role) ? sequenceRows(role, a, b) : descriptorRows(role, a, b)
}

export function dependencyRows(a: Receipt, b: Receipt): readonly Row[] {
  const [before, after] = [a.disclosed.dependencies, b.disclosed.dependencies]
  if (before !== undefined && after !== undefined)
    return DEPENDENCY_ROLES.flatMap((role) => roleRows(role, before, after))
  const reason = absentFrom('dependencies withheld', { a: before !== undefined, b: after !== undefined })
  return DEPENDENCY_ROLES.map((role) => unknownRow(role, 'any', reason))
}
