/** One admitted request from admission to its receipt: collects what the receipt will say. @module */
import { digestUri } from '../../core/crypto/index.ts'
import type { EngineClaim, ModelClaim, Outcome, UpstreamKind } from '../../core/receipt/claims.ts'
import type { Dependencies, Forwarded, Octets } from '../../core/receipt/disclosed.ts'
import type { RunMembers } from '../../core/receipt/run.ts'
import type { ForwardedOctets } from '../../core/transform/forwarded-octets.ts'
import { recordSplice } from '../../core/transform/splice.ts'
import { CountersignError } from '../../errors.ts'
import type { AddedDependencies } from '../context/types.ts'
import type { BootClock } from '../session/boot-clock.ts'
import { NO_DEPENDENCIES } from '../upstream/dependencies.ts'
import type { ServedModel, UpstreamResponse } from '../upstream/types.ts'
import type { ReceiptContent } from './build-receipt.ts'
import { type AnswerFacts, describeExchange, plainText, type SeenChannel } from './exchange-facts.ts'
import type { Admitted, CommittedReceipt, Recorder } from './recorder.ts'

/** What is known of a request before its body is looked into. */
export interface ExchangeOpening {
  readonly method: string
  /** Of the route, without query. */
  readonly path: string
  readonly operation: string
  readonly tenant: string
  readonly retryCount: number
  readonly channel: SeenChannel
  /** Exact octets of the content; absent when they were not all read. */
  readonly body?: Uint8Array
  readonly mediaType: string
  /** Called when the exchange must come to an end now. */
  readonly cutShort: () => void
}

/** What was handed to the upstream. */
export interface Forwarding {
  readonly forwarded: ForwardedOctets
  readonly model: ServedModel
  readonly dependencies: Dependencies
}

/** How an exchange ended, on the wire. */
export interface Conclusion {
  readonly outcome: Outcome
  /** The status that the client was given; 499 when it had gone. */
  readonly status: number
  readonly response: Octets
}

/** A model call on the way to the answer: nobody but the gateway sees what it gave. */
export interface StepConclusion {
  readonly rid: Uint8Array
  readonly response: Octets
  readonly facts: AnswerFacts
  readonly run: RunMembers
}

/** Nothing ran: the answer is the gateway's own. */
const NO_ENGINE: EngineClaim = { name: 'none', version: 'none', determinism: 'best-effort', flags: 'none' }
const NO_UPSTREAM: UpstreamKind = 'embedded'

export class Exchange {
  readonly admitted: Admitted
  readonly #recorder: Recorder
  readonly #clock: BootClock
  readonly #opening: ExchangeOpening
  readonly #request: Octets | undefined
  readonly #startedSeconds: number
  readonly #startedMs: number
  #nonce: string | undefined
  #prev: string | undefined
  #asked: string | undefined
  #forwarding: Forwarding | undefined
  #forwarded: Forwarded | undefined
  #peer: UpstreamResponse['peer']
  #context: UpstreamResponse['context']
  #facts: AnswerFacts = {}
  #run: RunMembers = {}
  #concluded = false

  /** Admits the request. @throws CountersignError ERR_LOG_APPEND */
  constructor(recorder: Recorder, clock: BootClock, opening: ExchangeOpening) {
    this.#recorder = recorder
    this.#clock = clock
    this.#opening = opening
    this.#startedSeconds = clock.seconds()
    this.#startedMs = clock.monotonicMs()
    this.admitted = recorder.admit(opening.cutShort)
    const { body, mediaType } = opening
    this.#request =
      body === undefined ? undefined : { digest: digestUri(body), size: body.length, media_type: mediaType }
  }

  /** Whether its receipt was made. */
  get concluded(): boolean {
    return this.#concluded
  }

  /** Whether octets left, or were about to, for the upstream. */
  get forwarded(): boolean {
    return this.#forwarding !== undefined
  }

  /** The client's nonce, verbatim: it goes into the receipt whatever becomes of the request. */
  challenged(nonce: string): void {
    this.#nonce = nonce
  }

  /** The digest of the receipt that this one shall follow, verbatim: it goes into the receipt whatever becomes of the request. */
  followed(prev: string): void {
    this.#prev = prev
  }

  /** The model as the client named it, which may be any text. */
  asked(model: string): void {
    this.#asked = plainText(model)
  }

