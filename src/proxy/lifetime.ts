/** How long a request is worked on: until its client leaves, its gateway falls silent, or the proxy has to stop. @module */
import type { ServerResponse } from 'node:http'
import { CountersignError } from '../errors.ts'
import { GatewayTimeout } from './refusal.ts'

export class Lifetime {
  readonly #controller: AbortController = new AbortController()
  readonly #timer: NodeJS.Timeout
  #isGone = false

  constructor(outgoing: ServerResponse, idleTimeoutMs: number) {
    this.#timer = setTimeout(() => this.#end(new GatewayTimeout(idleTimeoutMs)), idleTimeoutMs)
    outgoing.on('close', () => {
      this.#isGone = !outgoing.writableFinished
      this.#end(new CountersignError('ERR_NETWORK', 'the client left'))
    })
  }

  /** Aborts what is asked of the gateway. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Nobody is there to be answered. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** Octets came. */
  progress(): void {
    this.#timer.refresh()
  }

  /** The proxy stops. */
  cut(): void {
    this.#end(new CountersignError('ERR_NETWORK', 'the proxy stopped before the answer was whole'))
  }

  /** Everything is written. */
  finish(): void {
    clearTimeout(this.#timer)
  }

  #end(reason: CountersignError): void {
    clearTimeout(this.#timer)
    this.#controller.abort(reason)
  }
}
