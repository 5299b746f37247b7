/** The gateway as one object: begins a boot, serves it, changes its session, drains it. @module */
import { Server as NetServer } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { CountersignError } from '../errors.ts'
import { changeEpoch } from './boot/change-epoch.ts'
import { refuseFixed, refuseMeasured } from './boot/changeable.ts'
import type { GatewayConfig } from './config/index.ts'
import { type GatewayDeps, type ResolvedDeps, resolveDeps } from './deps.ts'
import { GatewayCore } from './gateway-core.ts'
import { listenAt } from './listen.ts'
import type { ReceiptLog } from './log/index.ts'
import { answerParseErrors, guard, SERVER_OPTIONS } from './middleware/http-guard.ts'
import { createLoopback, type Loopback } from './ohttp/loopback.ts'
import { createApp } from './routes/app.ts'
import { judgeReadiness, type Readiness } from './routes/health.ts'
import { announcesMoreThan } from './routes/read-body.ts'
import { BootClock } from './session/boot-clock.ts'
import type { AttestedEvidence } from './session/evidence.ts'
import { createEndpoint, type Endpoint } from './tls/endpoint.ts'
import type { UpstreamSet } from './upstream/index.ts'

export interface Gateway {
  /** Starts serving. The first quote may still be under way: until it verified, chat routes answer 503. */
  listen(): Promise<{ readonly url: string }>
  /** Readiness off, no new requests, open ones up to 30 s, then cut with their receipts; last quote; flush. */
  close(): Promise<void>
  /** Waits until the first quote has verified, or the gateway has failed or is closed; then says how things stand. */
  ready(): Promise<Readiness>
  /** How things stand now. */
  readiness(): Promise<Readiness>
  /** The evidence in force, for whoever embeds the gateway. */
  evidence(): AttestedEvidence | undefined
  /**
   * Goes on under a new session with a new receipt key, and with what is given. Requests wait meanwhile; none fails.
   * @throws CountersignError ERR_CONFIG where a new boot is needed, ERR_QUOTE when the change was abandoned; the old session then goes on
   */
  changeEpoch(next?: EpochChange): Promise<void>
  /**
   * Takes another configuration: operational settings at once, a changed measured part as an epoch.
   * @param createUpstreams makes the upstreams of a changed measured part
   * @throws CountersignError ERR_CONFIG for settings that only a restart changes; then nothing is changed
   */
  reload(config: GatewayConfig, createUpstreams: () => Promise<UpstreamSet>): Promise<void>
  /** Resolves with the reason when the gateway cannot go on (another process writes its history), with undefined when it was closed. */
  readonly ended: Promise<CountersignError | undefined>
  /** Of the newest boot. */
  readonly log: ReceiptLog
}

export interface EpochChange {
  readonly config?: GatewayConfig
  /** Those in use until then are closed. */
  readonly upstreams?: UpstreamSet
}

const DRAIN_MS = 30_000
/** After streams are cut: time for their receipts. */
const LAST_WORDS_MS = 5_000
/** The same where no receipt can be made. */
const FAREWELL_MS = 250

/**
 * Takes the lineage, makes keys, session and log, and asks for the first quote. Nothing is served before {@link Gateway.listen}.
 * @throws CountersignError ERR_CONFIG, also for a store without a lineage; ERR_LOG_APPEND when the store cannot be written
 * @throws StateError LOG_FENCED while another process writes this history
 * @example
 * const gateway = await createGateway({ config, quoter, upstreams })
 * const { url } = await gateway.listen()
 */
export async function createGateway(given: GatewayDeps): Promise<Gateway> {
  const deps = await resolveDeps(given)
  const { telemetry } = deps
  const clock = new BootClock(deps.clock, (aheadMs) =>
    telemetry.write({
      event: 'clock-leap',
      detail: `the clock leapt ${Math.round(aheadMs / 1000)} s ahead: not followed`,
    }),
  )
  const endpoint = createEndpoint({ ...deps, http: SERVER_OPTIONS })
  const core = new GatewayCore(deps, clock)
  await core.start(endpoint)
  return new RunningGateway(deps, core, endpoint)
}

class RunningGateway implements Gateway {
  readonly ended: Promise<CountersignError | undefined>
  readonly #deps: ResolvedDeps
  readonly #core: GatewayCore
  readonly #endpoint: Endpoint
  /** For requests that came encrypted, and are decrypted here. */
  readonly #loopback: Loopback = createLoopback(SERVER_OPTIONS)
  /** One change of the session at a time. */
  #changing: Promise<void> = Promise.resolve()

