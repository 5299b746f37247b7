/** What tells one inference API from another: its path, what a request must be, and when an answer is whole. Everything else is shared. @module */
import type { JsonObject } from '../../../core/encoding/json.ts'
import type { ModelCall } from '../../context/types.ts'
import type { AnswerFacts } from '../../recorder/exchange-facts.ts'
import type { BlockReading } from '../../upstream/event-reading.ts'
import type { ApiError } from '../api-error.ts'

/** A request as far as the gateway looks into it: enough to route it and to know when its answer is whole. */
export interface InferenceRequest {
  readonly model: string
  readonly stream: boolean
  /** Choices asked for. */
  readonly choices: number
  /** As JSON.parse reads them; no key is there twice. */
  readonly fields: JsonObject
}

export interface Operation {
  /** For example `/v1/chat/completions`; the same at the upstream. */
  readonly path: string
  /** By OpenTelemetry's conventions (`gen_ai.operation.name`). */
  readonly name: string
  /** What is wrong with a request, beside its model. What is not judged is the upstream's matter. */
  readonly judge: (fields: JsonObject) => ApiError | undefined
  /** How many choices a request that was not refused asks for. */
  readonly choices: (fields: JsonObject) => number
  /** Judges a whole answer. */
  readonly readAnswer: (answer: ParsedAnswer, choices: number) => AnswerReading
  /** Follows one stream; `none` where this API has none. */
  readonly followStream: ((choices: number) => StreamFollower) | 'none'
}

/** The body of an answer that is not streamed. */
export interface ParsedAnswer {
  /** As JSON.parse reads them. */
  readonly fields: JsonObject
  /** Whether the octets are strict JSON, so that every reader finds the same in them. Costs a walk through it. */
  isStrict(): boolean
}

/** What an answer comes to for whoever goes on with it. Every octet is the model server's choice. */
export interface AnswerOutput {
  /** Of the merged choices (`output_digest`), where this API has one and the answer has a merged form. docs/formats.md, Merged output. */
  readonly digest?: string
  /** What a conversation goes on with, fit for JCS: the message of the first choice, or the items of the output. */
  readonly elements: readonly JsonObject[]
  /** Functions that the first choice or the output asks for. */
  readonly calls: readonly ModelCall[]
}

/** What a whole answer says: read once, for the receipt and for judging whether it is whole. */
export type AnswerReading =
  | {
      readonly outcome: 'complete' | 'upstream_error'
      readonly facts: AnswerFacts
      readonly output: AnswerOutput
    }
  /** It may not pass for an answer: `detail` says why, without any octet of it. */
  | { readonly outcome: 'unusable'; readonly detail: string }

/** How the upstream's part of a stream ended. */
export type StreamEnd =
  | { readonly outcome: 'complete' }
  | { readonly outcome: 'client_aborted' }
  /** `said`: the upstream's own last event tells of it, and is held. */
  | { readonly outcome: 'incomplete' | 'upstream_error'; readonly error: ApiError | 'said' }

/**
 * What becomes of one block: `held` blocks leave with the receipt; one that leaves `with-held` takes those before it along. After an `end`
 * nothing more of the upstream counts.
 */
export interface BlockFate {
  readonly leaves: 'now' | 'with-held' | 'held' | 'never'
  readonly end?: StreamEnd
}

/** Reads the blocks of one stream, in order. */
export interface StreamFollower {
  readonly facts: AnswerFacts
  /** Octets behind the last event of a whole stream. */
  readonly terminator: Uint8Array
  take(reading: BlockReading): BlockFate
  /** Of a stream that has ended; nothing is in it unless the answer is whole. */
  output(): AnswerOutput
  /** The upstream has closed the stream. */
  closed(): StreamEnd
  /** An error as SDKs read it within a stream of this API. */
  errorBlock(error: ApiError): Uint8Array
}

export const LEAVES_NOW: BlockFate = { leaves: 'now' }
export const LEAVES_NEVER: BlockFate = { leaves: 'never' }
export const HELD: BlockFate = { leaves: 'held' }

/** The stream ends in front of this block. */
export function endsBefore(end: StreamEnd): BlockFate {
  return { leaves: 'never', end }
}
