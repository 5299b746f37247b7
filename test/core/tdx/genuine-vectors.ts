/** Reads genuine TDX vectors and the collateral that was captured for them. None of them is part of this repository. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeJson, isJsonObject, type JsonObject, type JsonValue } from '../../../src/core/encoding/json.ts'
import { decodePem } from '../../../src/core/encoding/pem.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import {
  decodeTdxPolicy,
  type SignedDocument,
  type TdxCollateral,
  type TdxPolicy,
} from '../../../src/core/tdx/index.ts'
import { TDX_POLICY } from '../../kit/permissive-policies.ts'

export const FOLDER = join('..', 'shared', 'vectors', 'tdx')
export const here = existsSync(FOLDER)
export const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const

/** The open policy with changes. */
export function openPolicy(changes: JsonObject = {}): TdxPolicy {
  return decodeTdxPolicy({ ...TDX_POLICY, ...changes })
}

export interface Evaluation {
  readonly set: string
  readonly at: Date
  readonly verdict: string
  readonly tcbStatus: string
  readonly advisoryIds: readonly string[]
}

export interface GenuineVector {
  readonly name: string
  readonly generation: string
  readonly derived: boolean
  readonly quote: Uint8Array
  readonly at: Date
  readonly verdict: string
  readonly reason: string
  readonly evaluations: readonly Evaluation[]
  /** `expected` as it stands, for what only some vectors have. */
  readonly expected: JsonObject
}

export function vectorNames(): readonly string[] {
  return here ? readdirSync(FOLDER) : []
}

export function readVector(name: string): GenuineVector {
  const json = decodeJson(readFileSync(join(FOLDER, name, 'vector.json')), { numbers: 'any' })
  const vector = new ObjectReader(json, name, CODES)
  const expected = vector.object('expected')
  return {
    name,
    generation: vector.string('generation'),
    derived: vector.has('derived'),
    quote: new Uint8Array(readFileSync(join(FOLDER, name, 'quote.bin'))),
    at: new Date(expected.string('at')),
    verdict: expected.string('verdict'),
    reason: expected.string('reason'),
    evaluations: expected.has('evaluations') ? expected.array('evaluations').map(readEvaluation) : [],
    expected: objectOf(vector.value('expected')),
  }
}

function readEvaluation(item: JsonValue): Evaluation {
  const reader = new ObjectReader(item, 'evaluation', CODES)
  return {
    set: reader.string('collateral'),
    at: new Date(reader.string('at')),
    verdict: reader.string('verdict'),
    tcbStatus: reader.string('tcb_status'),
    advisoryIds: reader.value('advisory_ids') === null ? [] : reader.strings('advisory_ids'),
  }
}

function objectOf(value: JsonValue): JsonObject {
  if (!isJsonObject(value)) throw new TypeError('not an object')
  return value
}

/** @param set path from the folder of a vector */
export function readCollateral(set: string): TdxCollateral {
  const file = (part: string): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, 'any', set, part)))
  const text = (part: string): string => readFileSync(join(FOLDER, 'any', set, part), 'utf8')
  const signed = (part: string): SignedDocument => ({
    body: file(`${part}.json`),
    signature: decodeHex(text(`${part}.sig.hex`).trim()),
    issuerChain: decodePem(text(`${part}_issuer_chain.pem`), 'CERTIFICATE'),
  })
  return {
    tcbInfo: signed('tcb_info'),
    qeIdentity: signed('qe_identity'),
    pckCrl: file('pck_crl.der'),
    rootCaCrl: file('root_ca_crl.der'),
  }
}
