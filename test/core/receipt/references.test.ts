/** What a receipt must say of the octets held, of its log and of its session, one thing at a time; each name of a check is due. */
import { describe, expect, inject, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { verifyAttestation } from '../../../src/core/evidence/attestation.ts'
import { verifyAnswer } from '../../../src/core/receipt/answer.ts'
import { verifyQuoted } from '../../../src/core/receipt/grade.ts'
import { type HeldExchange, verifyReceipt } from '../../../src/core/receipt/verify.ts'
import { assertVerified, failedCheck, isVerified, type Verdict, type Verified } from '../../../src/core/verdict.ts'
import { createSimulatedSnp, importPki } from '../../../src/simulator/index.ts'
import { type AnswerRecipe, type DisclosedValues, issueAnswer } from '../../kit/issue-answer.ts'
import { simulatedClock } from '../../kit/simulated-clock.ts'
import { judgeFixture, readFixture } from './fixture.ts'

const snp = await createSimulatedSnp({
  pki: importPki(inject('simulatedPki')),
  clock: simulatedClock,
  latencyMs: 1,
  throttle: 'none',
})
const quoted = readFixture('quoted')
const spliced = readFixture('quoted-spliced')
const OTHER = digestUri(encodeUtf8('other'))

const failure = (verdict: Verdict<unknown>): readonly unknown[] => [
  failedCheck(verdict.checks)?.name,
  verdict.ok ? 'ok' : verdict.code,
]

/** A value that a verified answer holds, which came out of a full pass itself. */
function assertAttested<T extends object>(value: T): Verified<T> {
  if (!isVerified(value)) throw new Error('not a verified value')
  return value
}

/** An answer of a gateway that signs what `recipe` makes it; receipts are judged before the hardware is. */
async function judgeIssued(recipe: AnswerRecipe, { held, trust, time } = quoted): Promise<readonly unknown[]> {
  const { archive } = issueAnswer(snp, recipe)
  const inserts = archive.inserts ?? new Map()
  const replay = held.replay === 'not-held' ? held.replay : { ...held.replay, inserts }
  return failure(await verifyAnswer(archive, { ...held, replay }, trust, time))
}

function forwarded(change: object): AnswerRecipe {
  return { disclosed: (values: DisclosedValues) => ({ ...values, forwarded: { ...values.forwarded, ...change } }) }
}

describe('octets held', () => {
  const judge = ({ evidence, trust, time } = quoted, held: HeldExchange) => verifyAnswer(evidence, held, trust, time)

  it('rejects a response of the signed digest and another size', async () => {
    const { held } = quoted
    if (held.response === 'not-held') throw new Error('the vector holds its response')
    const response = { ...held.response, size: held.response.size + 1 }
    const verdict = await judge(quoted, { ...held, response })
    expect(failure(verdict)).toEqual(['receipt.response-digest', 'RESPONSE_DIGEST_MISMATCH'])
  })

  it('rejects a replay that begins at another request than the signed one', async () => {
    const { held } = spliced
    if (held.replay === 'not-held') throw new Error('the vector replays its splices')
    const replay = { ...held.replay, request: encodeUtf8('{"model":"demo","messages":[]}') }
    const verdict = await judge(spliced, { ...held, replay })
    expect(failure(verdict)).toEqual(['receipt.transforms', 'REQUEST_DIGEST_MISMATCH'])
  })
})

describe('a promise of a place in the log', () => {
  it('[L11] is not kept where the time that is proven is before it: that dates the quote, and not this day', async () => {
    const { checks } = await judgeFixture(readFixture('l11-not-due'))
    expect(checks.find(({ name }) => name === 'merge-by')).toMatchObject({ status: 'not-performed', required: false })
  })
})

describe('what was forwarded', () => {
  it('rejects another size where no change is listed', async () => {
    expect(await judgeIssued(forwarded({ size: 1 }))).toEqual(['receipt.transforms', 'TRANSFORM_MISMATCH'])
  })

  const splices = [{ role: 'model', at: 9, remove: 6, insert: encodeUtf8('"other"') }]

  it.each([
    ['size', { size: 1 }],
    ['digest', { digest: OTHER }],
  ])('rejects another %s than the listed changes give', async (_, change) => {
    const recipe = { ...forwarded(change), splices }
    expect(await judgeIssued(recipe)).toEqual(['receipt.transforms', 'TRANSFORM_MISMATCH'])
  })
})

describe('the log of a receipt', () => {
  it('rejects another log of the same host than that of the session', async () => {
    const recipe: AnswerRecipe = {
      claims: (claims) => ({ ...claims, log: { ...claims.log, origin: claims.log.origin.replace(/[^/]*$/, 'other') } }),
    }
    expect(await judgeIssued(recipe)).toEqual(['receipt.log-origin', 'LOG_ORIGIN'])
  })

  it('rejects a checkpoint that is not the quoted one, whatever its size', async () => {
    const verdict = await judgeFixture(readFixture('not-the-quoted-checkpoint-fail'))
    expect(failure(verdict)).toEqual(['log.checkpoint-quoted', 'CHECKPOINT_NOT_QUOTED'])
  })
})

describe('a receipt apart from its answer', () => {
  it('is not verified under an attestation where it is no receipt', async () => {
    const { attestation } = assertVerified(await judgeFixture(quoted))
    const verdict = await verifyReceipt('nonsense', assertAttested(attestation), quoted.held, quoted.trust)
    expect(verdict.ok).toBe(false)
  })

  it('is not quoted by the statement of another session', async () => {
    const own = assertVerified(await judgeFixture(quoted))
    const { archive } = issueAnswer(snp, { session: (session) => ({ ...session, epoch: session.epoch + 1 }) })
    const policy = {
      ...quoted.trust.policy,
      ...({
        measurements: 'unchecked',
        models: 'unchecked',
        audit: { time: 'unchecked', witnesses: 'unchecked' },
      } as const),
      dangerouslyTrustSimulatedRoots: [snp.rootFingerprint],
    }
    const { at } = quoted.time
    const other = await verifyAttestation(archive, { policy, lock: undefined }, { source: 'as-given', at })
    const proof = quoted.evidence.proof ?? ''
    const verdict = await verifyQuoted(assertAttested(own.signed), assertVerified(other), proof)
    expect(failure(verdict)).toEqual(['statement-session', 'CHECKPOINT_NOT_QUOTED'])
  })
})
