/** Follows a stream of `/v1/responses`: one of its events is the last, and says how the response ended. There is no `[DONE]`. @module */
import { concatBytes } from '../../../core/encoding/bytes.ts'
import { isJsonObject, type JsonObject } from '../../../core/encoding/json.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import type { AnswerFacts } from '../../recorder/exchange-facts.ts'
import type { BlockReading } from '../../upstream/event-reading.ts'
import type { ApiError } from '../api-error.ts'
import { NO_OUTPUT, outputOfResponse } from './answer-output.ts'
import { readNames } from './answer-reading.ts'
import { endedEarly, notJson } from './choice-stream.ts'
import {
  type AnswerOutput,
  type BlockFate,
  endsBefore,
  LEAVES_NEVER,
  LEAVES_NOW,
  type StreamEnd,
  type StreamFollower,
} from './operation.ts'
import { readEnd } from './response-reading.ts'
import { errorOfEvent } from './upstream-error.ts'

const WHOLE: BlockFate = { leaves: 'held', end: { outcome: 'complete' } }
const FAILED: BlockFate = { leaves: 'held', end: { outcome: 'upstream_error', error: 'said' } }

/** The status that an event gives the response, by its type: it is the last. */
const ENDS: Readonly<Record<string, string>> = {
  'response.completed': 'completed',
  'response.incomplete': 'incomplete',
}

export class ResponseStream implements StreamFollower {
  readonly terminator: Uint8Array = new Uint8Array(0)
  #facts: AnswerFacts = {}
  #sequence = -1
  /** That the last event holds, where the answer is whole. */
  #whole: JsonObject | undefined

  get facts(): AnswerFacts {
    return this.#facts
  }

  take(reading: BlockReading): BlockFate {
    switch (reading.kind) {
      // A comment of the upstream could be taken for our receipt.
      case 'comment':
        return LEAVES_NEVER
      // Some servers end all their streams with it.
      case 'done':
        return endsBefore(this.closed())
      case 'invalid':
        return endsBefore(notJson())
      case 'error':
        // Any other event that holds an error is one, whatever it calls itself.
        if (reading.data['type'] === 'response.failed') return this.#last('failed', reading.data, FAILED)
        return endsBefore({ outcome: 'upstream_error', error: errorOf(reading.data) })
      case 'event':
        return this.#next(reading.data)
      default:
        return reading satisfies never
    }
  }

  /** Its last event would have ended it before. */
  closed(): StreamEnd {
    return endedEarly()
  }

  output(): AnswerOutput {
    return this.#whole === undefined ? NO_OUTPUT : outputOfResponse(this.#whole)
  }

  /** SDKs differ in where they look for an error: `error` makes those of OpenAI throw, the flat members are what the API documents. */
  errorBlock({ type, code, message, param }: ApiError): Uint8Array {
    const event = {
      type: 'error',
      code,
      message,
      param,
      sequence_number: this.#sequence + 1,
      error: { type, code, message, param },
    }
    return concatBytes(encodeUtf8('event: error\ndata: '), encodeUtf8(JSON.stringify(event)), encodeUtf8('\n\n'))
  }

  #last(status: string, { response }: JsonObject, fate: BlockFate): BlockFate {
    const ended = isJsonObject(response) ? response : {}
    this.#facts = { ...this.#facts, ...readEnd(ended, status) }
    if (fate === WHOLE) this.#whole = ended
    return fate
  }

  #next(event: JsonObject): BlockFate {
    const { type, response, sequence_number: sequence } = event
    // An event without type breaks clients of this API; there is nothing in it for them.
    if (typeof type !== 'string') return LEAVES_NEVER
    const status = Object.hasOwn(ENDS, type) ? ENDS[type] : undefined
    if (status !== undefined) return this.#last(status, event, WHOLE)
    if (typeof sequence === 'number' && Number.isSafeInteger(sequence)) this.#sequence = sequence
    if (this.#facts.responseId === undefined && isJsonObject(response)) this.#facts = readNames(response)
    return LEAVES_NOW
  }
}

/** The type of a flat error event is the event's. */
function errorOf({ type: _, ...data }: JsonObject): ApiError {
  return errorOfEvent(data)
}
