/** One request to a model server and its answer: phases, timeouts, limits and abort, in every position. Knows no socket. @module */
import { AnswerBody } from './answer-body.ts'
import { ExchangeTimer } from './exchange-timer.ts'
import type { UpstreamResponse } from './types.ts'
import { errorCode, UpstreamFailure, type UpstreamFailureReason } from './upstream-failure.ts'

export interface Timeouts {
  /** Until the request can be written. */
  readonly connectMs: number
  /** From there until the first octet of content. */
  readonly firstByteMs: number
  /** Between two reads while the reader waits. */
  readonly idleMs: number
  /** Until the end. */
  readonly totalMs: number
}

export interface ExchangeOptions {
  /** The upstream's name in the configuration, for messages. */
  readonly name: string
  readonly timeouts: Timeouts
  /** Octets of content at most. */
  readonly answerBytes: number
  readonly signal: AbortSignal
}

/** What the HTTP library lets a handler do with its connection. */
export interface ConnectionControl {
  pause(): void
  resume(): void
  abort(reason: Error): void
}

const MAX_RETRY_AFTER_SECONDS = 3_600

type Headers = Readonly<Record<string, string | string[] | undefined>>
type Peer = NonNullable<UpstreamResponse['peer']>

const MAX_INFORMATIONAL = 8
const MEDIA_TYPE = /^[\x20-\x7e]{1,256}$/
const DEFAULT_MEDIA_TYPE = 'application/octet-stream'

/** Given to the HTTP library as the handler of one request. Settles once; what comes after is ignored. */
export class Exchange {
  /** Resolves with the head of the answer; rejects with {@link UpstreamFailure} where there is none. */
  readonly response: Promise<UpstreamResponse>
  /** Set by the connection that carries the exchange; asked when the answer begins. */
  peer: () => Peer | undefined = () => undefined
  readonly #options: ExchangeOptions
  readonly #timer: ExchangeTimer
  readonly #body: AnswerBody
  readonly #onAbort = (): void => this.#fail('aborted', 'was given up by the client')
  #resolve: (response: UpstreamResponse) => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  #control: ConnectionControl | undefined
  #state: 'connecting' | 'sent' | 'answering' | 'over' = 'connecting'
  #size = 0
  #informational = 0

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#body = new AnswerBody({
      pause: () => this.#control?.pause(),
      resume: () => this.#control?.resume(),
      waiting: () => this.#timer.touch(),
      cancel: () => this.#fail('aborted', 'was not read to its end'),
    })
    this.#timer = new ExchangeTimer(options.timeouts, (phase) => {
      // The reader holds the stream up, not the upstream: its next read starts the clock again.
      if (phase === 'idle' && !this.#body.starved) return
      this.#fail('timeout', `gave no ${phase === 'total' ? 'end' : phase} in time`)
    })
    options.signal.addEventListener('abort', this.#onAbort, { once: true })
    if (options.signal.aborted) this.#onAbort()
  }

  get over(): boolean {
    return this.#state === 'over'
  }

  onRequestStart(control: ConnectionControl): void {
    this.#control = control
    if (this.#state === 'over') {
      control.abort(new UpstreamFailure('aborted', `upstream ${this.#options.name}: no longer wanted`))
      return
    }
    this.#state = 'sent'
    this.#timer.enter('first byte')
  }

  onResponseStart(_: ConnectionControl, status: number, headers: Headers): void {
    if (this.#state !== 'sent') return
    if (status < 200) {
      this.#informational += 1
      if (this.#informational > MAX_INFORMATIONAL) this.#fail('protocol', 'sent too many informational answers')
      return
    }
    const fault = judgeHead(status, headers)
    if (fault !== undefined) this.#fail('protocol', fault)
    else if (Number(headers['content-length'] ?? 0) > this.#options.answerBytes) this.#tooLarge()
    else this.#begin(status, headers)
  }

  #begin(status: number, headers: Headers): void {
    this.#state = 'answering'
    const mediaType = headers['content-type'] ?? DEFAULT_MEDIA_TYPE
    const peer = this.peer()
    this.#resolve({
      status,
      mediaType: typeof mediaType === 'string' ? mediaType : DEFAULT_MEDIA_TYPE,
      body: this.#body,
      ...retryAfterIn(headers),
      ...(peer === undefined ? {} : { peer }),
    })
  }

  onResponseData(_: ConnectionControl, chunk: Uint8Array): void {
    if (this.#state !== 'answering') return
    if (this.#size === 0) this.#timer.enter('idle')
    this.#size += chunk.length
    if (this.#size > this.#options.answerBytes) this.#tooLarge()
    else this.#body.push(chunk)
  }

  onResponseEnd(): void {
    if (this.#state !== 'answering') return
    this.#finish()
    this.#body.end()
  }

  onResponseError(_: ConnectionControl | undefined, error: Error): void {
    if (this.#state === 'connecting') {
      const timeout = errorCode(error) === 'UND_ERR_CONNECT_TIMEOUT'
      this.#fail(timeout ? 'timeout' : 'unreachable', `could not be reached (${errorCode(error)})`)
    } else this.#fail('protocol', `broke off (${errorCode(error)})`)
  }

  #tooLarge(): void {
    this.#fail('too-large', `answered with more than ${this.#options.answerBytes} octets`)
  }

  #finish(): void {
    this.#state = 'over'
    this.#timer.stop()
    this.#options.signal.removeEventListener('abort', this.#onAbort)
  }

  #fail(reason: UpstreamFailureReason, what: string): void {
    if (this.#state === 'over') return
    const failure = new UpstreamFailure(reason, `upstream ${this.#options.name} ${what}`)
    this.#finish()
    this.#reject(failure)
    this.#body.fail(failure, { discard: reason === 'aborted' })
    this.#control?.abort(failure)
  }
}

/** A number of seconds; dates, and numbers beyond an hour, are nothing to wait by. */
function retryAfterIn({ 'retry-after': sent }: Headers): { readonly retryAfter?: number } {
  if (typeof sent !== 'string' || !/^\d{1,4}$/.test(sent)) return {}
  return { retryAfter: Math.min(Number(sent), MAX_RETRY_AFTER_SECONDS) }
}

function judgeHead(status: number, headers: Headers): string | undefined {
  // A followed or relayed redirect would let an upstream choose another host.
  if (status >= 300 && status < 400) return 'answered with a redirect'
  const coding = headers['content-encoding'] ?? 'identity'
  if (coding !== 'identity') return 'answered with a content-coding, which was not asked for'
  const mediaType = headers['content-type'] ?? DEFAULT_MEDIA_TYPE
  if (typeof mediaType !== 'string' || !MEDIA_TYPE.test(mediaType)) return 'answered with a bad content-type'
  return undefined
}
