/** Every vector under attestation-fixtures/measurement/nitro: its registers, or the code and the offset of what is wrong with it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeJson } from '../../../../src/core/encoding/json.ts'
import { ObjectReader } from '../../../../src/core/encoding/shape.ts'
import { createEifReader, type EifMeasured } from '../../../../src/core/measurement/eif/index.ts'
import { MalformedError } from '../../../../src/errors.ts'
import { VECTOR_CODES, vectorNames } from '../../../kit/vectors.ts'

const FOLDER = join('attestation-fixtures', 'measurement', 'nitro')
/** Pieces that no field of the format fits into evenly. */
const PIECE = 7

type Expectation =
  | { readonly ok: false; readonly code: string; readonly offset: number }
  | { readonly ok: true; readonly measured: object; readonly kinds: readonly unknown[] }

function readExpectation(expected: ObjectReader): Expectation {
  if (!expected.boolean('ok')) return { ok: false, code: expected.string('code'), offset: expected.integer('offset') }
  const pcr8 = expected.string('pcr8')
  const [pcr0, pcr1, pcr2] = [expected.string('pcr0'), expected.string('pcr1'), expected.string('pcr2')]
  return {
    ok: true,
    kinds: expected.array('sections'),
    measured: {
      measurements: { document: 'enclave', pcr0, pcr1, pcr2 },
      signature: pcr8 === 'none' ? pcr8 : { pcr8 },
      commandLine: expected.string('commandLine'),
    },
  }
}

function readVector(name: string) {
  const vector = new ObjectReader(decodeJson(readFileSync(join(FOLDER, name, 'vector.json'))), name, VECTOR_CODES)
  const expected = vector.object('expect')
  const fixture = {
    name: vector.string('name'),
    title: vector.string('title'),
    digest: vector.string('digest'),
    expectation: readExpectation(expected),
    image: new Uint8Array(readFileSync(join(FOLDER, name, 'image.eif'))),
  }
  for (const reader of [vector, expected]) reader.end()
  return fixture
}

async function read(image: Uint8Array, piece: number): Promise<EifMeasured | MalformedError> {
  const reader = createEifReader()
  try {
    for (let at = 0; at < image.length; at += piece) reader.push(image.subarray(at, at + piece))
    return await reader.finish()
  } catch (error) {
    if (error instanceof MalformedError) return error
    throw error
  }
}

describe(FOLDER, () => {
  const fixtures = vectorNames(FOLDER).map(readVector)

  it('holds vectors, each bad one with -fail behind its name', () => {
    expect(fixtures.length).toBeGreaterThan(70)
    for (const { name, expectation } of fixtures)
      expect([name, !expectation.ok]).toEqual([name, name.endsWith('-fail')])
  })

  for (const { name, title, image, digest, expectation } of fixtures) {
    it(`${title} (${name})`, async () => {
      const results = [await read(image, image.length || 1), await read(image, PIECE)]
      expect(results[1]).toEqual(results[0])
      const [result] = results
      if (!expectation.ok) {
        expect(result).toMatchObject({ failure: expectation.code })
        expect(result).toHaveProperty('message', expect.stringMatching(new RegExp(`\\bat ${expectation.offset}: .`)))
        return
      }
      expect(result).toMatchObject({ ...expectation.measured, digest, size: image.length })
      expect(result).toHaveProperty(
        'sections',
        expectation.kinds.map((kind) => expect.objectContaining({ kind })),
      )
    })
  }
})
