/** Turns token bytes into text that may be shown: whole characters only, and nothing of a stop string. @module */

/** What one token sets free. After `stopped` nothing more may be pushed. */
export interface Released {
  readonly text: string
  readonly stopped: boolean
}

/** Holds back bytes of unfinished characters, and text that may be the beginning of a stop string. */
export class TextRelease {
  readonly #stops: readonly string[]
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #held = ''

  /** @param stops not empty strings, without lone surrogates */
  constructor(stops: readonly string[]) {
    this.#stops = stops
  }

  push(bytes: Uint8Array): Released {
    return this.#release(this.#decoder.decode(bytes, { stream: true }), false)
  }

  /** The rest, at the end of the answer. An unfinished character becomes U+FFFD, as in any UTF-8 decoder. */
  end(): Released {
    return this.#release(this.#decoder.decode(), true)
  }

  #release(fresh: string, final: boolean): Released {
    const text = this.#held + fresh
    const at = firstIndex(text, this.#stops)
    if (at >= 0) {
      this.#held = ''
      return { text: text.slice(0, at), stopped: true }
    }
    const keep = final ? 0 : beginningOfStop(text, this.#stops)
    this.#held = text.slice(text.length - keep)
    return { text: text.slice(0, text.length - keep), stopped: false }
  }
}

/**
 * Where the stop string begins that is complete first; of those that end together, the longest. Which one is complete first does not
 * depend on how the text was cut, as which one begins first would: a longer one may only be waiting for its end.
 */
function firstIndex(text: string, stops: readonly string[]): number {
  let first = -1
  let firstEnd = Number.POSITIVE_INFINITY
  for (const stop of stops) {
    const at = text.indexOf(stop)
    const end = at + stop.length
    if (at < 0 || end > firstEnd || (end === firstEnd && at > first)) continue
    first = at
    firstEnd = end
  }
  return first
}

/** The length of the longest end of `text` with which some stop string begins. */
function beginningOfStop(text: string, stops: readonly string[]): number {
  let longest = 0
  for (const stop of stops) {
    for (let size = Math.min(stop.length - 1, text.length); size > longest; size--) {
      if (text.endsWith(stop.slice(0, size))) longest = size
    }
  }
  return longest
}
