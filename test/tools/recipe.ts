/** What the recipes of every platform's vectors have in common: a row, a name, the behaviour, and how it ends. */
import type { FailureCode } from '../../src/core/failure-codes.ts'

export interface RecipeHead {
  /** Row of the table of checks. A part of a row, or what the specification alone asks for, is spelled so that it covers no row. */
  readonly row: string
  readonly name: string
  /** The behaviour, as a test's title. */
  readonly title: string
  readonly code: FailureCode | 'ok'
}

interface RecipeMakers<Changes> {
  accepts(row: string, name: string, what: string, changes?: Partial<Changes>): RecipeHead & Changes
  /** Recipes of one row that all fail with one code: [name, what, changes]. */
  rejects(
    row: string,
    code: FailureCode,
    ...cases: readonly (readonly [name: string, what: string, changes: Changes])[]
  ): readonly (RecipeHead & Changes)[]
}

/** @param none changes nothing */
export function recipesOf<Changes extends object>(none: Changes): RecipeMakers<Changes> {
  return {
    accepts: (row, name, what, changes = {}) => ({
      row,
      name,
      title: `accepts ${what}`,
      code: 'ok',
      ...none,
      ...changes,
    }),
    rejects: (row, code, ...cases) =>
      cases.map(([name, what, changes]) => ({ row, name, title: `rejects ${what}`, code, ...changes })),
  }
}
