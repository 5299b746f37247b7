/** The evidence in use, and what waits for newer: ties the quoting loop to the boot's session and log, and to what keeps evidence. @module */
import { quoteOctets } from '../../core/evidence/endorse.ts'
import { NITRO_STATEMENT_MAX_LIFE } from '../../core/evidence/statement.ts'
import { createEntry } from '../../core/log/index.ts'
import { CountersignError } from '../../errors.ts'
import type { RunningBoot } from '../boot/running-boot.ts'
import type { OperationalConfig } from '../config/index.ts'
import type { ResolvedDeps } from '../deps.ts'
import type { EvidenceStore } from '../evidence-store/index.ts'
import type { BootClock } from './boot-clock.ts'
import { type Challenge, Challenges } from './challenges.ts'
import {
  type AttestedEvidence,
  prepareStatement,
  requestQuote,
  requireSameSoftware,
  verifyOwnQuote,
} from './evidence.ts'
import type { Publisher } from './publisher.ts'
import { QuoteWaiters } from './quote-waiters.ts'
import { QuotingLoop, type QuotingOutcome } from './quoting-loop.ts'
import { WitnessCover } from './witness-cover.ts'

/** Evidence is renewed when this part of its life is over. */
const RENEW_AT = 0.75

export interface AttesterParts {
  readonly boot: RunningBoot
  readonly clock: BootClock
  readonly evidence: EvidenceStore
  readonly publisher: Publisher
  /** As configured now. */
  readonly quoting: () => OperationalConfig['quoting']
}

export class Attester {
  readonly #deps: Pick<ResolvedDeps, 'quoter' | 'endorse' | 'telemetry' | 'timers'>
  readonly #parts: AttesterParts
  readonly #challenges: Challenges
  readonly #quoteWaiters: QuoteWaiters
  readonly #witnessWaiters: QuoteWaiters
  readonly #cover: WitnessCover = new WitnessCover()
  readonly #loop: QuotingLoop<AttestedEvidence>
  #newest: AttestedEvidence | undefined
  /** Leaves that must be quoted though nobody waits for them. */
  #wanted = 0
  #working: Promise<unknown> = Promise.resolve()
  #markFirst: () => void = () => {}
  /** Resolves when the first evidence has verified, or when there will never be any. */
  readonly first: Promise<void> = new Promise((resolve) => {
    this.#markFirst = resolve
  })
  /** Why there is no evidence, for readiness. */
  #lastFailure = 'the first quote is under way'

