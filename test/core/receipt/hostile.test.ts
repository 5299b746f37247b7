/** Answers of a gateway that signs whatever it likes: each gets its verdict, nothing is thrown, and nothing that was asked is passed over. */
import { readFileSync } from 'node:fs'
import { describe, expect, inject, it } from 'vitest'
import { type Trust, verifyAttestation } from '../../../src/core/evidence/attestation.ts'
import { decodeLock } from '../../../src/core/lock.ts'
import { decodePolicy } from '../../../src/core/policy.ts'
import { verifyAnswer } from '../../../src/core/receipt/answer.ts'
import { verifyQuoted } from '../../../src/core/receipt/grade.ts'
import { type HeldExchange, holdOctets, verifyReceipt } from '../../../src/core/receipt/verify.ts'
import { assertVerified } from '../../../src/core/verdict.ts'
import { createSimulatedSnp, importPki } from '../../../src/simulator/index.ts'
import {
  type AnswerRecipe,
  CONFIG_DIGEST,
  ISSUED_AT,
  issueAnswer,
  MODEL,
  NONCE,
  REQUEST,
  RESPONSE,
} from '../../kit/issue-answer.ts'
import { simulatedClock } from '../../kit/simulated-clock.ts'

const snp = await createSimulatedSnp({
  pki: importPki(inject('simulatedPki')),
  clock: simulatedClock,
  latencyMs: 1,
  throttle: 'none',
})
const vector = JSON.parse(readFileSync('attestation-fixtures/answer/quoted/vector.json', 'utf8'))
const trust: Trust = {
  policy: {
    ...decodePolicy(JSON.stringify(vector.policy)),
    dangerouslyTrustSimulatedRoots: [snp.rootFingerprint],
    audit: { time: 'unchecked', witnesses: 'unchecked' },
  },
  lock: decodeLock(
    JSON.stringify({
      version: 1,
      revision: 1,
      minimumPolicyRevision: 0,
      rows: [
        {
          platform: 'snp',
          status: 'active',
          measurements: { measurement: snp.measurement },
          config: `sha256:${CONFIG_DIGEST}`,
          models: [MODEL],
          notAfter: 'none',
          shape: 'simulated',
          provenance: 'none',
        },
      ],
    }),
  ),
}
const at = new Date((ISSUED_AT + 2) * 1000)
const held: HeldExchange = {
  nonce: NONCE,
  request: holdOctets(REQUEST),
  response: holdOctets(RESPONSE),
  outcome: 'complete',
  seen: new Set(),
  channel: 'not-observed',
  prev: 'unchecked',
  replay: 'not-held',
}

function judge(recipe: AnswerRecipe, policy: Partial<Trust['policy']> = {}): ReturnType<typeof verifyAnswer> {
  const changed = { ...trust, policy: { ...trust.policy, ...policy } }
  const noncedAt = new Date((ISSUED_AT - 10) * 1000)
  return verifyAnswer(issueAnswer(snp, recipe).archive, held, changed, { at, noncedAt })
}

async function codeOf(verdict: ReturnType<typeof verifyAnswer>): Promise<string> {
  const seen = await verdict
  return seen.ok ? 'ok' : seen.code
}

describe('a gateway that signs whatever it likes', () => {
  const never = Number.MAX_SAFE_INTEGER

  it.each<readonly [string, AnswerRecipe, string]>([
    ['nothing wrong', {}, 'ok'],
    ['a receipt at a time that no date can hold', { claims: (claims) => ({ ...claims, iat: never }) }, 'PARSE_INVALID'],
    [
      'a promise for a time that no date can hold',
      { claims: ({ log, ...claims }) => ({ ...claims, log: { ...log, merge_by: never } }) },
      'PARSE_INVALID',
    ],
    [
      'a statement at a time that no date can hold',
      { statement: (statement) => ({ ...statement, iat: never - 60, exp: never }) },
      'STATEMENT_INVALID',
    ],
    [
      'a session at a time that no date can hold',
      { session: (session) => ({ ...session, iat: never }) },
      'SESSION_INVALID',
    ],
  ])('judges %s', async (_title, recipe, code) => {
    expect(await codeOf(judge(recipe))).toBe(code)
  })

  it('does not pass over a locked model because the measurement was left unchecked', async () => {
    const model = { name: 'other', digest: 'none' }
    const recipe: AnswerRecipe = { claims: (claims) => ({ ...claims, model, upstream: { kind: 'local' } }) }
    expect(await codeOf(judge(recipe, { measurements: 'unchecked' }))).toBe('POLICY_INVALID')
    expect(await codeOf(judge(recipe, { measurements: 'unchecked', models: 'unchecked' }))).toBe('ok')
  })
})

describe('verdicts on top of others', () => {
  it('stay simulated, and take the same for granted', async () => {
    const { archive } = issueAnswer(snp)
    const evidence = await verifyAttestation(archive, trust, { source: 'as-given', at })
    const attestation = assertVerified(evidence)
    const signed = await verifyReceipt(archive.receipt, attestation, held, trust)
    const quoted = await verifyQuoted(assertVerified(signed), attestation, archive.proof)
    for (const verdict of [signed, quoted])
      expect(verdict).toMatchObject({ ok: true, simulated: true, assumptions: evidence.assumptions })
  })

  it('are not built on copies, which could hold anything', async () => {
    const { archive } = issueAnswer(snp)
    const attestation = assertVerified(await verifyAttestation(archive, trust, { source: 'as-given', at }))
    const signed = assertVerified(await verifyReceipt(archive.receipt, attestation, held, trust))
    await expect(verifyReceipt(archive.receipt, { ...attestation }, held, trust)).rejects.toMatchObject({
      code: 'ERR_USAGE',
    })
    await expect(verifyQuoted({ ...signed }, attestation, archive.proof)).rejects.toMatchObject({ code: 'ERR_USAGE' })
    await expect(verifyQuoted(signed, { ...attestation }, archive.proof)).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})
