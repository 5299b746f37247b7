/** Reads and judges the vectors under attestation-fixtures/challenge. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Archive, decodeArchive } from '../../../src/core/archive/index.ts'
import { decodeBase64Url } from '../../../src/core/encoding/base64.ts'
import {
  type Attestation,
  challengeAnchor,
  type TimeAnchor,
  verifyAttestation,
} from '../../../src/core/evidence/attestation.ts'
import { decodeLock, type Lock } from '../../../src/core/lock.ts'
import { decodePolicy, type Policy } from '../../../src/core/policy.ts'
import type { Verdict } from '../../../src/core/verdict.ts'

const FOLDER = join('attestation-fixtures', 'challenge')

export interface ChallengeFixture {
  readonly name: string
  readonly row: string
  readonly title: string
  readonly at: Date
  readonly archive: Archive
  readonly trust: { readonly policy: Policy; readonly lock: Lock }
  readonly anchor: TimeAnchor
  readonly expect: { readonly ok: true } | { readonly ok: false; readonly code: string }
}

export function fixtureNames(): readonly string[] {
  return readdirSync(FOLDER)
}

export function readFixture(name: string): ChallengeFixture {
  const vector = JSON.parse(readFileSync(join(FOLDER, name, 'vector.json'), 'utf8'))
  const archive = decodeArchive(new Uint8Array(readFileSync(join(FOLDER, name, 'archive.cmw.json'))))
  const trust = { policy: decodePolicy(JSON.stringify(vector.policy)), lock: decodeLock(JSON.stringify(vector.lock)) }
  const at = new Date(vector.at)
  const anchor = challengeAnchor({
    nonce: decodeBase64Url(vector.nonce),
    noncedAt: new Date(vector.noncedAt),
    at,
    proof: archive.proof,
  })
  const { row, title, expect } = vector
  return { name, row, title, at, archive, trust, anchor, expect }
}

export function judgeFixture({ archive, trust, anchor }: ChallengeFixture): Promise<Verdict<Attestation>> {
  return verifyAttestation(archive, trust, anchor)
}
