/** Receipts of the model calls on the way to an answer: found by the rid of the answer, and kept and erased with its receipt. @module */
import { sha256 } from '../../core/crypto/index.ts'
import { decodeBase64Url, encodeBase64Url } from '../../core/encoding/base64.ts'
import { concatBytes } from '../../core/encoding/bytes.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import { decodeReceipt } from '../../core/receipt/receipt.ts'
import { readRunMembers } from '../../core/receipt/run.ts'
import { eraseReceipt, findReceipt, type ReceiptShelf, type ReceiptWish, type StoredReceipt } from './sealed-store.ts'

const DOMAIN = encodeUtf8('countersign:run:1\0')
const RID_SIZE = 16

type Kept = Extract<StoredReceipt, { state: 'kept' }>

/**
 * Name and capability of a step's receipt: whoever has the rid of the answer can fetch it too. docs/formats.md, Tools and runs.
 * @param step below 256
 */
export function stepRid(rid: Uint8Array, step: number): Uint8Array {
  return sha256(concatBytes(DOMAIN, rid, Uint8Array.of(step))).subarray(0, RID_SIZE)
}

/** Model calls before the one that a receipt is about. */
function stepsBefore({ token }: Kept): number {
  const { exchange } = decodeReceipt(token).disclosed
  return (exchange && readRunMembers(exchange).run?.step) ?? 0
}

function stepWish({ rid, tenant }: ReceiptWish, step: number): ReceiptWish {
  return { rid: encodeBase64Url(stepRid(decodeBase64Url(rid), step)), tenant }
}

/** Tokens of the steps before, the first first; undefined where there were none, or one is not there any more. */
export async function findSteps(
  shelf: ReceiptShelf,
  wish: ReceiptWish,
  receipt: Kept,
): Promise<readonly string[] | undefined> {
  const count = stepsBefore(receipt)
  const tokens: string[] = []
  for (let step = 0; step < count; step++) {
    const found = await findReceipt(shelf, stepWish(wish, step))
    if (found?.state === 'kept') tokens.push(found.token)
  }
  return count > 0 && tokens.length === count ? tokens : undefined
}

/** Erases the steps first: what is left after a crash is found and erased by asking again. */
export async function eraseRun(shelf: ReceiptShelf, wish: ReceiptWish, receipt: Kept): Promise<void> {
  const count = stepsBefore(receipt)
  for (let step = 0; step < count; step++) {
    const found = await findReceipt(shelf, stepWish(wish, step))
    if (found?.state === 'kept') await eraseReceipt(shelf, stepWish(wish, step), found)
  }
  await eraseReceipt(shelf, wish, receipt)
}
