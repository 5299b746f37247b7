/** What the badge shows of receipts and errors, before any of it is drawn. */
import { describe, expect, it } from 'vitest'
import { printable } from '../../src/badge/printable.ts'
import { BADGE_STRINGS } from '../../src/badge/strings.ts'
import { type BadgeView, emptyView, errorView, receiptView, type ShownReceipt } from '../../src/badge/view.ts'
import { NotVerifiedError } from '../../src/client/errors.ts'
import { FAILURE_CODES, type FailureCode } from '../../src/core/failure-codes.ts'
import type { Check } from '../../src/core/verdict.ts'
import { CountersignError } from '../../src/errors.ts'
import { FAIL, MISSING, OPTIONAL, PASS, shownReceipt } from './receipts.ts'

const options = {
  strings: BADGE_STRINGS,
  explain: (code: FailureCode): readonly [string, string] => FAILURE_CODES[code],
}
const view = (change: Partial<ShownReceipt> = {}): BadgeView => receiptView(shownReceipt(change), options)

describe('badge view', () => {
  it.each(['signed', 'quoted', 'witnessed'] as const)('names the grade %s beside the verdict', (grade) => {
    expect(view({ grade })).toMatchObject({
      state: 'verified',
      headline: `Verified · ${grade}`,
      note: BADGE_STRINGS.grades[grade],
    })
  })

  it('says SIMULATED in place of verified where a simulated TEE vouches', () => {
    const { state, headline, note } = view({ simulated: true, grade: 'witnessed' })
    expect([state, headline]).toEqual(['simulated', 'SIMULATED · witnessed'])
    expect(note).toContain('proves nothing')
    expect(`${headline} ${note}`).not.toMatch(/verified/i)
  })

  it('names an outcome that is not a complete answer', () => {
    const { claims } = shownReceipt()
    expect(view({ claims: { ...claims, outcome: 'refused' } }).headline).toBe('Verified · signed · refused')
  })

  it.each<readonly [string, readonly Check[], string]>([
    ['without checks', [], 'CHECK_NOT_PERFORMED'],
    ['with a failed check', [PASS, FAIL], 'RECEIPT_CONTEXT'],
    ['with a required check that was not performed', [PASS, MISSING], 'CHECK_NOT_PERFORMED'],
  ])('never calls a receipt %s verified, whoever made it', (_title, checks, code) => {
    const { state, headline, failure, facts } = view({ checks })
    expect([state, headline, failure?.code]).toEqual(['failed', 'NOT VERIFIED', code])
    expect(facts).toEqual([])
  })

  it('lists each check with its state, and tells required ones from others', () => {
    const { rows, counts } = receiptView(shownReceipt({ checks: [PASS, OPTIONAL, MISSING, FAIL] }), options)
    expect(rows).toEqual([
      { name: 'signature', state: 'pass', detail: 'Ed25519', wanted: '' },
      { name: 'channel', state: 'optional', detail: 'none: no key', wanted: '' },
      { name: 'merge-by', state: 'missing', detail: 'not reached', wanted: '' },
      { name: 'nonce', state: 'fail', detail: 'RECEIPT_CONTEXT another', wanted: 'yours' },
    ])
    expect(counts).toEqual({ passed: 1, failed: 1, missing: 1, optional: 1 })
    expect(BADGE_STRINGS.summary(counts)).toBe(
      '1 check passed, 1 failed, 1 required and not performed, 1 not performed, not required',
    )
  })

  it('never shows a channel as bound that was not compared', () => {
    const channel = (checks: readonly Check[]): string | undefined =>
      view({ checks }).facts.find(([label]) => label === BADGE_STRINGS.facts.channel)?.[1]
    expect(channel([PASS, OPTIONAL])).toBe('not checked (none: no key)')
    expect(channel([PASS])).toBe('not checked')
    expect(channel([{ ...PASS, name: 'evidence.channel' }])).toBe('not checked')
    expect(channel([PASS, { ...OPTIONAL, status: 'pass', detail: 'ohttp: encrypted' }])).toBe('ohttp: encrypted')
  })

  it('names the failed check of a refused answer with what its code means and asks for', () => {
    const { state, failure, rows } = errorView(new NotVerifiedError('RECEIPT_CONTEXT', [PASS, FAIL]), options)
    expect(state).toBe('failed')
    expect(failure).toEqual({
      check: 'nonce',
      code: 'RECEIPT_CONTEXT',
      detail: 'another',
      meaning: FAILURE_CODES.RECEIPT_CONTEXT[0],
      remedy: FAILURE_CODES.RECEIPT_CONTEXT[1],
    })
    expect(rows.map(({ state: each }) => each)).toEqual(['pass', 'fail'])
  })

  it('finds the refusal in errors of libraries around the fetch, and in those of another bundle', () => {
    const refusal = new NotVerifiedError('RECEIPT_MISSING', [{ ...FAIL, code: 'RECEIPT_MISSING' }])
    const wrapped = new Error('Connection error.', { cause: new TypeError('terminated', { cause: refusal }) })
    expect(errorView(wrapped, options).failure?.code).toBe('RECEIPT_MISSING')
    const foreign = Object.assign(new Error('x'), { name: 'NotVerifiedError', failure: 'E2EE_DECRYPT', checks: [FAIL] })
    expect(errorView(foreign, options).failure?.code).toBe('E2EE_DECRYPT')
  })

  it('has no verdict where nothing was judged, and does not follow causes for ever', () => {
    const circle = new Error('round')
    circle.cause = circle
    for (const error of [new CountersignError('ERR_NETWORK', 'no answer'), circle, 'text', null, undefined])
      expect(errorView(error, options)).toMatchObject({ state: 'no-verdict', headline: 'NO VERDICT', rows: [] })
    expect(errorView(new CountersignError('ERR_NETWORK', 'no answer'), options).note).toContain(
      'CountersignError: no answer',
    )
  })

  it('explains nothing where the page brings no texts', () => {
    const { failure } = errorView(new NotVerifiedError('RECEIPT_CONTEXT', [FAIL]), {
      ...options,
      explain: () => undefined,
    })
    expect([failure?.meaning, failure?.remedy]).toEqual(['', ''])
  })

  it.each(['idle', 'waiting'] as const)('has no verdict while %s', (state) => {
    expect(emptyView(state, options)).toMatchObject({ state, headline: BADGE_STRINGS[state], rows: [], facts: [] })
  })

  it('replaces what would act on a page in every text that a gateway wrote', () => {
    const hostile = 'a\u202eb\u200bc\u0000d\u2028e\ud800f\u2066g'
    const { claims } = shownReceipt()
    const shown = [
      view({
        checks: [{ ...PASS, name: hostile, detail: hostile, wanted: hostile }],
        assumptions: [hostile],
        claims: { ...claims, model: { name: hostile, digest: 'none' } },
      }),
      errorView(new NotVerifiedError('RECEIPT_CONTEXT', [{ ...FAIL, name: hostile, detail: hostile }]), options),
      errorView(new Error(hostile), options),
    ]
    expect(JSON.stringify(shown)).toContain('a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg')
    expect(JSON.stringify(shown)).not.toMatch(/[\u202e\u200b\u2028\u2066]|\\u0000|\\ud800/)
  })

  it('keeps marks from piling up over other lines, and long texts short', () => {
    expect(printable(`a${'\u0301'.repeat(40)}b`)).toBe('a\u0301\u0301\ufffdb')
    expect(printable('Grüß dich: नमस्ते')).toBe('Grüß dich: नमस्ते')
    expect([...printable('x'.repeat(10_000))]).toHaveLength(500)
  })
})
