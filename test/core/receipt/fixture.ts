/** Reads and judges the vectors under attestation-fixtures/answer. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { decodeBase64, decodeBase64Url } from '../../../src/core/encoding/base64.ts'
import type { Trust } from '../../../src/core/evidence/attestation.ts'
import { decodeLock } from '../../../src/core/lock.ts'
import { decodePolicy, type Grade } from '../../../src/core/policy.ts'
import {
  type AnswerEvidence,
  type AnswerTime,
  type VerifiedAnswer,
  verifyAnswer,
} from '../../../src/core/receipt/answer.ts'
import { EventStreamDigest } from '../../../src/core/receipt/event-stream.ts'
import { type HeldExchange, type HeldOctets, holdOctets } from '../../../src/core/receipt/verify.ts'
import type { Verdict } from '../../../src/core/verdict.ts'

const FOLDER = join('attestation-fixtures', 'answer')

export interface AnswerFixture {
  readonly name: string
  readonly row: string
  readonly title: string
  readonly evidence: AnswerEvidence
  readonly held: HeldExchange
  readonly trust: Trust
  readonly time: AnswerTime
  readonly expect:
    | { readonly ok: true; readonly grade: Grade; readonly time?: { readonly source: string; readonly at: string } }
    | { readonly ok: false; readonly code: string }
}

export function fixtureNames(): readonly string[] {
  return readdirSync(FOLDER)
}

function hold(octets: string, mediaType: string): HeldOctets | 'not-held' {
  if (octets === 'not-held') return 'not-held'
  const bytes = decodeBase64(octets)
  if (mediaType !== 'text/event-stream') return holdOctets(bytes)
  const stream = new EventStreamDigest()
  stream.update(bytes)
  const { digest, size } = stream.finish()
  return { digest, size }
}

export function readFixture(name: string): AnswerFixture {
  const vector = JSON.parse(readFileSync(join(FOLDER, name, 'vector.json'), 'utf8'))
  const archive = decodeArchive(new Uint8Array(readFileSync(join(FOLDER, name, 'archive.cmw.json'))))
  const held: HeldExchange = {
    nonce: vector.nonce === 'unchecked' ? 'unchecked' : decodeBase64Url(vector.nonce),
    request: hold(vector.request, 'application/json'),
    response: hold(vector.response, vector.mediaType),
    outcome: vector.outcome,
    seen: new Set(vector.seen),
    channel: 'not-observed',
    prev: 'unchecked',
    replay:
      vector.request === 'not-held'
        ? 'not-held'
        : { request: decodeBase64(vector.request), inserts: archive.inserts ?? new Map() },
  }
  const trust = {
    policy: decodePolicy(JSON.stringify(vector.policy)),
    lock: vector.lock === 'none' ? undefined : decodeLock(JSON.stringify(vector.lock)),
  }
  const time = { at: new Date(vector.at), noncedAt: new Date(vector.noncedAt) }
  const { receipt = '', ...rest } = archive
  const { row, title, expect } = vector
  return { name, row, title, evidence: { ...rest, receipt }, held, trust, time, expect }
}

export function judgeFixture(
  fixture: AnswerFixture,
  changes: Partial<AnswerEvidence> = {},
): Promise<Verdict<VerifiedAnswer>> {
  const { evidence, held, trust, time } = fixture
  return verifyAnswer({ ...evidence, ...changes }, held, trust, time)
}
