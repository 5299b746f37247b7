/** A gateway that signs two receipts where one is due: both kept, and enough to convict it. */
import { describe, expect, it } from 'vitest'
import { NotVerifiedError } from '../../src/client/errors.ts'
import { ReceiptLedger } from '../../src/client/receipt-ledger.ts'
import { decodeEquivocation } from '../../src/core/archive/index.ts'
import { verifyEquivocation } from '../../src/core/receipt/equivocation.ts'
import { PAIRS } from '../tools/answer/equivocation-recipes.ts'

const pairs = new Map(PAIRS.map((pair) => [pair.name, pair]))

function pairOf(name: string): (typeof PAIRS)[number] {
  const pair = pairs.get(name)
  if (pair === undefined) throw new Error(`no pair ${name}`)
  return pair
}

async function refusal(run: Promise<void>): Promise<NotVerifiedError | undefined> {
  try {
    await run
  } catch (error) {
    if (error instanceof NotVerifiedError) return error
    throw error
  }
  return undefined
}

describe('receipts that were accepted before', () => {
  it.each(['same-seq', 'same-jti', 'same-nonce'])('[R17] refuse one that contradicts them: %s', async (name) => {
    const { session, receipts } = pairOf(name)
    const ledger = new ReceiptLedger()
    await ledger.add(receipts[0], session)
    const error = await refusal(ledger.refuseContradiction(receipts[1]))
    expect(error?.failure).toBe('RECEIPT_EQUIVOCATION')
    const evidence = decodeEquivocation(error?.evidence ?? new Uint8Array(0))
    expect(evidence).toEqual({ session, receipts })
    expect(await verifyEquivocation(evidence)).toMatchObject({ ok: true })
  })

  it.each(['same-seq', 'same-jti', 'same-nonce'])(
    '[R17] refuse one that was verified beside them: %s',
    async (name) => {
      const { session, receipts } = pairOf(name)
      const ledger = new ReceiptLedger()
      await ledger.refuseContradiction(receipts[0])
      await ledger.refuseContradiction(receipts[1])
      await ledger.add(receipts[0], session)
      const error = await refusal(ledger.add(receipts[1], session))
      expect(error?.failure).toBe('RECEIPT_EQUIVOCATION')
      const [one, other] = decodeEquivocation(error?.evidence ?? new Uint8Array(0)).receipts
      expect([one, other]).toEqual(receipts)
    },
  )

  it('refuse the second of a pair that is added at once', async () => {
    const { session, receipts } = pairOf('same-seq')
    const ledger = new ReceiptLedger()
    const added = await Promise.all(receipts.map((token) => refusal(ledger.add(token, session))))
    expect(added.filter((error) => error !== undefined)).toHaveLength(1)
  })

  it.each(['one-receipt', 'two-exchanges', 'forged', 'stranger', 'other-session'])(
    'leave alone what convicts nobody: %s',
    async (name) => {
      const { session, receipts } = pairOf(name)
      const ledger = new ReceiptLedger()
      await ledger.add(receipts[0], session)
      expect(await refusal(ledger.refuseContradiction(receipts[1]))).toBeUndefined()
    },
  )

  it('leave what is no receipt to the verifier', async () => {
    await expect(new ReceiptLedger().refuseContradiction('x.y.z~')).resolves.toBeUndefined()
  })

  it('are forgotten from the oldest on', async () => {
    const { session, receipts } = pairOf('same-seq')
    const ledger = new ReceiptLedger(1)
    await ledger.add(receipts[0], session)
    const other = pairOf('same-jti')
    expect(await refusal(ledger.add(other.receipts[1], other.session))).toMatchObject({
      failure: 'RECEIPT_EQUIVOCATION',
    })
    expect(await refusal(ledger.refuseContradiction(receipts[1]))).toBeUndefined()
  })
})
