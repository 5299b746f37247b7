/** What the witness answers: plain text of its own making. Nothing of a request is repeated in it, and no cause of a failure. @module */

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  /** Seconds after which the client may ask again. */
  readonly retryAfter?: number
}

/** One line for people. */
export function plain(status: number, line: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${line}\n` }
}

/** Too much at once, or a failure of the witness itself: worth another try. */
export function later(status: 429 | 503, line: string, retryAfter: number): Answer {
  return { ...plain(status, line), retryAfter }
}
