/** The steps before an answer, as an archive holds them: read strictly, judged with the answer, shown as far as the answer is. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  type Archive,
  decodeArchive,
  discloseArchive,
  encodeArchive,
  verifyArchive,
} from '../../../src/core/archive/index.ts'
import { decodeTokenLines } from '../../../src/core/archive/token-lines.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { receiptDigest } from '../../../src/core/receipt/conversation.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { checkSteps } from '../../../src/core/receipt/run-chain.ts'
import { failedCheck, judge } from '../../../src/core/verdict.ts'
import { testKey } from '../../kit/ed25519.ts'
import { failureOf } from '../../kit/failure-of.ts'
import { readFixture } from '../receipt/fixture.ts'
import { type Call, digestOf, issueRun, record, viewOf } from '../receipt/run-fixture.ts'

const LOOK: Call = { id: 'call_1', tool: 'docs__look', arguments: '{"page":1}', result: 'signed' }
const LIST = [{ role: 'user', content: 'What does a receipt prove?' }]

const first = issueRun({
  list: LIST,
  exchange: { calls: [{ id: LOOK.id, tool: LOOK.tool, arguments: digestOf(LOOK.arguments) }] },
}).archive
const last = issueRun({
  list: LIST,
  exchange: { tools: [record(LOOK)], run: { step: 1, parents: [receiptDigest(first.receipt)] } },
}).archive
const whole: Archive = { ...last, steps: [first.receipt] }

async function judgeSteps(steps: readonly string[] | undefined, token = last.receipt): Promise<readonly unknown[]> {
  const verdict = await judge(['run'], async (check) => {
    await checkSteps(check, { token, step: 1, steps }, viewOf(last.session))
    return {}
  })
  return verdict.ok ? ['ok', verdict.checks[0]?.status] : [verdict.code, failedCheck(verdict.checks)?.name]
}

describe('steps in an archive', () => {
  it('are given back as they were put in', () => {
    const bytes = encodeArchive(whole)
    expect(decodeArchive(bytes).steps).toEqual([first.receipt])
    expect(encodeArchive(decodeArchive(bytes))).toEqual(bytes)
  })

  it.each<[string, string, string]>([
    ['without the last line feed', 'a.b.c~', 'PARSE_INVALID'],
    ['with an empty line', 'a.b.c~\n\na.b.c~\n', 'PARSE_INVALID'],
    ['without one', '', 'PARSE_INVALID'],
    ['with a carriage return', 'a.b.c~\r\n', 'PARSE_INVALID'],
    ['more than one octet can count', 'a\n'.repeat(256), 'EVIDENCE_TOO_LARGE'],
  ])('are refused %s', (_, text, code) => {
    expect(failureOf(() => decodeTokenLines(encodeUtf8(text), 'archive.steps'))).toBe(code)
  })
})

describe('the check of steps', () => {
  it('passes for the steps of one run under one key', async () => {
    expect(await judgeSteps([first.receipt])).toEqual(['ok', 'pass'])
  })

  it('is not performed where they are not held', async () => {
    expect(await judgeSteps(undefined)).toEqual(['ok', 'not-performed'])
  })

  const forged = issueRun({ list: LIST, receiptKey: testKey(0x07) })

  it.each<[string, readonly string[], string]>([
    ['one is of another run', [issueRun({ list: [...LIST, ...LIST] }).archive.receipt], 'RECEIPT_CONTEXT'],
    ['there are too many', [first.receipt, first.receipt], 'RECEIPT_CONTEXT'],
    ['there are none', [], 'RECEIPT_CONTEXT'],
    ['one does not decode', ['x'], 'RECEIPT_ENCODING'],
  ])('[R12] fails where %s', async (_, steps, code) => {
    expect(await judgeSteps(steps)).toEqual([code, 'run'])
  })

  it('[R12] fails where the session did not sign one, though all name each other', async () => {
    const token = forged.archive.receipt
    const next = issueRun({
      list: LIST,
      exchange: { run: { step: 1, parents: [receiptDigest(token)] } },
    }).archive.receipt
    expect(await judgeSteps([token], next)).toEqual(['KEY_UNATTESTED', 'run'])
  })

  it('is part of the verdict on an archive', async () => {
    const { held, trust, time } = readFixture('quoted')
    const archive = decodeArchive(new Uint8Array(readFileSync('attestation-fixtures/answer/quoted/archive.cmw.json')))
    const policy = { ...trust.policy, audit: { time: 'unchecked', witnesses: 'unchecked' } } as const
    const runOf = async (judged: Archive): Promise<readonly unknown[]> => {
      const { asOf } = await verifyArchive(judged, held, { ...trust, policy }, { now: time.at, at: time.at })
      return [asOf.ok, asOf.checks.find(({ name }) => name === 'run')?.status]
    }
    expect(await runOf(archive)).toEqual([true, 'not-performed'])
    expect(await runOf({ ...archive, steps: [first.receipt] })).toEqual([false, 'fail'])
  })
})

describe('of a disclosed archive the steps', () => {
  it('show no more than the answer does', async () => {
    const { archive, shown } = discloseArchive(whole, { hide: ['response', 'dependencies'] })
    expect(archive.steps?.map((step) => Object.keys(decodeReceipt(step).disclosed))).toEqual([shown])
    expect(await judgeSteps(archive.steps, archive.receipt)).toEqual(['ok', 'pass'])
  })

  it.each(['request', 'exchange'] as const)('are left out without the %s, which links them', (name) => {
    expect(discloseArchive(whole, { hide: [name] }).archive.steps).toBeUndefined()
  })
})
