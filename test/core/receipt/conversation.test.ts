/** Chains of receipts: a turn that is taken out, put in, moved or altered shows in the one behind it. */
import { describe, expect, inject, it } from 'vitest'
import { sha256 } from '../../../src/core/crypto/index.ts'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { receiptDigest, verifyConversation } from '../../../src/core/receipt/conversation.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { createSimulatedSnp, importPki } from '../../../src/simulator/index.ts'
import { issueAnswer } from '../../kit/issue-answer.ts'
import { simulatedClock } from '../../kit/simulated-clock.ts'

const snp = await createSimulatedSnp({
  pki: importPki(inject('simulatedPki')),
  clock: simulatedClock,
  latencyMs: 1,
  throttle: 'none',
})

/** A receipt that says it follows `prev`, of a turn by its text. */
function turn(text: string, prev: string | 'none'): string {
  const { archive } = issueAnswer(snp, {
    request: encodeUtf8(text),
    disclosed: (values) => ({ ...values, exchange: { ...values.exchange, ...(prev === 'none' ? {} : { prev }) } }),
  })
  return archive.receipt
}

const one = turn('one', 'none')
const two = turn('two', receiptDigest(one))
const three = turn('three', receiptDigest(two))
/** Without the last disclosure, which is the exchange. */
const withheld = (token: string): string => `${token.split('~').slice(0, -2).join('~')}~`

async function refusalOf(...tokens: readonly string[]): Promise<readonly unknown[]> {
  const verdict = await verifyConversation(tokens)
  return verdict.ok ? ['verified'] : [verdict.code, failedCheck(verdict.checks)?.name]
}

describe('a receipt is named by', () => {
  it('the SHA-256 of its signed part, in the spelling of digests', () => {
    const [signed = ''] = one.split('~')
    expect(receiptDigest(one)).toBe(`sha256:${encodeHex(sha256(encodeUtf8(signed)))}`)
  })

  it('the same digest whatever is disclosed', () => {
    expect(receiptDigest(withheld(one))).toBe(receiptDigest(one))
    expect(receiptDigest(decodeReceipt(one).issuerJws)).toBe(receiptDigest(one))
  })
})

describe('a conversation', () => {
  it('verifies where each receipt follows the one before', async () => {
    const verdict = await verifyConversation([one, two, three])
    expect(verdict.ok && verdict.value.receipts.map(({ issuerJws }) => receiptDigest(issuerJws))).toEqual(
      [one, two, three].map(receiptDigest),
    )
    expect(verdict.ok && verdict.value.begins).toBe('none')
  })

  it('says where it goes on from when its beginning is not given', async () => {
    const verdict = await verifyConversation([two, three])
    expect(verdict.ok && verdict.value.begins).toBe(receiptDigest(one))
  })

  it('needs nothing of the first receipt but its signed part', async () => {
    expect(await refusalOf(withheld(one), two, three)).toEqual(['verified'])
  })

  it.each<[string, readonly string[]]>([
    ['a turn was taken out', [one, three]],
    ['two turns were exchanged', [one, three, two]],
    ['a turn was put in', [one, turn('between', receiptDigest(one)), two]],
    ['a turn was told twice', [one, one]],
    ['a turn was answered again', [turn('one, otherwise', 'none'), two]],
    ['another beginning was put behind it', [one, turn('new', 'none')]],
  ])('[R6] [R13] is refused when %s', async (_, tokens) => {
    expect(await refusalOf(...tokens)).toEqual(['RECEIPT_CONTEXT', 'prev'])
  })

  it('[R8] is refused where a link is withheld', async () => {
    expect(await refusalOf(one, withheld(two), three)).toEqual(['CLAIM_MISSING', 'prev'])
  })

  it('is refused where a receipt does not decode, or there is none', async () => {
    expect(await refusalOf(one, 'x')).toEqual(['RECEIPT_ENCODING', 'receipts'])
    expect(await refusalOf()).toEqual(['CHECK_NOT_PERFORMED', 'receipts'])
  })
})
