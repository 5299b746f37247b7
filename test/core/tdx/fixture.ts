/** Reads and judges the vectors under attestation-fixtures/tdx. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeJson, isJsonObject, type JsonObject } from '../../../src/core/encoding/json.ts'
import { decodePem } from '../../../src/core/encoding/pem.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import {
  createTdxRoots,
  decodeTdxPolicy,
  type SignedDocument,
  type TdxAttestation,
  type TdxCollateral,
  type TdxExpectations,
  type TdxMeasurements,
  type TdxPolicy,
  verifyTdxQuote,
} from '../../../src/core/tdx/index.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { readBasePolicy, VECTOR_CODES, vectorNames } from '../../kit/vectors.ts'

const FOLDER = join('attestation-fixtures', 'tdx')

export interface TdxFixture {
  readonly name: string
  readonly row: string
  readonly title: string
  readonly quote: Uint8Array
  readonly collateral: TdxCollateral
  readonly policy: TdxPolicy
  readonly expectations: TdxExpectations
  /** The code of the first failure; undefined for a good vector. */
  readonly code: string | undefined
}

/** The policy of every good vector. */
export const basePolicy = (): JsonObject => readBasePolicy(FOLDER)

export const fixtureNames = (): readonly string[] => vectorNames(FOLDER)

export function readFixture(name: string): TdxFixture {
  const vector = new ObjectReader(decodeJson(readBytes(join(name, 'vector.json'))), name, VECTOR_CODES)
  if (vector.string('name') !== name) throw new Error(`${name}/vector.json names another vector`)
  const read = openFiles(vector.object('files'), name)
  const expected = vector.object('expect')
  const fixture = {
    name,
    row: vector.string('row'),
    title: vector.string('title'),
    quote: read('quote.bin'),
    collateral: readCollateral(read),
    policy: decodeTdxPolicy(changed(vector.object('policy'))),
    expectations: readExpectations(new ObjectReader(changed(vector.object('expectations')), name, VECTOR_CODES)),
    code: expected.boolean('ok') ? undefined : expected.string('code'),
  }
  for (const reader of [vector, expected]) reader.end()
  return fixture
}

type ReadFile = (file: string) => Uint8Array

function readBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(FOLDER, path)))
}

/** A vector's own files, and those of the set that it takes the others from. */
function openFiles(files: ObjectReader, name: string): ReadFile {
  const base = files.oneOf('base', ['shared/platform', 'shared/processor'])
  const own = files.strings('own')
  files.end()
  return (file) => readBytes(join(own.includes(file) ? name : base, file))
}

/** A shared document of which the vector changes some keys. */
function changed(reader: ObjectReader): JsonObject {
  const base = decodeJson(readBytes(reader.oneOf('base', ['policy.json', 'expectations.json'])))
  const changes = reader.value('changes')
  reader.end()
  if (!isJsonObject(base) || !isJsonObject(changes)) throw new TypeError('not an object')
  return { ...base, ...changes }
}

function readExpectations(reader: ObjectReader): TdxExpectations {
  const expectations = {
    at: new Date(reader.string('at')),
    reportData: decodeHex(reader.string('reportData')),
    measurements: reader
      .array('measurements')
      .map((row) => readMeasurements(new ObjectReader(row, 'row', VECTOR_CODES))),
    roots: createTdxRoots({ roots: 'built-in', simulated: reader.strings('simulatedRoots') }),
  }
  reader.end()
  return expectations
}

function readCollateral(read: ReadFile): TdxCollateral {
  const document = (name: string): SignedDocument => ({
    body: read(`${name}.json`),
    signature: read(`${name}.sig`),
    issuerChain: decodeChain(new TextDecoder().decode(read(`${name}-issuers.pem`))),
  })
  return {
    tcbInfo: document('tcb-info'),
    qeIdentity: document('qe-identity'),
    pckCrl: read('pck-crl.der'),
    rootCaCrl: read('root-ca-crl.der'),
  }
}

/** An empty file is a chain of none. */
function decodeChain(text: string): readonly Uint8Array[] {
  return text === '' ? [] : decodePem(text, 'CERTIFICATE')
}

function readMeasurements(reader: ObjectReader): TdxMeasurements {
  const row = {
    mrTd: reader.string('mrTd'),
    rtMr0: reader.string('rtMr0'),
    rtMr1: reader.string('rtMr1'),
    rtMr2: reader.string('rtMr2'),
  }
  reader.end()
  return row
}

export function judgeFixture(fixture: TdxFixture, changes: Partial<TdxFixture> = {}): Promise<Verdict<TdxAttestation>> {
  const { quote, collateral, policy, expectations } = { ...fixture, ...changes }
  return verifyTdxQuote({ quote }, collateral, policy, expectations)
}
