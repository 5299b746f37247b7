/** A fetch whose answers are verified before the application sees their end. On by default, fails closed. @module */

import { encodeBase64Url } from '../core/encoding/base64.ts'
import { type HeldOctets, holdOctets } from '../core/receipt/verify.ts'
import { type AnsweredExchange, AnswerJudge } from './accept-answer.ts'
import { Collected } from './collected.ts'
import { type Deferred, deferred } from './deferred.ts'
import { type ClientDeps, createClientDeps } from './deps.ts'
import type { NotVerifiedError } from './errors.ts'
import { verifiedEventBody } from './event-body.ts'
import { bearsReceipt, type Exchange, readExchange, takesBody } from './exchange.ts'
import { Gateways } from './gateways.ts'
import { fetchStraight, readBody } from './http.ts'
import { keepAnswer } from './keep-answer.ts'
import { enforce, observe, type Tolerance } from './observe.ts'
import { type AttestedFetchOptions, refuseUnknownOptions } from './options.ts'
import { preferenceOf } from './prefer.ts'
import type { AttestedReceipt } from './receipt.ts'
import { bearReceipt } from './receipt-of.ts'
import { receiptSink, type SinkInit } from './receipt-sink.ts'
import { mayEndResponse } from './response-end.ts'
import type { ReceiptStore } from './store.ts'
import { settleTrust } from './trust.ts'

export type AttestedFetch = typeof globalThis.fetch

const MAX_ANSWER_SIZE = 64 * 1024 * 1024
const NONCE_SIZE = 32
const RESPONSES = /^\/responses\b/

/** An answer that is to be judged, and where what comes of it goes. */
interface Pending {
  readonly response: Response
  readonly judge: (token: string | undefined, held: HeldOctets, octets: Uint8Array | undefined) => Promise<void>
  readonly receipt: Deferred<AttestedReceipt>
}

class AttestedFetcher {
  readonly #deps: ClientDeps
  readonly #maxAnswerSize: number
  readonly #onReceipt: (receipt: AttestedReceipt) => void
  readonly #store: ReceiptStore | undefined
  readonly #prefer: string | undefined
  readonly #tolerate: Tolerance
  /** Whether a gateway that does not verify is asked all the same. */
  readonly #asksUnverified: boolean
  readonly #gateways: Gateways
  readonly #judge: AnswerJudge

  constructor({
    policy,
    lock,
    revocations,
    approval,
    verify = 'enforce',
    onObserved = () => undefined,
    onReceipt = () => undefined,
    store,
    maxAnswerSize = MAX_ANSWER_SIZE,
    channel = 'none',
    deps = {},
    ...waiting
  }: AttestedFetchOptions) {
    const trust = settleTrust({ policy, lock, revocations, approval }, channel === 'none' ? channel : channel.binding)
    this.#deps = createClientDeps(deps)
    this.#maxAnswerSize = maxAnswerSize
    this.#onReceipt = onReceipt
    this.#store = store
    this.#prefer = preferenceOf(waiting)
    // Plain JavaScript may give any word: all others enforce.
    this.#tolerate = verify === 'observe' ? observe({ warn: this.#deps.warn, onObserved }) : enforce
    this.#asksUnverified = verify === 'observe' && channel === 'none'
    this.#gateways = new Gateways({ trust, deps: this.#deps, channel, store })
    this.#judge = new AnswerJudge(trust, this.#gateways)
  }

