/** One line of a comparison: what it is about, and whether it changed. A row says what two receipts say, never what is true. @module */
import { DEPENDENCY_ROLES, type DependencyRole } from '../receipt/disclosed.ts'

export type RowGroup =
  | 'code'
  | 'platform'
  | 'configuration'
  | 'weights'
  | 'model'
  | 'engine'
  | DependencyRole
  | 'transforms'
  | 'upstream'
  | 'channel'
  | 'outcome'
  | 'request'
  | 'response'
  | 'exchange'

/** What rows are about, in the order in which they are shown. */
export const ROW_GROUPS: readonly RowGroup[] = [
  'code',
  'platform',
  'configuration',
  'weights',
  'model',
  'engine',
  ...DEPENDENCY_ROLES,
  'transforms',
  'upstream',
  'channel',
  'outcome',
  'request',
  'response',
  'exchange',
]

/** `unknown`: it may have changed or not, and `reason` says why that cannot be told. */
export type RowState = 'changed' | 'same' | 'added' | 'removed' | 'unknown'

export interface Row {
  readonly group: RowGroup
  readonly name: string
  readonly state: RowState
  /** What A and B say; absent where they say nothing. */
  readonly before?: string
  readonly after?: string
  /** Of `unknown`. */
  readonly reason?: string
}

/** What A and B say of one thing. */
export interface Values {
  readonly before: string | undefined
  readonly after: string | undefined
}

/** One row by its values: equal text is the same thing. */
export function compareValues(group: RowGroup, name: string, { before, after }: Values): Row {
  const values = { ...(before !== undefined && { before }), ...(after !== undefined && { after }) }
  if (before === after) return { group, name, state: 'same', ...values }
  if (before === undefined) return { group, name, state: 'added', ...values }
  if (after === undefined) return { group, name, state: 'removed', ...values }
  return { group, name, state: 'changed', ...values }
}

/** A row that cannot be told. */
export function unknownRow(group: RowGroup, name: string, reason: string): Row {
  return { group, name, state: 'unknown', reason }
}

/** Where something is not at hand, in words. @param present whether A and B have it */
export function absentFrom(what: string, present: { readonly a: boolean; readonly b: boolean }): string {
  return `${what} in ${present.a ? 'B' : present.b ? 'A' : 'both'}`
}

/** What a whole comparison comes to. */
export type DiffOutcome = 'changed' | 'unknown' | 'same'

/** One change decides; else one row that cannot be told. */
export function outcomeOf(rows: readonly Row[]): DiffOutcome {
  if (rows.some(isChange)) return 'changed'
  return rows.some(({ state }) => state === 'unknown') ? 'unknown' : 'same'
}

/** Whether a row shows a difference. */
export function isChange({ state }: Row): boolean {
  return state === 'changed' || state === 'added' || state === 'removed'
}