  constructor(deps: Pick<ResolvedDeps, 'quoter' | 'endorse' | 'telemetry' | 'timers'>, parts: AttesterParts) {
    const { boot, clock, quoting } = parts
    this.#deps = deps
    this.#parts = parts
    this.#challenges = new Challenges(boot.log)
    this.#quoteWaiters = new QuoteWaiters(deps.timers)
    this.#witnessWaiters = new QuoteWaiters(deps.timers)
    this.#loop = new QuotingLoop<AttestedEvidence>(
      {
        attempt: () => this.#attempt(),
        isDue: () => this.#isDue(),
        isUrgent: () => this.#isUrgent(),
        adopt: (evidence) => this.#adopt(evidence),
        renewInMs: ({ attestation }) => (attestation.expiresAt.getTime() - clock.date().getTime()) * RENEW_AT,
        deviceMs: ({ deviceMs }) => deviceMs,
        report: (outcome) => this.#report(outcome),
        monotonicMs: () => clock.monotonicMs(),
        timers: deps.timers,
      },
      {
        get intervalMs() {
          return quoting().intervalMs
        },
        get deadlineMs() {
          return quoting().deadlineMs
        },
      },
    )
  }

  /** Asks for the first quote. */
  start(): void {
    this.#loop.poke()
  }

  /** The newest evidence of the session in force, while it is in force itself. Without it no receipt may be signed. */
  get evidence(): AttestedEvidence | undefined {
    const newest = this.#newest
    if (newest !== undefined && this.#isOfCurrentSession(newest) && this.#inForce(newest)) return newest
    this.#loop.poke()
    return undefined
  }

  /** The newest evidence, in force or not: its checkpoint covers every earlier receipt. */
  get newest(): AttestedEvidence | undefined {
    return this.#newest
  }

  /** Why {@link evidence} is not there. */
  get reason(): string {
    return this.#newest === undefined || !this.#isOfCurrentSession(this.#newest)
      ? this.#lastFailure
      : 'the newest evidence has expired'
  }

  /** A receipt was appended: it waits for a quote from now on. */
  receiptAppended(): void {
    this.#loop.poke()
  }

  /** Appends the leaf of a nonce; undefined when too many wait. @throws CountersignError ERR_LOG_APPEND */
  challenge(nonce: Uint8Array): Challenge | undefined {
    return this.#challenges.add(nonce)
  }

  /** Evidence whose checkpoint holds the leaf at `index`, now or within `waitMs`; undefined when the wait is over. */
  async quoted(index: number, waitMs: number): Promise<AttestedEvidence | undefined> {
    const covering = (): AttestedEvidence | undefined => {
      const newest = this.#newest
      return newest !== undefined && index < newest.checkpoint.size && this.#inForce(newest) ? newest : undefined
    }
    const now = covering()
    if (now !== undefined) return now
    this.#loop.poke()
    return (await this.#quoteWaiters.wait(index, waitMs)) ? covering() : undefined
  }

  /** Whether a quote over the leaf at `index` lies below a checkpoint that the witnesses cosigned, now or within `waitMs`. */
  async witnessed(index: number, waitMs: number): Promise<boolean> {
    if (index < this.#cover.size) return true
    this.#loop.poke()
    return this.#witnessWaiters.wait(index, waitMs)
  }

  /** The witnesses cosigned the checkpoint of `size` leaves, and it is kept. */
  checkpointWitnessed(size: number): void {
    this.#cover.witnessed(size)
    this.#witnessWaiters.release(this.#cover.size)
  }

  /** Quotes everything that is durable now, whether anyone waits for it or not. False when it did not verify within `waitMs`. */
  async settle(waitMs: number): Promise<boolean> {
    const { size } = this.#parts.boot.log
    this.#wanted = Math.max(this.#wanted, size)
    return (await this.quoted(size - 1, waitMs)) !== undefined
  }

  /** The boot goes on under another session: it needs evidence of its own. False when none verified within `waitMs`. */
  async sessionChanged(waitMs: number): Promise<boolean> {
    this.#lastFailure = 'the first quote of the new session is under way'
    return this.settle(waitMs)
  }

  /** One last quote over everything that waits, and what follows from it. */
  async close(): Promise<void> {
    await this.#loop.close()
    this.#end()
    await this.#working
  }

  /** The log has failed. */
  stop(): void {
    this.#loop.stop()
    this.#end()
  }

  #end(): void {
    this.#quoteWaiters.abandon()
    this.#witnessWaiters.abandon()
    this.#markFirst()
  }

  #inForce({ attestation }: AttestedEvidence): boolean {
    return this.#parts.clock.date() < attestation.expiresAt
  }

  #isOfCurrentSession({ session }: AttestedEvidence): boolean {
    return session === this.#parts.boot.current.octets
  }

  async #attempt(): Promise<AttestedEvidence> {
    const { quoter, endorse } = this.#deps
    const { boot, clock, publisher, quoting } = this.#parts
    const { statementLifeSeconds } = quoting()
    const life =
      quoter.tee === 'nitro' ? Math.min(statementLifeSeconds, NITRO_STATEMENT_MAX_LIFE) : statementLifeSeconds
    // A late attempt may end under the next session: it is judged by its own.
    const session = boot.current
    const checkpoint = await publisher.checkpoint()
    // It may hold the leaf that ends the session: under that one it would take the place of the next one's first evidence.
    if (boot.current !== session) throw new CountersignError('ERR_QUOTE', 'the session has changed meanwhile')
    const statement = prepareStatement(session, checkpoint, { iat: clock.seconds(), life })
    const askedMs = clock.monotonicMs()
    const quote = await requestQuote(quoter, statement)
    const deviceMs = clock.monotonicMs() - askedMs
    const endorsed = await endorse(quote)
    const { simulated } = quoter
    const evidence = await verifyOwnQuote({ quote: endorsed, deviceMs }, statement, { session, clock, simulated })
    requireSameSoftware(evidence, this.#newest)
    // Nothing is signed or graded by evidence that a crash would take away: without its first record a session vouches for nothing.
    await this.#store(evidence)
    return evidence
  }

  async #store(evidence: AttestedEvidence): Promise<void> {
    try {
      await this.#parts.evidence.add(evidence)
    } catch (error) {
      this.#notice('evidence-not-stored', error)
      throw error
    }
  }

  #isDue(): boolean {
    const newest = this.#newest
    if (newest === undefined || !this.#isOfCurrentSession(newest)) return true
    if (this.#wanted > newest.checkpoint.size) return true
    if (this.#challenges.pending > 0 || !this.#inForce(newest)) return true
    return this.#waiting > 0
  }

  /** Receipts that no quote covers. */
  get #waiting(): number {
    return this.#parts.boot.log.nextReceiptSeq - (this.#newest?.attestation.statement.counts.receipts ?? 0)
  }

  /** A full batch, and whoever changes the session while requests are held. */
  #isUrgent(): boolean {
    const newest = this.#newest
    if (newest === undefined || !this.#isOfCurrentSession(newest)) return true
    return this.#wanted > newest.checkpoint.size || this.#waiting >= this.#parts.quoting().batchSize
  }

  #adopt(evidence: AttestedEvidence): boolean {
    const { size } = evidence.checkpoint
    // A quote that was asked for earlier and came later: what is in use covers more, or is of the session that followed.
    if (!this.#isOfCurrentSession(evidence)) return false
    const newest = this.#newest
    if (newest !== undefined && this.#isOfCurrentSession(newest) && size < newest.checkpoint.size) return false
    this.#newest = evidence
    this.#parts.clock.vouched()
    this.#date(evidence)
    this.#challenges.release(size)
    this.#quoteWaiters.release(size)
    this.#markFirst()
    return true
  }

  /** The bare quote with its signature becomes a leaf of a later checkpoint: that is what witnesses date. */
  #date(evidence: AttestedEvidence): void {
    const { size } = evidence.checkpoint
    const appended = this.#appendQuote(evidence)
    if (appended === undefined) return
    const { index, durable } = appended
    this.#parts.evidence.quoteAppended(evidence, index)
    this.#cover.quoteAppended({ size, index })
    // A log that fails tells its owner itself.
    const published = durable.then(
      () => this.#parts.publisher.publish(),
      () => {},
    )
    this.#working = Promise.all([this.#working, published])
  }

  #appendQuote({ quote }: AttestedEvidence): { readonly index: number; readonly durable: Promise<void> } | undefined {
    try {
      return this.#parts.boot.log.appendEntry(createEntry('quote', quoteOctets(quote)))
    } catch (error) {
      if (error instanceof CountersignError && error.code === 'ERR_LOG_APPEND') return undefined
      throw error
    }
  }

  #notice(event: 'evidence-not-stored' | 'quote-failed', error: unknown): void {
    this.#deps.telemetry.write({ event, detail: error instanceof Error ? error.message : 'unknown' })
  }

  #report(outcome: QuotingOutcome): void {
    const { telemetry } = this.#deps
    const { durationMs } = outcome
    if (outcome.ok) {
      telemetry.write({ event: 'quote', detail: `size ${this.#newest?.checkpoint.size ?? 0}`, durationMs })
      return
    }
    this.#lastFailure = outcome.error instanceof Error ? outcome.error.message : 'unknown'
    telemetry.write({ event: 'quote-failed', detail: this.#lastFailure, durationMs })
  }
}