  /** These octets are about to leave for the upstream. */
  forwarding(forwarding: Forwarding): void {
    const { octets, splices } = forwarding.forwarded
    const digest =
      octets === this.#opening.body && this.#request !== undefined ? this.#request.digest : digestUri(octets)
    this.#forwarding = forwarding
    this.#forwarded = { digest, size: octets.length, transforms: splices.map(recordSplice) }
  }

  /** The upstream answers. */
  answered({ peer, context }: Pick<UpstreamResponse, 'peer' | 'context'>): void {
    this.#peer = peer
    this.#context = context
  }

  /** What was remembered of it belongs to what the answer relied on. */
  remembered(dependencies: AddedDependencies): void {
    const forwarding = this.#forwarding
    if (forwarding !== undefined)
      this.#forwarding = { ...forwarding, dependencies: { ...forwarding.dependencies, ...dependencies } }
  }

  /** What was read from the answer. */
  learned(facts: AnswerFacts): void {
    this.#facts = facts
  }

  /** What is known of tools and of the run that it belongs to. */
  ran(run: RunMembers): void {
    this.#run = run
  }

  /**
   * Signs the receipt of a model call on the way to the answer, of what was forwarded last. It takes no nonce with it: of one request with
   * one nonce there is one answer.
   * @throws CountersignError ERR_LOG_APPEND
   */
  concludeStep({ rid, response, facts, run }: StepConclusion): CommittedReceipt {
    const admitted = this.#recorder.admit(this.#opening.cutShort, rid)
    return this.#recorder.commit(
      admitted,
      this.#content({ outcome: 'complete', status: 200, response }, { facts, run }),
    )
  }

  /** Signs the receipt and appends it. Once. @throws CountersignError ERR_LOG_APPEND */
  conclude(conclusion: Conclusion): CommittedReceipt {
    if (this.#concluded) throw new CountersignError('ERR_USAGE', 'an exchange has one receipt')
    this.#concluded = true
    const content = this.#content(conclusion, { facts: this.#facts, run: this.#run })
    return this.#recorder.commit(this.admitted, {
      ...content,
      ...(this.#nonce === undefined ? {} : { nonce: this.#nonce }),
    })
  }

  #content(
    { outcome, status, response }: Conclusion,
    { facts, run }: { readonly facts: AnswerFacts; readonly run: RunMembers },
  ): ReceiptContent {
    const { tenant, method, path, operation, retryCount, channel } = this.#opening
    const exchange = describeExchange({
      ...facts,
      ...this.#contextOf(facts),
      ...run,
      method,
      path,
      status,
      operation,
      channel,
      retryCount,
      ...(this.#prev === undefined ? {} : { prev: this.#prev }),
      ...(this.#asked === undefined ? {} : { requestModel: this.#asked }),
      ...(this.#peer === undefined ? {} : { peer: this.#peer }),
      startedSeconds: this.#startedSeconds,
      durationMs: this.#clock.monotonicMs() - this.#startedMs,
    })
    return {
      outcome,
      ...this.#sources(),
      disclosed: {
        ...(this.#request === undefined ? {} : { request: this.#request }),
        ...(this.#forwarded === undefined ? {} : { forwarded: this.#forwarded }),
        response,
        dependencies: this.#forwarding?.dependencies ?? NO_DEPENDENCIES,
        exchange,
      },
      // A client that checks the one or the other needs it with the answer.
      exchangeTravels: this.#prev !== undefined || channel !== 'none',
      inserts: this.#forwarding?.forwarded.splices.map(({ insert }) => insert) ?? [],
      tenant,
    }
  }

  /** What the engine in this process knows goes before what one behind HTTP says, and that before what its operator says. */
  #contextOf({ context }: AnswerFacts): Pick<AnswerFacts, 'context'> {
    if (this.#forwarding === undefined) return {}
    const { contextTokens } = this.#forwarding.model
    const limit = contextTokens === undefined ? {} : { contextLimit: contextTokens }
    return { context: { ...limit, ...context, ...this.#context } }
  }

  /** Where nothing was forwarded no model vouches for the answer, even if the request named one. */
  #sources(): { readonly model: ModelClaim; readonly engine: EngineClaim; readonly upstream: UpstreamKind } {
    if (this.#forwarding === undefined)
      return { model: { name: this.#asked ?? 'none', digest: 'none' }, engine: NO_ENGINE, upstream: NO_UPSTREAM }
    const { claim, engine, upstream } = this.#forwarding.model
    return { model: claim, engine, upstream }
  }
}
