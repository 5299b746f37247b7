/** Clients that ask a gateway without end, and remember what they got. @module */
import { setTimeout as wait } from 'node:timers/promises'
import { ask, type GatewayFixture, PLAIN_MODEL, receiptOf } from '../server/gateway/gateway-fixture.ts'
import type { Reply } from '../server/gateway/http-client.ts'

export interface Exchange {
  readonly reply: Reply
  /** Empty for answers without one. */
  readonly receipt: string
  /** Both of the monotonic clock. */
  readonly startedMs: number
  readonly endedMs: number
}

export interface Crowd {
  /** What each request was. */
  readonly request: string
  readonly answered: readonly Exchange[]
  /** Status 503. */
  readonly refused: readonly Exchange[]
  /** Anything else, and connections that broke. */
  readonly failed: number
  /** The next exchange that fits. Rejects when none came in time. */
  until(fits: (exchange: Exchange) => boolean, withinMs?: number): Promise<Exchange>
  stop(): Promise<void>
}

export interface CrowdOptions {
  readonly clients: number
  /** Between two requests of one client. */
  readonly pauseMs: number
}

const LONGEST_WAIT_MS = 30_000

export function startCrowd(fixture: GatewayFixture, { clients, pauseMs }: CrowdOptions): Crowd {
  const request = ask(PLAIN_MODEL)
  const answered: Exchange[] = []
  const refused: Exchange[] = []
  const counts = { failed: 0 }
  const waiting = new Set<(exchange: Exchange) => void>()
  let isOver = false
  const askOnce = async (): Promise<void> => {
    const startedMs = performance.now()
    const reply = await fixture.chat(request)
    const exchange = {
      reply,
      receipt: reply.status === 200 ? receiptOf(reply) : '',
      startedMs,
      endedMs: performance.now(),
    }
    if (reply.status === 200 && exchange.receipt !== '') answered.push(exchange)
    else if (reply.status === 503) refused.push(exchange)
    else counts.failed++
    for (const look of waiting) look(exchange)
  }
  const client = async (): Promise<void> => {
    while (!isOver) {
      await askOnce().catch(() => {
        counts.failed++
      })
      await wait(pauseMs)
    }
  }
  const going = Promise.all(Array.from({ length: clients }, client))
  return {
    request,
    answered,
    refused,
    get failed() {
      return counts.failed
    },
    until: (fits, withinMs = LONGEST_WAIT_MS) =>
      new Promise((resolve, reject) => {
        const look = (exchange: Exchange): void => {
          if (!fits(exchange)) return
          clearTimeout(timer)
          waiting.delete(look)
          resolve(exchange)
        }
        const timer = setTimeout(() => reject(new Error('no answer as it was waited for')), withinMs)
        waiting.add(look)
      }),
    async stop() {
      isOver = true
      await going
    },
  }
}
