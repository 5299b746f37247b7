/** Every fixture of an answered challenge gives exactly its verdict. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { decodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { challengeAnchor, verifyAttestation } from '../../../src/core/evidence/attestation.ts'
import { verifyEvidence } from '../../../src/core/evidence/bare.ts'
import { measurementsOf } from '../../../src/core/evidence/hardware.ts'
import { decodeLock } from '../../../src/core/lock.ts'
import { decodePolicy } from '../../../src/core/policy.ts'

const FOLDER = join('attestation-fixtures', 'challenge')

function readVector(name: string) {
  const vector = JSON.parse(readFileSync(join(FOLDER, name, 'vector.json'), 'utf8'))
  const archive = decodeArchive(new Uint8Array(readFileSync(join(FOLDER, name, 'archive.cmw.json'))))
  const trust = { policy: decodePolicy(JSON.stringify(vector.policy)), lock: decodeLock(JSON.stringify(vector.lock)) }
  const anchor = challengeAnchor({
    nonce: decodeBase64Url(vector.nonce),
    noncedAt: new Date(vector.noncedAt),
    at: new Date(vector.at),
    proof: archive.proof,
  })
  return { vector, archive, trust, anchor }
}

describe('fixtures of challenges', () => {
  for (const name of readdirSync(FOLDER)) {
    const { vector, archive, trust, anchor } = readVector(name)
    it(`[${vector.row}] ${vector.expect.ok ? 'accepts' : 'rejects'} ${vector.title} (${name})`, async () => {
      const verdict = await verifyAttestation(archive, trust, anchor)
      expect(
        verdict.ok ? { ok: true } : { ok: false, code: verdict.code },
        JSON.stringify(verdict.checks, null, 1),
      ).toEqual(vector.expect)
    })
  }

  it('shows the configuration as hardware only where HOST_DATA carries it, and the effective expiry', async () => {
    const { archive, trust, anchor } = readVector('challenge')
    const verdict = await verifyAttestation(archive, trust, anchor)
    expect(verdict.ok && verdict.value).toMatchObject({
      configuration: { source: 'hardware' },
      time: 'nonce',
      expiresAt: new Date('2027-01-15T09:00:00Z'),
    })
  })
})

describe('bare evidence', () => {
  const unanchored = { audit: { time: 'unchecked', witnesses: 'unchecked' } } as const

  it('verifies with its certificates at a time that policy lets be given', async () => {
    const { vector, archive, trust } = readVector('challenge')
    const verdict = await verifyEvidence(
      archive.quote,
      { ...trust, policy: { ...trust.policy, ...unanchored } },
      new Date(vector.at),
    )
    expect(verdict.ok && measurementsOf(verdict.value).measurements).toEqual(vector.lock.rows[0].measurements)
  })

  it('[P2] is incomplete, not verified, while the certificates are missing', async () => {
    const { vector, archive, trust } = readVector('challenge')
    if (archive.quote.tee !== 'snp') throw new Error('not an SNP vector')
    const verdict = await verifyEvidence(
      { ...archive.quote, endorsements: undefined },
      { ...trust, policy: { ...trust.policy, ...unanchored } },
      new Date(vector.at),
    )
    expect(verdict).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
    expect(verdict.checks.find(({ name }) => name === 'endorsements')?.detail).toContain('missing')
  })

  it('does not take a given time where policy asks for a proven one', async () => {
    const { vector, archive, trust } = readVector('challenge')
    const verdict = await verifyEvidence(archive.quote, trust, new Date(vector.at))
    expect(verdict).toMatchObject({ ok: false, code: 'TIME_UNANCHORED' })
  })
})
