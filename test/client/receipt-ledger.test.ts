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
    ledger.add(receipts[0], session)
    const error = await refusal(ledger.refuseContradiction(receipts[1]))
    expect(error?.failure).toBe('RECEIPT_EQUIVOCATION')
    const evidence = decodeEquivocation(error?.evidence ?? new Uint8Array(0))
    expect(evidence).toEqual({ session, receipts })
    expect(await verifyEquivocation(evidence)).toMatchObject({ ok: true })
  })

  it.each(['one-receipt', 'two-exchanges', 'forged', 'stranger', 'other-session'])(
    'leave alone what convicts nobody: %s',
    async (name) => {
      const { session, receipts } = pairOf(name)
      const ledger = new ReceiptLedger()
      ledger.add(receipts[0], session)
      expect(await refusal(ledger.refuseContradiction(receipts[1]))).toBeUndefined()
    },
  )

  it('leave what is no receipt to the verifier', async () => {
    await expect(new ReceiptLedger().refuseContradiction('x.y.z~')).resolves.toBeUndefined()
  })

  it('are forgotten from the oldest on', async () => {
    const { session, receipts } = pairOf('same-seq')
    const ledger = new ReceiptLedger(1)
    ledger.add(receipts[0], session)
    const other = pairOf('same-jti')
    ledger.add(other.receipts[1], other.session)
    expect(await refusal(ledger.refuseContradiction(receipts[1]))).toBeUndefined()
  })
})
