/** Gathers what telemetry says of one request: statuses, timings, sizes; nothing of its content. @module */
import type { Outcome } from '../../../core/receipt/claims.ts'
import type { RequestLine, TelemetrySink } from '../../telemetry/types.ts'

export class TurnReport {
  readonly #requestId: string
  readonly #route: string
  readonly #startedMs: number
  readonly #monotonicMs: () => number
  #jti: string | undefined
  #model: string | undefined
  #stream: boolean | undefined
  #outcome: Outcome | undefined
  #status = 0
  #requestSize = 0
  #firstByteMs: number | undefined

  constructor(requestId: string, route: string, monotonicMs: () => number) {
    this.#requestId = requestId
    this.#route = route
    this.#monotonicMs = monotonicMs
    this.#startedMs = monotonicMs()
  }

  admitted(jti: string, requestSize: number): void {
    this.#jti = jti
    this.#requestSize = requestSize
  }

  /** @param model id of a configured model, never a name that a client made up */
  asked(model: string, stream: boolean): void {
    this.#model = model
    this.#stream = stream
  }

  began(): void {
    this.#firstByteMs = this.#monotonicMs() - this.#startedMs
  }

  concluded({ outcome, status }: { readonly outcome: Outcome; readonly status: number }): void {
    this.#outcome = outcome
    this.#status = status
  }

  refused(status: number): void {
    this.#status = status
  }

  write(sink: TelemetrySink, responseSize: number): void {
    const line: RequestLine = {
      event: 'request',
      requestId: this.#requestId,
      route: this.#route,
      status: this.#status,
      requestSize: this.#requestSize,
      responseSize,
      durationMs: round(this.#monotonicMs() - this.#startedMs),
      ...(this.#jti === undefined ? {} : { jti: this.#jti }),
      ...(this.#outcome === undefined ? {} : { outcome: this.#outcome }),
      ...(this.#model === undefined ? {} : { model: this.#model }),
      ...(this.#stream === undefined ? {} : { stream: this.#stream }),
      ...(this.#firstByteMs === undefined ? {} : { firstByteMs: round(this.#firstByteMs) }),
    }
    sink.write(line)
  }
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
