/** Judges the receipt of an answer, and takes it for the answer to this request and no other. @module */
import { type Archive, decodeArchive } from '../core/archive/index.ts'
import type { Trust } from '../core/evidence/attestation.ts'
import type { HeldChannel } from '../core/evidence/channel.ts'
import type { FailureCode } from '../core/failure-codes.ts'
import { wasForwarded } from '../core/receipt/check-transforms.ts'
import type { Receipt } from '../core/receipt/receipt.ts'
import { type HeldExchange, type HeldOctets, holdOctets, verifySource } from '../core/receipt/verify.ts'
import { issuerJws, missingReceipt, readReceipt, ridNames } from './carried-receipt.ts'
import { demand, NotVerifiedError } from './errors.ts'
import { credentials, type Exchange } from './exchange.ts'
import type { Gateways } from './gateways.ts'
import { pollDocument } from './http.ts'
import { type AttestedReceipt, createReceipt } from './receipt.ts'
import { ReceiptLedger } from './receipt-ledger.ts'

const MAX_REMEMBERED = 10_000
/** What verifying the gateway anew may mend: the receipt is of another session, or dated after the quote at hand. */
const RENEWED: readonly FailureCode[] = ['EVIDENCE_DIGEST_MISMATCH', 'KEY_EXPIRED']
/** Disclosures that answers do not always bring along, for their size. */
const LEFT_BEHIND = ['dependencies', 'exchange'] as const
const RECEIPT_ID = /^[A-Za-z0-9_-]{21}[AQgw]$/

/** An answer on its way, and what was sent to have it. */
export interface AnsweredExchange {
  readonly exchange: Exchange
  readonly response: Response
  readonly nonce: Uint8Array
  readonly noncedAt: Date
  readonly channel: HeldChannel
}

interface JudgedReceipt {
  readonly verdict: Awaited<ReturnType<typeof verifySource>>
  /** Octets of the session that it was judged under. */
  readonly session: Uint8Array
}

interface ReadReceipt {
  readonly token: string
  /** Undefined where it does not decode. */
  readonly carried: Receipt | undefined
  readonly replay: HeldExchange['replay']
}

export class AnswerJudge {
  readonly #trust: Trust
  readonly #gateways: Gateways
  readonly #ledger: ReceiptLedger = new ReceiptLedger()
  /** `jti` of receipts accepted here: one receipt answers one request. */
  readonly #seen: Set<string> = new Set()

  constructor(trust: Trust, gateways: Gateways) {
    this.#trust = trust
    this.#gateways = gateways
  }

  /**
   * @param sent the token as the answer carried it, if it did
   * @throws NotVerifiedError, CountersignError ERR_NETWORK
   */
  async accept(
    sent: string | undefined,
    response: HeldOctets,
    { exchange, channel, nonce, noncedAt, ...answer }: AnsweredExchange,
  ): Promise<AttestedReceipt> {
    if (sent === undefined) throw missingReceipt()
    // The header is the host's: as an address it must be an id and nothing else before anything is fetched with it.
    const named = answer.response.headers.get('inference-receipt-id') ?? ''
    const rid = RECEIPT_ID.test(named) ? named : ''
    const { token, carried, replay } = await this.#read(sent, exchange, rid)
    const held: HeldExchange = {
      nonce,
      request: holdOctets(exchange.request),
      response,
      outcome: answer.response.ok ? 'complete' : 'any',
      seen: this.#seen,
      channel,
      prev: exchange.headers.get('inference-receipt-prev') ?? 'none',
      replay,
    }
    await this.#ledger.refuseContradiction(token, carried)
    const { session, ...judged } = await this.#verify(carried ?? token, held, exchange)
    const verdict = demand(judged.verdict)
    const { jti } = verdict.value.claims
    if (!ridNames(rid, jti)) throw foreignId()
    this.#remember(jti)
    await this.#ledger.add(token, session, verdict.value.receipt)
    const signed = createReceipt(token, verdict, {
      base: exchange.base,
      rid,
      headers: credentials(exchange.headers),
      held: { ...held, seen: new Set() },
      noncedAt,
      session,
      trust: this.#trust,
      deps: this.#gateways.over(exchange.base),
      onReached: (reached) => this.#gateways.reached(exchange.base, reached),
    })
    // The answer waits until its receipt has the grade that policy asks for; one out of reach fails there with GRADE_TOO_LOW.
    const { grade, audit } = this.#trust.policy
    const reachable = grade === 'witnessed' && audit.witnesses === 'unchecked' ? 'quoted' : grade
    return reachable === 'signed' ? signed : await signed.upgrade(reachable)
  }

