/** A fetch whose answers are verified before the application sees their end. On by default, fails closed. @module */

import { decodeArchive } from '../core/archive/index.ts'
import { encodeBase64Url } from '../core/encoding/base64.ts'
import type { Trust } from '../core/evidence/attestation.ts'
import type { HeldChannel } from '../core/evidence/channel.ts'
import type { FailureCode } from '../core/failure-codes.ts'
import type { Lock } from '../core/lock.ts'
import { GRADES, type Grade, type Policy } from '../core/policy.ts'
import { type HeldExchange, type HeldOctets, holdOctets, verifyReceipt } from '../core/receipt/verify.ts'
import { CountersignError } from '../errors.ts'
import { missingReceipt, readTransforms, ridNames } from './carried-receipt.ts'
import type { Channel, ChannelResponse } from './channel.ts'
import { type ClientDeps, createClientDeps } from './deps.ts'
import { demand, NotVerifiedError } from './errors.ts'
import { verifiedEventBody } from './event-body.ts'
import { bearsReceipt, credentials, type Exchange, readExchange, takesBody } from './exchange.ts'
import { GatewayAttestation } from './gateway-attestation.ts'
import { pollDocument, readBody } from './http.ts'
import type { ReceiptContext } from './reach-grade.ts'
import { type AttestedReceipt, createReceipt } from './receipt.ts'
import { ReceiptLedger } from './receipt-ledger.ts'

export interface AttestedFetchOptions {
  readonly policy: Policy
  /** Needed where the policy locks measurements or models. */
  readonly lock?: Lock
  /** Told of each verified receipt. */
  readonly onReceipt?: (receipt: AttestedReceipt) => void
  /** Longest unstreamed answer, and most that is held back of a stream, octets. */
  readonly maxAnswerSize?: number
  /** Asks the gateway to hold each answer until its receipt has this grade; what policy asks for is waited for in any case. */
  readonly grade?: Grade
  /** Seconds that the gateway may hold an answer for that; its own limit applies too. */
  readonly wait?: number
  /** Binds every connection to keys of the verified session: of `countersign/ohttp` or `countersign/node`. */
  readonly channel?: Channel | 'none'
  readonly deps?: Partial<ClientDeps>
}

export type AttestedFetch = typeof globalThis.fetch

const MAX_ANSWER_SIZE = 64 * 1024 * 1024
const NONCE_SIZE = 32
const MAX_REMEMBERED = 10_000
/** What verifying the gateway anew may mend: the receipt is of another session, or dated after the quote at hand. */
const RENEWED: readonly FailureCode[] = ['EVIDENCE_DIGEST_MISMATCH', 'KEY_EXPIRED']
const RECEIPT_ID = /^[A-Za-z0-9_-]{21}[AQgw]$/
const receipts: WeakMap<Response, Promise<AttestedReceipt>> = new WeakMap()

/**
 * The receipt of an answer that an attested fetch gave. For a stream it resolves when the stream has been read to its end, and rejects
 * when the stream breaks, is cancelled or does not verify.
 * @throws CountersignError ERR_USAGE for any other response
 */
export function receiptOf(response: Response): Promise<AttestedReceipt> {
  const receipt = receipts.get(response)
  if (receipt === undefined)
    throw new CountersignError('ERR_USAGE', 'this response does not come from an attested fetch, or bears no receipt')
  return receipt
}

class AttestedFetcher {
  readonly #trust: Trust
  readonly #deps: ClientDeps
  readonly #maxAnswerSize: number
  readonly #onReceipt: (receipt: AttestedReceipt) => void
  readonly #prefer: string | undefined
  readonly #channel: Channel | 'none'
  readonly #ledger: ReceiptLedger = new ReceiptLedger()
  readonly #gateways: Map<string, GatewayAttestation> = new Map()
  /** `jti` of receipts accepted here: one receipt answers one request. */
  readonly #seen: Set<string> = new Set()

