/** A receipt on its way to a higher grade: the archive is asked for until it verifies there, and no further than time allows. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createClientDeps } from '../../src/client/deps.ts'
import { NotVerifiedError } from '../../src/client/errors.ts'
import { type LaterGrade, type ReachedGrade, reachGrade } from '../../src/client/reach-grade.ts'
import { type Archive, decodeArchive, decodeEquivocation, encodeArchive } from '../../src/core/archive/index.ts'
import type { Policy } from '../../src/core/policy.ts'
import { verifyEquivocation } from '../../src/core/receipt/equivocation.ts'
import { decodeReceipt } from '../../src/core/receipt/receipt.ts'
import { readFixture } from '../core/receipt/fixture.ts'
import { PAIRS } from '../tools/answer/equivocation-recipes.ts'

const NAME = 'witnessed-own-nonce'
const { held, trust, time, evidence } = readFixture(NAME)
const witnessed = decodeArchive(new Uint8Array(readFileSync(`attestation-fixtures/answer/${NAME}/archive.cmw.json`)))
const { quoteProof: _, consistency: __, ...quoted } = witnessed
const { proof: ___, ...unproven } = quoted
const fewer: Archive = readFixture('witnessed-quorum-not-needed').evidence

interface Run {
  readonly grade?: LaterGrade
  readonly policy?: Partial<Policy>
  /** By the client's clock; that of the vector by default. */
  readonly now?: Date
  /** The gateway never has a proof. */
  readonly pending?: true
  /** What the gateway gives, one after the other; the last one again and again. None: it never has one. */
  readonly archives: readonly Archive[]
}

/** A gateway by its answers: how it was asked, and how long that took. */
async function reach({ grade = 'witnessed', policy = {}, now = time.at, pending, archives }: Run): Promise<{
  readonly reached: ReachedGrade
  readonly asked: readonly Headers[]
}> {
  const asked: Headers[] = []
  let nowMs = 0
  const deps = createClientDeps({
    clock: { now: () => now, monotonicMs: () => nowMs },
    sleep: async (ms) => {
      nowMs += ms
    },
    fetch: async (input, init) => {
      if (String(input).endsWith('/proof')) return new Response('', { status: pending ? 202 : 200 })
      const archive = archives[Math.min(asked.length, archives.length - 1)]
      asked.push(new Headers(init?.headers))
      return archive === undefined ? new Response('', { status: 202 }) : new Response(encodeArchive(archive).slice())
    },
  })
  const context = {
    base: 'https://gw.example.com/v1',
    rid: 'UlJSUlJSUlJSUlJSUlJSUg',
    headers: {},
    held,
    noncedAt: time.noncedAt === 'unknown' ? time.at : time.noncedAt,
    session: witnessed.session,
    trust: { ...trust, policy: { ...trust.policy, grade: 'signed' as const, ...policy } },
    deps,
  }
  return { reached: await reachGrade(evidence.receipt, context, { grade, timeoutMs: 5_000 }), asked }
}

describe('reaching a grade', () => {
  it('asks until witnesses saw the quote, and says what it waits for', async () => {
    const { reached, asked } = await reach({ archives: [quoted, quoted, witnessed] })
    expect(reached.verdict.value.grade).toBe('witnessed')
    expect(decodeArchive(reached.archive)).toEqual(witnessed)
    expect(asked.map((headers) => headers.get('prefer'))).toEqual([
      'receipt=witnessed, wait=5',
      'receipt=witnessed, wait=4',
      'receipt=witnessed, wait=3',
    ])
  })

  it('asks once where the first archive is enough', async () => {
    const { reached, asked } = await reach({ grade: 'quoted', archives: [quoted] })
    expect([reached.verdict.value.grade, asked.length]).toEqual(['quoted', 1])
  })

  it('waits for the grade of the policy where that is the higher one', async () => {
    const { reached } = await reach({ grade: 'quoted', policy: { grade: 'witnessed' }, archives: [quoted, witnessed] })
    expect(reached.verdict.value.grade).toBe('witnessed')
  })

  it('gives up with the reason of the last verdict when time is up', async () => {
    await expect(reach({ archives: [quoted] })).rejects.toMatchObject({ failure: 'GRADE_TOO_LOW' })
  })

  it('[L10] gives up with WITNESS_QUORUM where too few witnesses cosign', async () => {
    await expect(reach({ archives: [fewer] })).rejects.toMatchObject({ failure: 'WITNESS_QUORUM' })
  })

  it.each(['same-seq', 'same-jti', 'same-nonce'])(
    '[R17] refuses another receipt of the gateway for the same request, with both as evidence: %s',
    async (name) => {
      const other = PAIRS.find((pair) => pair.name === name)?.receipts[1] ?? ''
      const error: unknown = await reach({ archives: [{ ...witnessed, receipt: other }] }).catch(
        (reason: unknown) => reason,
      )
      if (!(error instanceof NotVerifiedError)) throw error
      expect(error.failure).toBe('RECEIPT_EQUIVOCATION')
      const pair = decodeEquivocation(error.evidence ?? new Uint8Array(0))
      expect(pair.receipts).toEqual([evidence.receipt, other])
      expect(await verifyEquivocation(pair)).toMatchObject({ ok: true })
    },
  )

  it('keeps its own receipt where the archive holds one that the gateway did not sign', async () => {
    const forged = PAIRS.find((pair) => pair.name === 'forged')?.receipts[1] ?? ''
    const { reached } = await reach({ archives: [{ ...witnessed, receipt: forged }] })
    expect(reached.token).toBe(evidence.receipt)
  })

  it('does not wait for what time does not mend', async () => {
    const altered = { ...witnessed, statement: witnessed.statement.map((octet, i) => (i === 80 ? octet ^ 1 : octet)) }
    const asked = reach({ archives: [altered, witnessed] })
    await expect(asked).rejects.toMatchObject({ code: 'ERR_NOT_VERIFIED' })
  })

  it('[L11] tells a promise that was broken from one that is not due yet', async () => {
    const mergeBy = decodeReceipt(evidence.receipt).claims.log.merge_by * 1000
    const run = (now: number) => reach({ grade: 'quoted', pending: true, now: new Date(now), archives: [] })
    await expect(run(mergeBy)).rejects.toMatchObject({ code: 'ERR_NETWORK' })
    await expect(run(mergeBy + 1)).rejects.toMatchObject({ failure: 'LOG_MMD_EXCEEDED' })
  })

  it.each<readonly [string, readonly Archive[]]>([
    ['an archive without it', [unproven]],
    ['no archive', []],
  ])('[L11] takes no word of the gateway for a proof: it says that there is one, and gives %s', async (_, archives) => {
    const mergeBy = decodeReceipt(evidence.receipt).claims.log.merge_by * 1000
    const run = (now: number) => reach({ grade: 'quoted', now: new Date(now), archives })
    await expect(run(mergeBy)).rejects.toMatchObject({ code: 'ERR_NETWORK' })
    await expect(run(mergeBy + 1)).rejects.toMatchObject({ failure: 'LOG_MMD_EXCEEDED' })
  })

  it('does not take witnesses that are late for a gateway that is', async () => {
    const mergeBy = decodeReceipt(evidence.receipt).claims.log.merge_by * 1000
    await expect(reach({ now: new Date(mergeBy + 1), archives: [] })).rejects.toMatchObject({ code: 'ERR_NETWORK' })
  })

  it('refuses to wait for witnesses where policy names none', async () => {
    const policy = { audit: { time: 'unchecked', witnesses: 'unchecked' } } as const
    await expect(reach({ policy, archives: [witnessed] })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})
