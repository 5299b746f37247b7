/** Reads and judges the vectors under attestation-fixtures/nitro. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeJson, isJsonObject, type JsonObject } from '../../../src/core/encoding/json.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import {
  createNitroRoots,
  decodeNitroMeasurements,
  decodeNitroPolicy,
  type ExpectedField,
  type NitroAttestation,
  type NitroExpectations,
  type NitroMeasurements,
  type NitroPolicy,
  verifyNitroDocument,
} from '../../../src/core/nitro/index.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { readBasePolicy, VECTOR_CODES, vectorNames } from '../../kit/vectors.ts'

const FOLDER = join('attestation-fixtures', 'nitro')

export interface NitroFixture {
  readonly name: string
  readonly row: string
  readonly title: string
  readonly document: Uint8Array
  readonly policy: NitroPolicy
  readonly expectations: NitroExpectations
  /** The code of the first failure; undefined for a good vector. */
  readonly code: string | undefined
}

/** The policy of every good vector. */
export const basePolicy = (): JsonObject => readBasePolicy(FOLDER)

export const fixtureNames = (): readonly string[] => vectorNames(FOLDER)

export function readFixture(name: string): NitroFixture {
  const file = (part: string): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, name, part)))
  const vector = new ObjectReader(decodeJson(file('vector.json')), name, VECTOR_CODES)
  if (vector.string('name') !== name) throw new Error(`${name}/vector.json names another vector`)
  const policy = vector.object('policy')
  policy.oneOf('base', ['policy.json'])
  const changes = policy.value('changes')
  if (!isJsonObject(changes)) throw new TypeError(`${name}: policy.changes is not an object`)
  const expected = vector.object('expect')
  const fixture = {
    name,
    row: vector.string('row'),
    title: vector.string('title'),
    document: file('document.cbor'),
    policy: decodeNitroPolicy({ ...basePolicy(), ...changes }),
    expectations: {
      at: new Date(vector.string('at')),
      userData: fieldOf(vector.string('userData')),
      nonce: fieldOf(vector.string('nonce')),
      publicKey: fieldOf(vector.string('publicKey')),
      measurements: vector.unlessUnchecked('measurements', () => rowsOf(vector, 'measurements')),
      roots: createNitroRoots({ roots: 'built-in', simulated: vector.strings('simulatedRoots') }),
    },
    code: expected.boolean('ok') ? undefined : expected.string('code'),
  }
  for (const reader of [vector, policy, expected]) reader.end()
  return fixture
}

function fieldOf(text: string): ExpectedField {
  return text === 'absent' || text === 'unchecked' ? text : decodeHex(text.replace(/^hex:/, ''))
}

function rowsOf(reader: ObjectReader, key: string): readonly NitroMeasurements[] {
  return reader.array(key).map((row) => decodeNitroMeasurements(new ObjectReader(row, key, VECTOR_CODES)))
}

export function judgeFixture(
  fixture: NitroFixture,
  changes: Partial<NitroFixture> = {},
): Promise<Verdict<NitroAttestation>> {
  const { document, policy, expectations } = { ...fixture, ...changes }
  return verifyNitroDocument({ document }, policy, expectations)
}
