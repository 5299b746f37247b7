/** What the gateway asks of a model server: exact octets in, exact octets out. @module */

import type { EngineClaim, ModelClaim, UpstreamKind } from '../../core/receipt/claims.ts'
import type { Dependencies } from '../../core/receipt/disclosed.ts'
import type { ForwardedOctets } from '../../core/transform/forwarded-octets.ts'
import type { Splice } from '../../core/transform/splice.ts'
import type { Publisher } from '../../measure/publisher/index.ts'
import type { ServedWeights } from '../weights/served-weights.ts'
import type { ContextReading } from './context-reading.ts'

/** A request after admission: the client's octets, and what was read from them. */
export interface UpstreamRequest {
  /** For example `/v1/chat/completions`. */
  readonly path: string
  /** Exactly its octets go to the engine. */
  readonly body: ForwardedOctets
  /** Aborts within 100 ms, before the first octet and after it. */
  readonly signal: AbortSignal
}

export interface UpstreamResponse {
  readonly status: number
  readonly mediaType: string
  /** Whole seconds that it asks clients to wait. */
  readonly retryAfter?: number
  /** Octets as they arrive; iterating slower slows the upstream down. Ends or throws CountersignError ERR_UPSTREAM. */
  readonly body: AsyncIterable<Uint8Array>
  /** What an engine in this process knows of the context that it answers with. */
  readonly context?: ContextReading
  /** Host and TLS key of the connection, where there is one. */
  readonly peer?: { readonly host: string; readonly tlsSpkiSha256?: string }
}

/** One model as this upstream serves it. */
export interface ServedModel {
  /** The name that clients use. */
  readonly id: string
  readonly claim: ModelClaim
  readonly engine: EngineClaim
  readonly upstream: UpstreamKind
  /** Where this gateway measured them; the claim's digest is their root. */
  readonly weights?: ServedWeights
  /** Tokens of prompt and answer that it takes, as its operator says. */
  readonly contextTokens?: number
  /** Who signed these weights, verified at boot. */
  readonly publisher?: Publisher
  /** Seconds since 1970; what `GET /v1/models` shows as `created`. */
  readonly created: number
}

export interface Upstream {
  /** Whether it answers requests to this path at all; asked before anything is forwarded. */
  serves(path: string): boolean
  /** The changes that lead from the client's octets to those that this upstream is given; empty for none. */
  transforms(body: Uint8Array, model: ServedModel): readonly Splice[]
  /**
   * What an answer relies on beside the weights and what the gateway added; roles that do not apply are `none`.
   * @param forwarded the octets that this upstream will be given
   */
  dependencies(body: Uint8Array, model: ServedModel, forwarded: Uint8Array): Dependencies
  /** Rejects with CountersignError ERR_UPSTREAM when there is no answer; any HTTP status is an answer. */
  send(request: UpstreamRequest): Promise<UpstreamResponse>
  /** For readiness. */
  healthy(): Promise<boolean>
  close(): Promise<void>
}
