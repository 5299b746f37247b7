/** What the tables of vectors have in common: a folder each, a verdict each, and exactly one reason for a bad one. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeJson, isJsonObject, type JsonObject } from '../../src/core/encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../../src/core/encoding/shape.ts'
import { failedCheck, type Verdict } from '../../src/core/verdict.ts'

export const VECTOR_CODES: ShapeCodes = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' }

/** Names of the vectors in a folder; `shared` holds what several are made of. */
export function vectorNames(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'shared')
    .map((entry) => entry.name)
}

/** policy.json of a folder, the policy of its good vectors. */
export function readBasePolicy(folder: string): JsonObject {
  const policy = decodeJson(readFileSync(join(folder, 'policy.json')))
  if (!isJsonObject(policy)) throw new TypeError('policy.json is not an object')
  return policy
}

/** A vector's folder, opened: what every platform's has alike is read, the rest is for its own reader. */
export interface OpenVector {
  readonly vector: ObjectReader
  /** policy.json of the folder with the vector's changes. */
  readonly policy: JsonObject
  readonly head: TableVector
  file(part: string): Uint8Array
  /** Refuses members that nobody read. */
  end(): void
}

export function openVector(folder: string, name: string): OpenVector {
  const file = (part: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name, part)))
  const vector = new ObjectReader(decodeJson(file('vector.json')), name, VECTOR_CODES)
  if (vector.string('name') !== name) throw new Error(`${name}/vector.json names another vector`)
  const policy = vector.object('policy')
  policy.oneOf('base', ['policy.json'])
  const changes = policy.value('changes')
  if (!isJsonObject(changes)) throw new TypeError(`${name}: policy.changes is not an object`)
  const expected = vector.object('expect')
  const code = expected.boolean('ok') ? undefined : expected.string('code')
  const head = { name, row: vector.string('row'), title: vector.string('title'), code }
  const end = (): void => {
    for (const reader of [vector, policy, expected]) reader.end()
  }
  return { vector, policy: { ...readBasePolicy(folder), ...changes }, head, file, end }
}

/** A vector as the table needs it. */
export interface TableVector {
  readonly name: string
  readonly row: string
  readonly title: string
  /** The code of the first failure; undefined for a good vector. */
  readonly code: string | undefined
}

/** One test for each vector, and one for the table. @param least a folder with fewer has lost some */
export function describeVectors<T extends TableVector>(
  folder: string,
  {
    fixtures,
    least,
    judge,
  }: { fixtures: readonly T[]; least: number; judge: (fixture: T) => Promise<Verdict<object>> },
): void {
  describe(folder, () => {
    it('holds vectors, each bad one with -fail behind its name', () => {
      expect(fixtures.length).toBeGreaterThan(least)
      for (const { name, code } of fixtures) expect([name, code !== undefined]).toEqual([name, name.endsWith('-fail')])
    })

    for (const fixture of fixtures) {
      it(`[${fixture.row}] ${fixture.title} (${fixture.name})`, async () => {
        const verdict = await judge(fixture)
        if (fixture.code === undefined) {
          expect(failedCheck(verdict.checks)).toBeUndefined()
          expect(verdict).toMatchObject({ ok: true, simulated: true })
          return
        }
        expect(verdict).toMatchObject({ ok: false, code: fixture.code })
        // Exactly one check fails, and it says why.
        const failed = verdict.checks.filter(({ status }) => status === 'fail')
        expect(failed.map(({ code }) => code)).toEqual([fixture.code])
        expect(failed[0]?.detail).not.toBe('')
      })
    }
  })
}
