/** Attestations that verified, of sessions with given OHTTP keys. */
import { inject } from 'vitest'
import { encodeBase64Url } from '../../src/core/encoding/base64.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { type Attestation, challengeAnchor, verifyAttestation } from '../../src/core/evidence/attestation.ts'
import { createEntry } from '../../src/core/log/index.ts'
import type { Policy } from '../../src/core/policy.ts'
import { assertVerified, type Verified } from '../../src/core/verdict.ts'
import { createSimulatedSnp, importPki } from '../../src/simulator/index.ts'
import { readFixture } from '../core/receipt/fixture.ts'
import { ISSUED_AT, issueAnswer } from '../kit/issue-answer.ts'
import { simulatedClock } from '../kit/simulated-clock.ts'

const NONCE = new Uint8Array(32).fill(0x11)

/** @param configs `application/ohttp-keys`; `none` for a session that names none */
export async function attestedWith(configs: Uint8Array | 'none'): Promise<Verified<Attestation>> {
  const snp = await createSimulatedSnp({
    pki: importPki(inject('simulatedPki')),
    clock: simulatedClock,
    latencyMs: 1,
    throttle: 'none',
  })
  const { archive } = issueAnswer(snp, {
    session: (session) => ({
      ...session,
      keys: { ...session.keys, ...(configs === 'none' ? {} : { ohttp: encodeBase64Url(configs) }) },
    }),
    before: [createEntry('genesis', encodeUtf8('genesis')), createEntry('nonce', NONCE)],
    proveIndex: 1,
  })
  const policy: Policy = {
    ...readFixture('quoted').trust.policy,
    measurements: 'unchecked',
    models: 'unchecked',
    dependencies: 'unchecked',
    engines: 'unchecked',
    audit: { time: 'unchecked', witnesses: 'unchecked' },
    dangerouslyTrustSimulatedRoots: [snp.rootFingerprint],
    live: { maxAgeSeconds: 300, channel: ['ohttp'] },
  }
  const anchor = challengeAnchor({
    nonce: NONCE,
    noncedAt: new Date((ISSUED_AT - 1) * 1000),
    at: new Date((ISSUED_AT + 2) * 1000),
    proof: archive.proof,
  })
  return assertVerified(await verifyAttestation(archive, { policy, lock: undefined }, anchor))
}