  constructor({
    policy,
    lock,
    onReceipt = () => undefined,
    maxAnswerSize = MAX_ANSWER_SIZE,
    channel = 'none',
    deps = {},
    ...waiting
  }: AttestedFetchOptions) {
    // Whoever stands in between can leave disclosures out of the token. Here the octets of both directions are held, so they are compared.
    const disclosures = [...new Set([...policy.disclosures, 'request' as const, 'response' as const])]
    this.#trust = { policy: { ...policy, disclosures }, lock }
    this.#deps = createClientDeps(deps)
    this.#maxAnswerSize = maxAnswerSize
    this.#onReceipt = onReceipt
    this.#prefer = preferenceOf(waiting)
    this.#channel = channel
  }

  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const exchange = await readExchange(input, init)
    const method = exchange.init.method ?? 'GET'
    // Nothing of the prompt leaves, nor any key, before the gateway has verified.
    await this.#gateway(exchange.base).current()
    if (!bearsReceipt(method, exchange.path))
      return (await this.#send(exchange.base, exchange.url, exchange.init)).response
    const nonce = this.#deps.random(NONCE_SIZE)
    const noncedAt = this.#deps.clock.now()
    exchange.headers.set('attestation-nonce', encodeBase64Url(nonce))
    // Beside what the application prefers: a list, RFC 7240 section 2.
    if (this.#prefer !== undefined) exchange.headers.append('prefer', this.#prefer)
    const { response, held } = await this.#send(exchange.base, exchange.url, {
      ...exchange.init,
      headers: exchange.headers,
      ...(takesBody(method) ? { body: exchange.request.slice() } : {}),
    })
    const accept = (token: string | undefined, octets: HeldOctets): Promise<AttestedReceipt> =>
      this.#accept(token, octets, { exchange, response, nonce, noncedAt, channel: held })
    const isStream = (response.headers.get('content-type') ?? '').startsWith('text/event-stream')
    return isStream && response.body !== null
      ? this.#streamed(response, response.body, accept)
      : this.#whole(response, accept)
  }

  #gateway(base: string): GatewayAttestation {
    const known = this.#gateways.get(base)
    if (known !== undefined) return known
    const gateway = new GatewayAttestation(base, { trust: this.#trust, deps: this.#deps, channel: this.#channel })
    this.#gateways.set(base, gateway)
    return gateway
  }

  /** What the gateway keeps for its holder is fetched the way that the answer came. */
  #over(base: string): ClientDeps {
    const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> =>
      (await this.#send(base, input instanceof Request ? input.url : String(input), init)).response
    return { ...this.#deps, fetch }
  }

  /** A gateway that began anew has other keys. Nothing went to whoever showed one that was not named, so it is verified anew, once. */
  async #send(base: string, url: string, init: RequestInit): Promise<ChannelResponse> {
    const gateway = this.#gateway(base)
    const { channel } = await gateway.current()
    try {
      return await channel.fetch(url, init)
    } catch (error) {
      if (!(error instanceof NotVerifiedError && error.failure === 'CHANNEL_KEY_MISMATCH')) throw error
      return (await gateway.renew()).channel.fetch(url, init)
    }
  }

  async #whole(response: Response, accept: Accept): Promise<Response> {
    const body = await readBody(response, this.#maxAnswerSize)
    const receipt = await accept(response.headers.get('inference-receipt') ?? undefined, holdOctets(body))
    const verified = new Response(response.body === null ? null : body.slice(), response)
    receipts.set(verified, Promise.resolve(receipt))
    return verified
  }

  #streamed(response: Response, body: ReadableStream<Uint8Array>, accept: Accept): Response {
    const { promise, resolve, reject } = deferred<AttestedReceipt>()
    const verified = new Response(
      verifiedEventBody(body, {
        verify: async ({ digest, size, receipt }) => resolve(await accept(receipt, { digest, size })),
        abandon: reject,
        maxHeld: this.#maxAnswerSize,
      }),
      response,
    )
    receipts.set(verified, promise)
    return verified
  }

  async #accept(token: string | undefined, response: HeldOctets, context: AcceptContext): Promise<AttestedReceipt> {
    if (token === undefined) throw missingReceipt()
    const { exchange, nonce, noncedAt } = context
    // The header is the host's: as an address it must be an id and nothing else before anything is fetched with it.
    const sent = context.response.headers.get('inference-receipt-id') ?? ''
    const rid = RECEIPT_ID.test(sent) ? sent : ''
    const headers = credentials(exchange.headers)
    const held: HeldExchange = {
      nonce,
      request: holdOctets(exchange.request),
      response,
      outcome: context.response.ok ? 'complete' : 'any',
      seen: this.#seen,
      channel: context.channel,
      prev: exchange.headers.get('inference-receipt-prev') ?? 'none',
      replay: await this.#replay(token, exchange, rid),
    }
    await this.#ledger.refuseContradiction(token)
    const { session, ...judged } = await this.#verify(token, held, exchange)
    const verdict = demand(judged.verdict)
    const { jti } = verdict.value.claims
    if (!ridNames(rid, jti))
      throw new NotVerifiedError('RECEIPT_CONTEXT', [
        {
          name: 'receipt-id',
          status: 'fail',
          required: true,
          detail: 'the receipt id of the response is not that of the receipt',
          code: 'RECEIPT_CONTEXT',
        },
      ])
    this.#remember(jti)
    await this.#ledger.add(token, session)
    const kept: ReceiptContext = {
      base: exchange.base,
      rid,
      headers,
      held: { ...held, seen: new Set() },
      noncedAt,
      session,
      trust: this.#trust,
      deps: this.#over(exchange.base),
    }
    const signed = createReceipt(token, verdict, kept)
    // The answer waits until its receipt has the grade that policy asks for; one out of reach fails there with GRADE_TOO_LOW.
    const { grade, audit } = this.#trust.policy
    const reachable = grade === 'witnessed' && audit.witnesses === 'unchecked' ? 'quoted' : grade
    const receipt = reachable === 'signed' ? signed : await signed.upgrade(reachable)
    this.#onReceipt(receipt)
    return receipt
  }

  /** The nonce of each request already keeps receipts apart; this keeps them apart where a nonce would be repeated. */
  #remember(jti: string): void {
    this.#seen.add(jti)
    const [oldest] = this.#seen
    if (this.#seen.size > MAX_REMEMBERED && oldest !== undefined) this.#seen.delete(oldest)
  }

  /** Verifies under the gateway as held; once more after verifying it anew, because a reboot, an epoch or a later quote came in between. */
  async #verify(token: string, held: HeldExchange, { base }: Exchange): Promise<JudgedReceipt> {
    const gateway = this.#gateway(base)
    const { attestation, session } = await gateway.current()
    const verdict = await verifyReceipt(token, attestation, held, this.#trust)
    if (verdict.ok || !RENEWED.includes(verdict.code)) return { verdict, session }
    const renewed = await gateway.renew()
    return {
      verdict: await verifyReceipt(token, renewed.attestation, held, this.#trust),
      session: renewed.session,
    }
  }

  /** Octets that the gateway inserted, where policy wants the changes replayed and there are any. */
  async #replay(token: string, { base, request, headers }: Exchange, rid: string): Promise<HeldExchange['replay']> {
    const transforms = readTransforms(token)
    if (this.#trust.policy.transforms === 'unchecked' || transforms === 0) return { request, inserts: new Map() }
    if (rid === '') return 'not-held'
    const asked = { headers: { ...credentials(headers), accept: 'application/cmw+json' }, timeoutMs: 10_000 }
    return {
      request,
      inserts:
        decodeArchive(await pollDocument(`${base}/receipts/${rid}`, asked, this.#over(base))).inserts ?? new Map(),
    }
  }
}

interface JudgedReceipt {
  readonly verdict: Awaited<ReturnType<typeof verifyReceipt>>
  /** Octets of the session that it was judged under. */
  readonly session: Uint8Array
}

/** `Prefer: receipt=…, wait=…`; nothing where neither is asked for. */
function preferenceOf({ grade, wait }: Pick<AttestedFetchOptions, 'grade' | 'wait'>): string | undefined {
  if (grade !== undefined && !GRADES.includes(grade))
    throw new CountersignError('ERR_USAGE', `grade is one of ${GRADES.join(', ')}`)
  if (wait !== undefined && !(Number.isSafeInteger(wait) && wait >= 0))
    throw new CountersignError('ERR_USAGE', 'wait is a whole number of seconds')
  const wanted = [...(grade === undefined ? [] : [`receipt=${grade}`]), ...(wait === undefined ? [] : [`wait=${wait}`])]
  return wanted.length === 0 ? undefined : wanted.join(', ')
}

type Accept = (token: string | undefined, held: HeldOctets) => Promise<AttestedReceipt>

interface AcceptContext {
  readonly exchange: Exchange
  readonly response: Response
  readonly nonce: Uint8Array
  readonly noncedAt: Date
  readonly channel: HeldChannel
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (reason: unknown) => void } {
  let resolve: (value: T) => void = () => undefined
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  // Whoever does not ask for the receipt sees the failure on the stream itself.
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}

/**
 * A `fetch` that verifies: the gateway before anything is sent, each answer before its end.
 *
 * @example
 * import OpenAI from 'openai'
 * import { createAttestedFetch } from 'countersign'
 * const fetch = createAttestedFetch({ policy, lock })
 * const client = new OpenAI({ baseURL: 'https://gw.example.com/v1', apiKey, fetch })
 */
export function createAttestedFetch(options: AttestedFetchOptions): AttestedFetch {
  if (options.lock === undefined && options.policy.measurements === 'locked') {
    throw new CountersignError(
      'ERR_CONFIG',
      'the policy locks measurements: give the lock file, or spell measurements "unchecked"',
    )
  }
  const fetcher = new AttestedFetcher(options)
  return (input, init) => fetcher.fetch(input, init)
}
