/** The gateway as one object: begins a session, serves it, drains it. @module */
import { createServer, type Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { CountersignError } from '../errors.ts'
import { beginBoot } from './boot/begin-boot.ts'
import { type GatewayDeps, type ResolvedDeps, resolveDeps } from './deps.ts'
import type { ReceiptLog } from './log/index.ts'
import { answerParseErrors, guard, SERVER_OPTIONS } from './middleware/http-guard.ts'
import { Admission } from './recorder/admission.ts'
import { RandomPool } from './recorder/random-pool.ts'
import { Recorder } from './recorder/recorder.ts'
import { createApp } from './routes/app.ts'
import { judgeReadiness, type Readiness } from './routes/health.ts'
import { Lifecycle } from './routes/lifecycle.ts'
import type { GatewayParts } from './routes/parts.ts'
import { Pulse } from './routes/pulse.ts'
import { announcesMoreThan } from './routes/read-body.ts'
import { Attester } from './session/attester.ts'
import { BootClock } from './session/boot-clock.ts'
import { findSessions } from './session/earlier-logs.ts'
import type { AttestedEvidence } from './session/evidence.ts'

export interface Gateway {
  /** Starts serving. The first quote may still be under way: until it verified, chat routes answer 503. */
  listen(): Promise<{ readonly url: string }>
  /** Readiness off, no new requests, open ones up to 30 s, then cut with their receipts; last quote; flush. */
  close(): Promise<void>
  /** Waits until the first quote has verified, or the log has failed, or the gateway is closed; then says how things stand. */
  ready(): Promise<Readiness>
  /** How things stand now. */
  readiness(): Promise<Readiness>
  /** The evidence in force, for whoever embeds the gateway. */
  evidence(): AttestedEvidence | undefined
  readonly log: ReceiptLog
}

const DRAIN_MS = 30_000
/** After streams are cut: time for their receipts. */
const LAST_WORDS_MS = 5_000

/**
 * Makes keys, session and log, and asks for the first quote. Nothing is served before {@link Gateway.listen}.
 * @throws CountersignError ERR_LOG_APPEND when the data directory cannot be written, ERR_CONFIG
 * @example
 * const gateway = await createGateway({ config, quoter, upstreams })
 * const { url } = await gateway.listen()
 */
export async function createGateway(given: GatewayDeps): Promise<Gateway> {
  const deps = resolveDeps(given)
  const { telemetry } = deps
  const clock = new BootClock(deps.clock)
  const lifecycle = new Lifecycle()
  // The log may fail while the session begins: there is no attester to stop then.
  let stopAttester = (): void => {}
  const earlierSessions = await findSessions(deps.config.operational.dataDir)
  const boot = await beginBoot(deps, clock, (error) => {
    telemetry.write({ event: 'log-failed', detail: error.message })
    lifecycle.fail()
    stopAttester()
  })
  const attester = new Attester(deps, boot, clock)
  stopAttester = () => attester.stop()
  const admission = new Admission(deps.timers)
  const parts: GatewayParts = {
    config: deps.config,
    boot,
    earlierSessions,
    attester,
    recorder: new Recorder(boot, { clock, random: deps.random, admission }, () => attester.receiptAppended()),
    admission,
    upstreams: deps.upstreams,
    clock,
    pulse: new Pulse(deps.timers, () => clock.monotonicMs()),
    lifecycle,
    random: new RandomPool(deps.random),
    telemetry,
    files: deps.files,
  }
  attester.start()
  return new RunningGateway(deps, parts)
}

class RunningGateway implements Gateway {
  readonly log: ReceiptLog
  readonly #deps: ResolvedDeps
  readonly #parts: GatewayParts
  readonly #server: Server

  constructor(deps: ResolvedDeps, parts: GatewayParts) {
    this.#deps = deps
    this.#parts = parts
    this.log = parts.boot.log
    const app = createApp(parts)
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    this.#server = createServer(SERVER_OPTIONS)
    const serve = guard((incoming, outgoing) => void listener(incoming, outgoing))
    const limit = deps.config.measured.limits.bodyBytes
    answerParseErrors(this.#server)
    this.#server.on('request', serve)
    // A client that asks first is told to send only what will be read.
    this.#server.on('checkContinue', (incoming, outgoing) => {
      if (!announcesMoreThan(incoming, limit)) outgoing.writeContinue()
      serve(incoming, outgoing)
    })
  }

  async listen(): Promise<{ readonly url: string }> {
    const { host, port } = this.#deps.config.operational.listen
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    const address = this.#server.address()
    if (address === null || typeof address === 'string')
      throw new CountersignError('ERR_CONFIG', 'operational.listen: the address is not one of TCP')
    const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
    this.#deps.telemetry.write({ event: 'started', detail: url })
    return { url }
  }

  async ready(): Promise<Readiness> {
    await this.#parts.attester.first
    return this.readiness()
  }

  readiness(): Promise<Readiness> {
    return judgeReadiness(this.#parts)
  }

  evidence(): AttestedEvidence | undefined {
    return this.#parts.attester.evidence
  }

  async close(): Promise<void> {
    const { lifecycle, attester, boot, upstreams } = this.#parts
    lifecycle.drain()
    // Not the close of node:http: it destroys each connection whose answer was handed over, though the client has not taken it yet.
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(this.#server, () => resolve()))
    await this.#finishRequests()
    this.#server.closeAllConnections()
    this.#server.close()
    // Whoever was cut off just now still gets its receipt, before the log is closed.
    await this.#idleWithin(LAST_WORDS_MS)
    await closed
    if (lifecycle.phase !== 'failed') await attester.close()
    await boot.log.close()
    await upstreams.close()
    this.#deps.telemetry.write({ event: 'stopped', detail: '' })
  }

  /** What is open at the deadline ends with an error and its receipt. */
  async #finishRequests(): Promise<void> {
    const { lifecycle } = this.#parts
    if (await this.#idleWithin(DRAIN_MS)) return
    lifecycle.cutAll()
    await this.#idleWithin(LAST_WORDS_MS)
  }

  #idleWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#deps.timers.after(ms, () => resolve(false))
      void this.#parts.lifecycle.idle().then(() => {
        cancel()
        resolve(true)
      })
    })
  }
}
