/** A fetch whose answers are verified before the application sees their end. On by default, fails closed. @module */

import { encodeBase64Url } from '../core/encoding/base64.ts'
import { type HeldOctets, holdOctets } from '../core/receipt/verify.ts'
import { CountersignError } from '../errors.ts'
import { AnswerJudge } from './accept-answer.ts'
import { type Deferred, deferred } from './deferred.ts'
import { type ClientDeps, createClientDeps } from './deps.ts'
import { verifiedEventBody } from './event-body.ts'
import { bearsReceipt, readExchange, takesBody } from './exchange.ts'
import { Gateways } from './gateways.ts'
import { readBody } from './http.ts'
import type { AttestedFetchOptions } from './options.ts'
import { preferenceOf } from './prefer.ts'
import type { AttestedReceipt } from './receipt.ts'
import { bearReceipt } from './receipt-of.ts'
import { receiptSink, type SinkInit } from './receipt-sink.ts'

export type AttestedFetch = typeof globalThis.fetch

const MAX_ANSWER_SIZE = 64 * 1024 * 1024
const NONCE_SIZE = 32

/** How the answer's receipt is judged, and where what came of it goes. */
interface Acceptance {
  readonly accept: (token: string | undefined, held: HeldOctets) => Promise<AttestedReceipt>
  readonly receipt: Deferred<AttestedReceipt>
}

class AttestedFetcher {
  readonly #deps: ClientDeps
  readonly #maxAnswerSize: number
  readonly #onReceipt: (receipt: AttestedReceipt) => void
  readonly #prefer: string | undefined
  readonly #gateways: Gateways
  readonly #judge: AnswerJudge

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
    const trust = { policy: { ...policy, disclosures }, lock }
    this.#deps = createClientDeps(deps)
    this.#maxAnswerSize = maxAnswerSize
    this.#onReceipt = onReceipt
    this.#prefer = preferenceOf(waiting)
    this.#gateways = new Gateways({ trust, deps: this.#deps, channel })
    this.#judge = new AnswerJudge(trust, this.#gateways)
  }

  async fetch(input: string | URL | Request, init?: SinkInit): Promise<Response> {
    const exchange = await readExchange(input, init)
    const method = exchange.init.method ?? 'GET'
    // Nothing of the prompt leaves, nor any key, before the gateway has verified.
    await this.#gateways.at(exchange.base).current()
    if (!bearsReceipt(method, exchange.path))
      return (await this.#gateways.send(exchange.base, exchange.url, exchange.init)).response
    const nonce = this.#deps.random(NONCE_SIZE)
    const noncedAt = this.#deps.clock.now()
    exchange.headers.set('attestation-nonce', encodeBase64Url(nonce))
    // Beside what the application prefers: a list, RFC 7240 section 2.
    if (this.#prefer !== undefined) exchange.headers.append('prefer', this.#prefer)
    const { response, held } = await this.#gateways.send(exchange.base, exchange.url, {
      ...exchange.init,
      headers: exchange.headers,
      ...(takesBody(method) ? { body: exchange.request.slice() } : {}),
    })
    const accept: Acceptance['accept'] = async (token, octets) => {
      const context = { exchange, response, nonce, noncedAt, channel: held }
      const receipt = await this.#judge.accept(token, octets, context)
      this.#onReceipt(receipt)
      return receipt
    }
    const receipt = deferred<AttestedReceipt>()
    init?.[receiptSink]?.(receipt.promise)
    const isStream = (response.headers.get('content-type') ?? '').startsWith('text/event-stream')
    return isStream && response.body !== null
      ? this.#streamed(response, response.body, { accept, receipt })
      : this.#whole(response, { accept, receipt })
  }

  async #whole(response: Response, { accept, receipt }: Acceptance): Promise<Response> {
    try {
      const body = await readBody(response, this.#maxAnswerSize)
      receipt.resolve(await accept(response.headers.get('inference-receipt') ?? undefined, holdOctets(body)))
      return bearReceipt(new Response(response.body === null ? null : body.slice(), response), receipt.promise)
    } catch (error) {
      receipt.reject(error)
      throw error
    }
  }

  #streamed(response: Response, body: ReadableStream<Uint8Array>, { accept, receipt }: Acceptance): Response {
    const verified = verifiedEventBody(body, {
      verify: async ({ digest, size, receipt: token }) => receipt.resolve(await accept(token, { digest, size })),
      abandon: receipt.reject,
      maxHeld: this.#maxAnswerSize,
    })
    return bearReceipt(new Response(verified, response), receipt.promise)
  }
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
