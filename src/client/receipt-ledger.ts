/**
 * Receipts accepted here, for as long as this program runs: a gateway that hands out another one for the same request, name or number has
 * convicted itself. Bounded: the oldest are forgotten first. @module
 */
import { encodeEquivocation } from '../core/archive/index.ts'
import { type EquivocationEvidence, findContradiction, verifyEquivocation } from '../core/receipt/equivocation.ts'
import { decodeReceipt, type Receipt } from '../core/receipt/receipt.ts'
import { readReceipt } from './carried-receipt.ts'
import { NotVerifiedError } from './errors.ts'

const MAX_REMEMBERED = 10_000

/** A receipt that verified, under the session whose octets are beside it. */
interface Entry {
  readonly token: string
  readonly session: Uint8Array
}

/** What a second receipt of one session would share with the first: place, name, and the nonce that was sent once. */
function namesOf({ claims }: Receipt): readonly string[] {
  const { session, seq, jti, eat_nonce: nonce } = claims
  return [`seq ${session} ${seq}`, `jti ${jti}`, ...(nonce === undefined ? [] : [`nonce ${nonce}`])]
}

export class ReceiptLedger {
  readonly #entries: Map<string, Entry> = new Map()
  readonly #limit: number

  /** @param limit most receipts that are remembered */
  constructor(limit: number = MAX_REMEMBERED) {
    this.#limit = limit * 3
  }

  /**
   * Remembers a receipt that verified, and holds it against those that verified while it was judged: answers come at the same time.
   * @param receipt what the token holds, where it is decoded already
   * @throws NotVerifiedError as {@link refuseContradiction}
   */
  async add(token: string, session: Uint8Array, receipt: Receipt = decodeReceipt(token)): Promise<void> {
    const names = namesOf(receipt)
    const known = names.flatMap((name) => this.#entries.get(name) ?? [])
    // Before anything is waited for: of two at once, the second must find the first.
    for (const name of names) this.#set(name, { token, session })
    for (const entry of known) await refuseEquivocation({ session: entry.session, receipts: [entry.token, token] })
  }

  #set(name: string, entry: Entry): void {
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > this.#limit && oldest !== undefined) this.#entries.delete(oldest)
  }

  /**
   * Holds a receipt, whoever gave it, against those that verified before.
   * @throws NotVerifiedError RECEIPT_EQUIVOCATION with the pair as evidence when both are signed and contradict each other
   */
  async refuseContradiction(token: string, receipt: Receipt | undefined = readReceipt(token)): Promise<void> {
    if (receipt === undefined) return
    for (const name of namesOf(receipt)) {
      const known = this.#entries.get(name)
      if (known !== undefined) await refuseEquivocation({ session: known.session, receipts: [known.token, token] })
    }
  }
}

/**
 * The session's key must have signed both: a host that makes one up convicts nobody, and what it made up is refused elsewhere.
 * @throws NotVerifiedError RECEIPT_EQUIVOCATION
 */
export async function refuseEquivocation(evidence: EquivocationEvidence): Promise<void> {
  const [one, other] = evidence.receipts.map(readReceipt)
  if (one === undefined || other === undefined || findContradiction(one, other) === undefined) return
  const verdict = await verifyEquivocation(evidence)
  if (!verdict.ok) return
  const detail = verdict.checks.find(({ name }) => name === 'contradiction')?.detail ?? ''
  throw new NotVerifiedError(
    'RECEIPT_EQUIVOCATION',
    [{ name: 'equivocation', status: 'fail', required: true, detail, code: 'RECEIPT_EQUIVOCATION' }],
    encodeEquivocation(evidence),
  )
}
