/** A gateway's evidence without a receipt: judged when witnesses saw its quote, on each platform by the octets that its log hashes. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { verifyAttestation } from '../../../src/core/evidence/attestation.ts'
import type { EndorsedQuote } from '../../../src/core/evidence/hardware.ts'
import { judgeWitnessed } from '../../../src/core/evidence/witnesses.ts'
import { createEntry, decodeCheckpoint, encodeVkey, logOrigin, noteKey } from '../../../src/core/log/index.ts'
import { witnessPolicyOf } from '../../../src/core/policy.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { testKey } from '../../kit/ed25519.ts'
import { ISSUED_AT } from '../../kit/issue-answer.ts'
import { WITNESSES, witnessQuote } from '../../kit/witness-quote.ts'
import { judgeFixture, readFixture } from '../receipt/fixture.ts'

const { trust } = readFixture('witnessed')
const {
  receipt: _,
  proof: __,
  ...gateway
} = decodeArchive(new Uint8Array(readFileSync('attestation-fixtures/answer/witnessed/archive.cmw.json')))

describe('evidence without a receipt', () => {
  it('is judged at the time that witnesses prove', async () => {
    const verdict = await verifyAttestation(gateway, trust, { source: 'witnessed' })
    expect(verdict).toMatchObject({
      ok: true,
      value: { time: 'witnessed', judgedAt: new Date((ISSUED_AT + 9) * 1000), witnessed: { witnesses: ['w1', 'w2'] } },
    })
  })

  it('has no witnessed time without its proof, nor where policy names nobody', async () => {
    const { quoteProof: _, ...bare } = gateway
    const nobody = {
      ...trust,
      policy: { ...trust.policy, audit: { time: 'unchecked', witnesses: 'unchecked' } as const },
    }
    for (const judged of [
      await verifyAttestation(bare, trust, { source: 'witnessed' }),
      await verifyAttestation(gateway, nobody, { source: 'witnessed' }),
    ])
      expect(judged).toMatchObject({ ok: false, code: 'TIME_UNANCHORED' })
  })
})

describe('the order of the rule', () => {
  it.each([
    ['witnessed-not-later-fail', 'evidence.witness.later'],
    ['witnessed-fork-fail', 'evidence.witness.consistency.consistency'],
    ['witnessed-other-leaf-type-fail', 'evidence.witness.quote-proof.inclusion'],
  ])('fails %s in its own check, before the hardware is looked at', async (name, check) => {
    const verdict = await judgeFixture(readFixture(name))
    expect(failedCheck(verdict.checks)?.name).toBe(check)
    expect(verdict.checks.some((seen) => seen.name.startsWith('evidence.snp'))).toBe(false)
  })
})

describe('the leaf of a quote', () => {
  const key = testKey(0x02)
  const origin = logOrigin('gw.example.com', key.publicKey)
  const vkey = encodeVkey(noteKey(origin, key.publicKey))
  const entries = [createEntry('genesis', Uint8Array.of(0))]
  const padded = new Uint8Array(readFileSync('attestation-fixtures/tdx/shared/platform/quote.bin'))

  it.each<readonly [string, EndorsedQuote]>([
    [
      'an SNP report',
      { tee: 'snp', report: new Uint8Array(1184), auxblob: new Uint8Array(3), endorsements: undefined },
    ],
    ['a TDX quote, without what pads it', { tee: 'tdx', quote: padded, endorsements: undefined }],
    ['a Nitro document', { tee: 'nitro', document: Uint8Array.of(1, 2, 3) }],
  ])('covers %s', async (_, quote) => {
    const checkpoint = decodeCheckpoint(`${origin}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`)
    const { quoteProof, consistency } = witnessQuote(
      { quote, entries, logKey: key, origin },
      {
        cosigned: [
          [1, ISSUED_AT],
          [2, ISSUED_AT],
        ],
        consistency: () => [],
      },
    )
    const evidence = { quote, quoteProof, consistency }
    const policy = witnessPolicyOf(WITNESSES)
    expect(await judgeWitnessed(evidence, { vkey, checkpoint }, policy)).toMatchObject({
      ok: true,
      value: { index: 1 },
    })
    const other: EndorsedQuote = { tee: 'nitro', document: Uint8Array.of(9) }
    expect(await judgeWitnessed({ ...evidence, quote: other }, { vkey, checkpoint }, policy)).toMatchObject({
      ok: false,
      code: 'LOG_INCLUSION',
    })
  })

  it('is of no TDX quote that does not say where it ends', async () => {
    const checkpoint = decodeCheckpoint(`${origin}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`)
    const quote: EndorsedQuote = { tee: 'tdx', quote: padded.slice(0, 600), endorsements: undefined }
    const evidence = { quote, quoteProof: '', consistency: [] }
    const verdict = await judgeWitnessed(evidence, { vkey, checkpoint }, witnessPolicyOf(WITNESSES))
    expect(verdict.ok).toBe(false)
    expect(failedCheck(verdict.checks)).toMatchObject({ name: 'quote', code: 'EVIDENCE_TRUNCATED' })
  })
})
