/** Comparisons of answers and of sessions. Pure; judges nothing. @module */
export { diffSides } from './diff.ts'
export { type DiffOutcome, isChange, outcomeOf, type Row, type RowGroup, type RowState } from './row.ts'
export { sessionRows } from './session-rows.ts'
export { archiveSide, type DiffSide, receiptSide } from './side.ts'
