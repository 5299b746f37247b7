/** Reads and judges the vectors under attestation-fixtures/log. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeBase64 } from '../../../src/core/encoding/base64.ts'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeJson } from '../../../src/core/encoding/json.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import {
  assertInclusion,
  decodeCheckpoint,
  hashLeaf,
  type InclusionClaim,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/core/log/index.ts'
import { judge, type Verdict } from '../../../src/core/verdict.ts'

const FOLDER = join('attestation-fixtures', 'log')
const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const

export function fixtureNames(): readonly string[] {
  return readdirSync(FOLDER).sort()
}

export function readVector(name: string): ObjectReader {
  return new ObjectReader(decodeJson(readFileSync(join(FOLDER, name, 'vector.json'))), name, CODES)
}

export function judgeVector(vector: ObjectReader): Promise<Verdict<object>> {
  switch (vector.oneOf('kind', ['inclusion', 'consistency', 'leaf'])) {
    case 'inclusion':
      return verifyInclusion({
        proof: vector.string('proof'),
        entry: decodeHex(vector.string('entry')),
        vkey: vector.string('vkey'),
        origin: vector.string('origin'),
      })
    case 'consistency': {
      const older = decodeCheckpoint(vector.string('older'))
      const newer = decodeCheckpoint(vector.string('newer'))
      return verifyConsistency(older, newer, vector.strings('proof').map(decodeBase64))
    }
    case 'leaf':
      return judge(['inclusion'] as const, async (check) => {
        const { claim, root } = leafClaim(vector, hashLeaf(decodeHex(vector.string('entry'))))
        check.decode('inclusion', () => assertInclusion(claim, root))
        return claim
      })
  }
}

export function leafClaim(
  vector: ObjectReader,
  leafHash: Uint8Array,
): { readonly claim: InclusionClaim; readonly root: Uint8Array } {
  const proof = vector.strings('proof').map(decodeBase64)
  const claim = { leafHash, index: vector.integer('index'), size: vector.integer('size'), proof }
  return { claim, root: decodeBase64(vector.string('root')) }
}
