/** Every fixture of an answer gives exactly its verdict: one thing is wrong with each that fails, and its code comes first. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { decodeBase64, decodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { decodeLock } from '../../../src/core/lock.ts'
import { decodePolicy } from '../../../src/core/policy.ts'
import { verifyAnswer } from '../../../src/core/receipt/answer.ts'
import { EventStreamDigest } from '../../../src/core/receipt/event-stream.ts'
import { type HeldExchange, type HeldOctets, holdOctets } from '../../../src/core/receipt/verify.ts'

const FOLDER = join('attestation-fixtures', 'answer')

function hold(octets: string, mediaType: string): HeldOctets | 'not-held' {
  if (octets === 'not-held') return 'not-held'
  const bytes = decodeBase64(octets)
  if (mediaType !== 'text/event-stream') return holdOctets(bytes)
  const stream = new EventStreamDigest()
  stream.update(bytes)
  const { digest, size } = stream.finish()
  return { digest, size }
}

function readVector(name: string) {
  const vector = JSON.parse(readFileSync(join(FOLDER, name, 'vector.json'), 'utf8'))
  const archive = decodeArchive(new Uint8Array(readFileSync(join(FOLDER, name, 'archive.cmw.json'))))
  const held: HeldExchange = {
    nonce: vector.nonce === 'unchecked' ? 'unchecked' : decodeBase64Url(vector.nonce),
    request: hold(vector.request, 'application/json'),
    response: hold(vector.response, vector.mediaType),
    outcome: vector.outcome,
    seen: new Set(vector.seen),
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
  return { vector, evidence: { ...rest, receipt }, held, trust, time }
}

describe('fixtures of answers', () => {
  for (const name of readdirSync(FOLDER)) {
    const { vector, evidence, held, trust, time } = readVector(name)
    const verb = vector.expect.ok ? 'accepts' : 'rejects'
    it(`[${vector.row}] ${verb} ${vector.title} (${name})`, async () => {
      const verdict = await verifyAnswer(evidence, held, trust, time)
      const seen = verdict.ok ? { ok: true, grade: verdict.value.grade } : { ok: false, code: verdict.code }
      expect(seen, JSON.stringify(verdict.checks, null, 1)).toEqual(vector.expect)
      if (verdict.ok) expect(verdict.simulated).toBe(true)
      const failed = verdict.checks.filter(({ status }) => status === 'fail')
      expect(failed.length).toBeLessThanOrEqual(1)
    })
  }
})
