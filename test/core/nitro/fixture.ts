import { join } from 'node:path'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import type { JsonObject } from '../../../src/core/encoding/json.ts'
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
import { openVector, readBasePolicy, type TableVector, VECTOR_CODES, vectorNames } from '../../kit/vectors.ts'

const FOLDER = join('attestation-fixtures', 'nitro')

export interface NitroFixture extends TableVector {
  readonly document: Uint8Array
  readonly policy: NitroPolicy
  readonly expectations: NitroExpectations
}

/** The policy of every good vector. */
export const basePolicy = (): JsonObject => readBasePolicy(FOLDER)

export const fixtureNames = (): readonly string[] => vectorNames(FOLDER)

export function readFixture(name: string): NitroFixture {
  const { vector, policy, head, file, end } = openVector(FOLDER, name)
  const fixture = {
    ...head,
    document: file('document.cbor'),
    policy: decodeNitroPolicy(policy),
    expectations: {
      at: new Date(vector.string('at')),
      userData: fieldOf(vector.string('userData')),
      nonce: fieldOf(vector.string('nonce')),
      publicKey: fieldOf(vector.string('publicKey')),
      measurements: vector.unlessUnchecked('measurements', () => rowsOf(vector, 'measurements')),
      roots: createNitroRoots({ roots: 'built-in', simulated: vector.strings('simulatedRoots') }),
    },
  }
  end()
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