  /** The nonce of each request already keeps receipts apart; this keeps them apart where a nonce would be repeated. */
  #remember(jti: string): void {
    this.#seen.add(jti)
    const [oldest] = this.#seen
    if (this.#seen.size > MAX_REMEMBERED && oldest !== undefined) this.#seen.delete(oldest)
  }

  /** Verifies under the gateway as held; once more after verifying it anew, because a reboot, an epoch or a later quote came in between. */
  async #verify(receipt: string | Receipt, held: HeldExchange, { base }: Exchange): Promise<JudgedReceipt> {
    const gateway = this.#gateways.at(base)
    const { attestation, session } = await gateway.current()
    const verdict = await verifySource(receipt, attestation, held, this.#trust)
    if (verdict.ok || !RENEWED.includes(verdict.code)) return { verdict, session }
    const renewed = await gateway.renew()
    return {
      verdict: await verifySource(receipt, renewed.attestation, held, this.#trust),
      session: renewed.session,
    }
  }

  /** The receipt as it came with the answer, or with all that policy looks at where the answer left some behind. */
  async #read(sent: string, exchange: Exchange, rid: string): Promise<ReadReceipt> {
    const { request } = exchange
    const carried = readReceipt(sent)
    const isShort = this.#isShort(carried)
    if (!isShort && !this.#isReplayed(carried)) return { token: sent, carried, replay: { request, inserts: new Map() } }
    if (rid === '') return { token: sent, carried, replay: 'not-held' }
    const { receipt = '', inserts = new Map() } = await this.#archiveOf(exchange, rid)
    const replay = { request, inserts }
    // The same signed part with more disclosures; another one is not the receipt of this answer, whatever it discloses.
    return isShort && issuerJws(receipt) === issuerJws(sent)
      ? { token: receipt, carried: readReceipt(receipt), replay }
      : { token: sent, carried, replay }
  }

  /** Whether policy wants changes replayed and there are any: the octets that the gateway inserted are in the archive. */
  #isReplayed(receipt: Receipt | undefined): boolean {
    return this.#trust.policy.transforms !== 'unchecked' && (receipt?.disclosed.forwarded?.transforms.length ?? 0) > 0
  }

  /** Whether policy looks at a disclosure that stayed behind. */
  #isShort(receipt: Receipt | undefined): boolean {
    if (receipt === undefined || !wasForwarded(receipt.claims)) return false
    const { disclosures, dependencies } = this.#trust.policy
    const isDue = { dependencies: dependencies !== 'unchecked', exchange: false }
    return LEFT_BEHIND.some(
      (name) => receipt.disclosed[name] === undefined && (isDue[name] || disclosures.includes(name)),
    )
  }

  async #archiveOf({ base, headers }: Exchange, rid: string): Promise<Archive> {
    const asked = { headers: { ...credentials(headers), accept: 'application/cmw+json' }, timeoutMs: 10_000 }
    return decodeArchive(await pollDocument(`${base}/receipts/${rid}`, asked, this.#gateways.over(base)))
  }
}

function foreignId(): NotVerifiedError {
  const detail = 'the receipt id of the response is not that of the receipt'
  const code = 'RECEIPT_CONTEXT'
  return new NotVerifiedError(code, [{ name: 'receipt-id', status: 'fail', required: true, detail, code }])
}