  constructor(deps: ResolvedDeps, core: GatewayCore, endpoint: Endpoint) {
    this.#deps = deps
    this.#core = core
    this.#endpoint = endpoint
    this.ended = core.cycle.ended
    const app = createApp(core, this.#loopback)
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    const serve = guard((incoming, outgoing) => {
      endpoint.follow(incoming, outgoing)
      void listener(incoming, outgoing)
    })
    for (const server of [endpoint.server, this.#loopback.server]) {
      answerParseErrors(server)
      server.on('request', serve)
      // A client that asks first is told to send only what will be read.
      server.on('checkContinue', (incoming, outgoing) => {
        if (!announcesMoreThan(incoming, core.config.measured.limits.bodyBytes)) outgoing.writeContinue()
        serve(incoming, outgoing)
      })
    }
  }

  get log(): ReceiptLog {
    return this.#core.boot.log
  }

  async listen(): Promise<{ readonly url: string }> {
    const { server, scheme } = this.#endpoint
    await listenAt(server, this.#deps.config.operational.listen)
    const address = server.address()
    if (address === null || typeof address === 'string')
      throw new CountersignError('ERR_CONFIG', 'operational.listen: the address is not one of TCP')
    const url = `${scheme}://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
    this.#deps.telemetry.write({ event: 'started', detail: url })
    return { url }
  }

  async ready(): Promise<Readiness> {
    await this.#core.attester.first
    return this.readiness()
  }

  readiness(): Promise<Readiness> {
    return judgeReadiness(this.#core)
  }

  evidence(): AttestedEvidence | undefined {
    return this.#core.attester.evidence
  }

  changeEpoch(next: EpochChange = {}): Promise<void> {
    return this.#inTurn(() => this.#changeEpoch(next))
  }

  /** What was given last counts: a change of the session that began before must not bring back what it was begun with. */
  reload(config: GatewayConfig, createUpstreams: () => Promise<UpstreamSet>): Promise<void> {
    return this.#inTurn(() => this.#reload(config, createUpstreams))
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    const change = this.#changing.then(task)
    this.#changing = change.catch(() => {})
    return change
  }

  async #reload(config: GatewayConfig, createUpstreams: () => Promise<UpstreamSet>): Promise<void> {
    const { config: current, upstreams } = this.#core
    refuseFixed(current.operational, config.operational)
    if (config.digest === current.digest) {
      this.#core.change({ config, upstreams })
      return
    }
    refuseMeasured(config, this.#core.attester.newest)
    const created = await createUpstreams()
    try {
      await this.#changeEpoch({ config, upstreams: created })
    } finally {
      if (this.#core.upstreams !== created) await created.close()
    }
  }

  async close(): Promise<void> {
    // Timers and idle connections keep no process up: while the last quote waits for its witnesses, nothing else would.
    const staying = setInterval(() => {}, DRAIN_MS)
    try {
      await this.#close()
    } finally {
      clearInterval(staying)
    }
  }

  async #close(): Promise<void> {
    const { lifecycle } = this.#core
    const { server } = this.#endpoint
    lifecycle.drain()
    await this.#changing
    // Not the close of node:http: it destroys each connection whose answer was handed over, though the client has not taken it yet.
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
    await this.#finishRequests()
    this.#endpoint.close()
    this.#loopback.close()
    server.close()
    // Whoever was cut off just now still gets its receipt, before the log is closed.
    await this.#idleWithin(lifecycle.phase === 'failed' ? FAREWELL_MS : LAST_WORDS_MS)
    await closed
    await this.#core.close()
    this.#deps.telemetry.write({ event: 'stopped', detail: '' })
  }

  async #changeEpoch(next: EpochChange): Promise<void> {
    const { running, admission, clock, config, upstreams, lifecycle } = this.#core
    if (lifecycle.phase !== 'serving') throw new CountersignError('ERR_USAGE', 'the gateway does not serve now')
    const settings = { config: next.config ?? config, upstreams: next.upstreams ?? upstreams }
    if (settings.config.digest !== config.digest) refuseMeasured(settings.config, running.attester.newest)
    const onChanged = (): void => {
      this.#core.change(settings)
      const { session, digest } = running.boot.current
      this.#deps.telemetry.write({ event: 'epoch', detail: `epoch ${session.epoch}, session ${digest}` })
      if (settings.upstreams !== upstreams) void upstreams.close().catch(() => {})
    }
    const { timers } = this.#deps
    await changeEpoch({ deps: this.#deps, running, admission, clock, timers, next: settings, onChanged })
  }

  /** What is open at the deadline ends with an error and its receipt. */
  async #finishRequests(): Promise<void> {
    const { lifecycle } = this.#core
    // Where another process writes this history no receipt can be made any more: there is nothing to wait for.
    if (lifecycle.phase !== 'failed' && (await this.#idleWithin(DRAIN_MS))) return
    lifecycle.cutAll()
    await this.#idleWithin(lifecycle.phase === 'failed' ? FAREWELL_MS : LAST_WORDS_MS)
  }

  #idleWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#deps.timers.after(ms, () => resolve(false))
      void this.#core.lifecycle.idle().then(() => {
        cancel()
        resolve(true)
      })
    })
  }
}