  async fetch(input: string | URL | Request, init?: SinkInit): Promise<Response> {
    const exchange = await readExchange(input, init)
    const method = exchange.init.method ?? 'GET'
    const refusal = await this.#refusalOf(exchange)
    const body = takesBody(method) ? { body: exchange.request.slice() } : {}
    const receipt = deferred<AttestedReceipt>()
    if (refusal !== undefined) {
      receipt.reject(refusal)
      init?.[receiptSink]?.(receipt.promise)
      const asked = { ...exchange.init, ...body }
      return bearReceipt(await fetchStraight(this.#deps.fetch, exchange.url, asked), receipt.promise)
    }
    if (!bearsReceipt(method, exchange.path))
      return (await this.#gateways.send(exchange.base, exchange.url, exchange.init)).response
    const nonce = this.#deps.random(NONCE_SIZE)
    const noncedAt = this.#deps.clock.now()
    exchange.headers.set('attestation-nonce', encodeBase64Url(nonce))
    // Beside what the application prefers: a list, RFC 7240 section 2.
    if (this.#prefer !== undefined) exchange.headers.append('prefer', this.#prefer)
    const sent = { ...exchange.init, headers: exchange.headers, ...body }
    const { response, held: channel } = await this.#gateways.send(exchange.base, exchange.url, sent)
    init?.[receiptSink]?.(receipt.promise)
    const judge = this.#judging({ exchange, response, nonce, noncedAt, channel }, receipt)
    const isStream = (response.headers.get('content-type') ?? '').startsWith('text/event-stream')
    return isStream && response.body !== null
      ? this.#streamed(response.body, { response, judge, receipt, path: exchange.path })
      : this.#whole({ response, judge, receipt })
  }

  #judging(answered: AnsweredExchange, receipt: Deferred<AttestedReceipt>): Pending['judge'] {
    const { exchange, response, noncedAt } = answered
    return async (token, held, octets) => {
      try {
        const accepted = await this.#judge.accept(token, held, answered)
        if (this.#store !== undefined) {
          const delivered = { exchange, response, octets, askedAt: noncedAt, deps: this.#deps }
          await keepAnswer(this.#store, accepted, delivered)
        }
        this.#onReceipt(accepted)
        receipt.resolve(accepted)
      } catch (error) {
        receipt.reject(this.#tolerate(error))
      }
    }
  }

  /** Nothing of the prompt leaves, nor any key, before the gateway has verified; observing, why it did not. */
  async #refusalOf({ base }: Exchange): Promise<NotVerifiedError | undefined> {
    try {
      await this.#gateways.at(base).current()
      return undefined
    } catch (error) {
      // A channel is opened under a verified session: without one, what was asked for cannot be had.
      if (!this.#asksUnverified) throw error
      return this.#tolerate(error)
    }
  }

  async #whole({ response, judge, receipt }: Pending): Promise<Response> {
    try {
      const body = await readBody(response, this.#maxAnswerSize)
      await judge(response.headers.get('inference-receipt') ?? undefined, holdOctets(body), body)
      return bearReceipt(new Response(response.body === null ? null : body.slice(), response), receipt.promise)
    } catch (error) {
      receipt.reject(error)
      throw error
    }
  }

  #streamed(
    body: ReadableStream<Uint8Array>,
    { response, judge, receipt, path }: Pending & Pick<Exchange, 'path'>,
  ): Response {
    const kept = this.#store && new Collected(this.#maxAnswerSize)
    const verified = verifiedEventBody(body, {
      verify: ({ digest, size, receipt: token }) => judge(token, { digest, size }, kept?.whole()),
      abandon: receipt.reject,
      maxHeld: this.#maxAnswerSize,
      ...(RESPONSES.test(path) && { mayEnd: mayEndResponse }),
      ...(kept && { tap: (octets) => kept.add(octets) }),
    })
    return bearReceipt(new Response(verified, response), receipt.promise)
  }
}

/**
 * A `fetch` that verifies: the gateway before anything is sent, each answer before its end.
 *
 * @throws CountersignError ERR_CONFIG, ERR_USAGE; NotVerifiedError CHANNEL_BINDING_LEVEL
 * @example
 * import OpenAI from 'openai'
 * import { createAttestedFetch, decodeLock } from 'countersign'
 * const fetch = createAttestedFetch({ lock: decodeLock(text) })
 * const client = new OpenAI({ baseURL: 'https://gw.example.com/v1', apiKey, fetch })
 */
export function createAttestedFetch(options: AttestedFetchOptions): AttestedFetch {
  refuseUnknownOptions(options)
  const fetcher = new AttestedFetcher(options)
  return (input, init) => fetcher.fetch(input, init)
}
