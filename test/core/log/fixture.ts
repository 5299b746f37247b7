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
  decodeWitnessPolicy,
  type Freshness,
  hashLeaf,
  type InclusionClaim,
  verifyConsistency,
  verifyFollowing,
  verifyForkProof,
  verifyInclusion,
  verifyWitnessedCheckpoint,
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
  switch (vector.oneOf('kind', ['inclusion', 'consistency', 'leaf', 'witnessed', 'following', 'fork'])) {
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
    case 'witnessed':
      return judgeWitnessed(vector)
    case 'following':
      return verifyFollowing(
        {
          previous: vector.string('previous'),
          next: vector.string('next'),
          proof: vector.strings('proof').map(decodeBase64),
          vkey: vector.string('vkey'),
          origin: vector.string('origin'),
        },
        vector.unlessUnchecked('freshness', () => readFreshness(vector.object('freshness'))),
      )
    case 'fork':
      return verifyForkProof(vector.string('proof'), vector.string('origin'))
    case 'leaf':
      return judge(['inclusion'] as const, async (check) => {
        const { claim, root } = leafClaim(vector, hashLeaf(decodeHex(vector.string('entry'))))
        check.decode('inclusion', () => assertInclusion(claim, root))
        return claim
      })
  }
}

async function judgeWitnessed(vector: ObjectReader): Promise<Verdict<object>> {
  const log = { vkey: vector.string('vkey'), origin: vector.string('origin') }
  const policy = decodeWitnessPolicy(vector.string('policy'))
  const verdict = await verifyWitnessedCheckpoint({ checkpoint: vector.string('checkpoint'), ...log }, policy)
  const due = verdict.ok ? vector.seconds('time') * 1000 : undefined
  if (verdict.ok && verdict.value.time.getTime() !== due)
    throw new Error(`${verdict.value.time.toISOString()} is another time than that of the vector`)
  return verdict
}

function readFreshness(vector: ObjectReader): Freshness {
  const date = (key: string): Date => new Date(vector.seconds(key) * 1000)
  return {
    provenTime: date('provenTime'),
    now: date('now'),
    maxStalenessSeconds: vector.integer('maxStalenessSeconds'),
    skewSeconds: vector.integer('skewSeconds'),
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
