/**
 * Follows a chat that may ask for tools of the gateway: what it says leaves as it comes, a call is held back until it is known whose it is.
 * @module
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/encoding/json.ts'
import type { AnswerFacts } from '../../recorder/exchange-facts.ts'
import type { BlockReading } from '../../upstream/event-reading.ts'
import type { ApiError } from '../api-error.ts'
import { type AnswerOutput, type BlockFate, HELD, type StreamEnd, type StreamFollower } from './operation.ts'

export class ToolStream implements StreamFollower {
  readonly #inner: StreamFollower
  /** Until it says something, nobody knows whether it will. */
  #state: 'silent' | 'speaking' | 'calling' = 'silent'
  #spoke = false

  constructor(inner: StreamFollower) {
    this.#inner = inner
  }

  get facts(): AnswerFacts {
    return this.#inner.facts
  }

  get terminator(): Uint8Array {
    return this.#inner.terminator
  }

  /** Whether anything left: then the client holds it in front of what the next step says. */
  get spoke(): boolean {
    return this.#spoke
  }

  output(): AnswerOutput {
    return this.#inner.output()
  }

  take(reading: BlockReading): BlockFate {
    const fate = this.#inner.take(reading)
    if (reading.kind !== 'event' || fate.leaves !== 'now') return fate
    if (deltasOf(reading.data).some(callsTool)) this.#state = 'calling'
    else if (this.#state === 'silent' && deltasOf(reading.data).some(saysSomething)) {
      this.#state = 'speaking'
      this.#spoke = true
      return { ...fate, leaves: 'with-held' }
    }
    return this.#state === 'speaking' ? fate : { ...fate, ...HELD }
  }

  closed(): StreamEnd {
    return this.#inner.closed()
  }

  errorBlock(error: ApiError): Uint8Array {
    return this.#inner.errorBlock(error)
  }
}

function deltasOf({ choices }: JsonObject): readonly JsonObject[] {
  if (!Array.isArray(choices)) return []
  return choices.flatMap((choice: JsonValue) => {
    const delta = isJsonObject(choice) ? choice['delta'] : undefined
    return isJsonObject(delta) ? [delta] : []
  })
}

function callsTool({ tool_calls: calls, function_call: called }: JsonObject): boolean {
  return (Array.isArray(calls) && calls.length > 0) || isJsonObject(called)
}

/** Text of any kind beside the role. */
function saysSomething(delta: JsonObject): boolean {
  return Object.entries(delta).some(([name, value]) => name !== 'role' && typeof value === 'string' && value !== '')
}
