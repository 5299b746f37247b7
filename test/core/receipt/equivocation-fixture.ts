/** Reads and judges the vectors under attestation-fixtures/equivocation. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeEquivocation } from '../../../src/core/archive/index.ts'
import {
  type Equivocation,
  type EquivocationEvidence,
  type EquivocationKind,
  verifyEquivocation,
} from '../../../src/core/receipt/equivocation.ts'
import type { Verdict } from '../../../src/core/verdict.ts'

const FOLDER = join('attestation-fixtures', 'equivocation')

export interface PairFixture {
  readonly name: string
  readonly row: string
  readonly title: string
  /** The pair as a bundle. */
  readonly bytes: Uint8Array
  readonly evidence: EquivocationEvidence
  readonly expect:
    | { readonly ok: true; readonly kind: EquivocationKind }
    | { readonly ok: false; readonly code: string; readonly check: string }
}

export function fixtureNames(): readonly string[] {
  return readdirSync(FOLDER)
}

export function readFixture(name: string): PairFixture {
  const { row, title, expect } = JSON.parse(readFileSync(join(FOLDER, name, 'vector.json'), 'utf8'))
  const bytes = new Uint8Array(readFileSync(join(FOLDER, name, 'pair.cmw.json')))
  return { name, row, title, expect, bytes, evidence: decodeEquivocation(bytes) }
}

export function judgeFixture(
  { evidence }: PairFixture,
  changes: Partial<EquivocationEvidence> = {},
): Promise<Verdict<Equivocation>> {
  return verifyEquivocation({ ...evidence, ...changes })
}
