/** Pairs of receipts that convict the gateway of their session, and pairs that convict nobody. */
import { describe, expect, it } from 'vitest'
import { decodeEquivocation, encodeEquivocation } from '../../../src/core/archive/index.ts'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import type { EquivocationEvidence } from '../../../src/core/receipt/equivocation.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { failureOf } from '../../kit/failure-of.ts'
import { fixtureNames, judgeFixture, readFixture } from './equivocation-fixture.ts'

const vectors = fixtureNames().map(readFixture)

describe('pairs of receipts', () => {
  it('has vectors of each kind, each bad one with -fail behind its name', () => {
    expect(vectors.length).toBeGreaterThan(10)
    for (const { name, expect: due } of vectors) expect([name, !due.ok]).toEqual([name, name.endsWith('-fail')])
  })

  for (const fixture of vectors) {
    const { name, row, title, bytes, evidence, expect: due } = fixture
    it(`[${row}] ${due.ok ? 'convicts by' : 'rejects'} ${title} (${name})`, async () => {
      expect(encodeEquivocation(evidence)).toEqual(bytes)
      const verdict = await judgeFixture(fixture)
      if (verdict.ok) expect({ ok: true, kind: verdict.value.kind }).toEqual(due)
      else expect({ ok: false, code: verdict.code, check: failedCheck(verdict.checks)?.name }).toEqual(due)
    })
  }

  it('says that a nonce convicts only before whoever sent it', async () => {
    const assumed = async (name: string): Promise<string> => (await judgeFixture(readFixture(name))).assumptions.join()
    expect(await assumed('same-nonce')).toContain('only whoever sent it knows')
    expect(await assumed('same-seq')).not.toContain('only whoever sent it knows')
  })
})

describe('a pair that convicts nobody', () => {
  const good = readFixture('same-seq')
  const [first, second] = good.evidence.receipts
  const forged = readFixture('forged-fail').evidence.receipts

  it.each<readonly [string, string, string, Partial<EquivocationEvidence>]>([
    ['no session', 'session', 'JSON_INVALID', { session: encodeUtf8('session') }],
    [
      'a first receipt that the gateway did not sign',
      'first.signature',
      'RECEIPT_SIGNATURE',
      { receipts: [forged[1], forged[0]] },
    ],
    ['a first receipt that is none', 'first.receipt-format', 'RECEIPT_ENCODING', { receipts: ['x.y.z', second] }],
    ['a second receipt that is none', 'second.receipt-format', 'RECEIPT_ENCODING', { receipts: [first, 'x.y.z'] }],
  ])('[R17] has %s', async (_, check, code, changes) => {
    const verdict = await judgeFixture(good, changes)
    expect([failedCheck(verdict.checks)?.name, verdict.ok ? 'ok' : verdict.code]).toEqual([check, code])
  })
})

describe('a bundle', () => {
  const { bytes } = readFixture('same-seq')
  const altered = (change: (text: string) => string): string =>
    failureOf(() => decodeEquivocation(encodeUtf8(change(decodeUtf8(bytes)))))

  it.each<readonly [string, string, (text: string) => string]>([
    ['another type', 'PARSE_INVALID', (text) => text.replace('equivocation:1', 'equivocation:2')],
    ['another record', 'PARSE_INVALID', (text) => text.replace('"first"', '"third"')],
    ['a record more', 'PARSE_INVALID', (text) => text.replace(/}$/, ',"note":1}')],
    ['another media type', 'PARSE_INVALID', (text) => text.replace('application/eat+jwt', 'text/plain')],
    ['a result for evidence', 'PARSE_INVALID', (text) => text.replace(/,4\]\}$/, ',8]}')],
    ['a record twice', 'JSON_DUPLICATE_KEY', (text) => text.replace('{', '{"first":1,')],
    ['more than it may hold', 'EVIDENCE_TOO_LARGE', (text) => `${text}${' '.repeat(1 << 18)}`],
  ])('rejects %s with %s', (_, code, change) => {
    expect(altered(change)).toBe(code)
  })
})
