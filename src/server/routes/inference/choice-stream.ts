/** Follows a stream of chat or completions: whole when every choice has its reason to finish, whatever `[DONE]` says. @module */
import { concatBytes } from '../../../core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import { ChoiceMerger } from '../../../core/receipt/merged-choices.ts'
import type { AnswerFacts } from '../../recorder/exchange-facts.ts'
import { type ContextReading, readContext } from '../../upstream/context-reading.ts'
import type { BlockReading } from '../../upstream/event-reading.ts'
import { StreamProgress } from '../../upstream/stream-progress.ts'
import { type ApiError, encodeApiError, upstreamFailed } from '../api-error.ts'
import { NO_OUTPUT, outputOfChoices } from './answer-output.ts'
import { readNames } from './answer-reading.ts'
import {
  type AnswerOutput,
  type BlockFate,
  endsBefore,
  HELD,
  LEAVES_NEVER,
  LEAVES_NOW,
  type StreamEnd,
  type StreamFollower,
} from './operation.ts'
import { errorOfEvent } from './upstream-error.ts'

const DONE: Uint8Array = encodeUtf8('data: [DONE]\n\n')

export class ChoiceStream implements StreamFollower {
  readonly terminator: Uint8Array = DONE
  readonly #progress: StreamProgress
  readonly #merger: ChoiceMerger = new ChoiceMerger('delta')
  #context: ContextReading = {}
  #names: Pick<AnswerFacts, 'responseId' | 'responseModel'> = {}

  /** @param choices how many were asked for */
  constructor(choices: number) {
    this.#progress = new StreamProgress(choices)
  }

  get facts(): AnswerFacts {
    const { finishReasons, usage } = this.#progress
    return {
      ...this.#names,
      finishReasons: finishReasons.filter((reason) => reason !== null),
      ...usage,
      context: this.#context,
    }
  }

  take(reading: BlockReading): BlockFate {
    const wasFinished = this.#progress.finished
    this.#progress.note(reading)
    switch (reading.kind) {
      // A comment of the upstream could be taken for our receipt.
      case 'comment':
        return LEAVES_NEVER
      case 'done':
        return endsBefore(this.closed())
      case 'invalid':
        return endsBefore(notJson())
      case 'error':
        return endsBefore({ outcome: 'upstream_error', error: errorOfEvent(reading.data) })
      case 'event':
        this.#context = { ...this.#context, ...readContext(reading.data) }
        // An event without choices breaks clients of this API; there is nothing in it for them.
        if (!Array.isArray(reading.data['choices'])) return LEAVES_NEVER
        if (this.#names.responseId === undefined) this.#names = readNames(reading.data)
        if (reading.isStrict()) this.#merger.take(reading.data)
        else this.#merger.fail('an event that is not strict JSON')
        return wasFinished ? HELD : LEAVES_NOW
      default:
        return reading satisfies never
    }
  }

  closed(): StreamEnd {
    return this.#progress.finished ? { outcome: 'complete' } : endedEarly()
  }

  output(): AnswerOutput {
    return this.#progress.finished ? outputOfChoices(this.#merger) : NO_OUTPUT
  }

  errorBlock(error: ApiError): Uint8Array {
    return concatBytes(encodeUtf8('data: '), encodeApiError(error), encodeUtf8('\n\n'))
  }
}

/** The upstream ended, and its answer had not: today's SDKs would take it for whole. */
export function endedEarly(): StreamEnd {
  return { outcome: 'incomplete', error: upstreamFailed('The model server ended before the answer did.') }
}

export function notJson(): StreamEnd {
  return { outcome: 'upstream_error', error: upstreamFailed('The model server sent an event that is not JSON.') }
}
