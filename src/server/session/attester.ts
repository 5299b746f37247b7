/** The evidence in use, and what waits for newer: ties the quoting loop to session, log and disk. @module */
import { join } from 'node:path'
import { encodeArchive } from '../../core/archive/index.ts'
import { quoteOctets } from '../../core/evidence/endorse.ts'
import { NITRO_STATEMENT_MAX_LIFE } from '../../core/evidence/statement.ts'
import { createEntry } from '../../core/log/index.ts'
import { CountersignError } from '../../errors.ts'
import type { RunningBoot } from '../boot/running-boot.ts'
import type { ResolvedDeps } from '../deps.ts'
import type { BootClock } from './boot-clock.ts'
import { type Challenge, Challenges } from './challenges.ts'
import { type AttestedEvidence, prepareStatement, requestQuote, verifyOwnQuote } from './evidence.ts'
import { QuoteWaiters } from './quote-waiters.ts'
import { QuotingLoop, type QuotingOutcome } from './quoting-loop.ts'
import { replaceFile } from './whole-file.ts'

/** Evidence is renewed when this part of its life is over. */
const RENEW_AT = 0.75

export class Attester {
  readonly #deps: ResolvedDeps
  readonly #boot: RunningBoot
  readonly #clock: BootClock
  readonly #challenges: Challenges
  readonly #waiters: QuoteWaiters
  readonly #loop: QuotingLoop<AttestedEvidence>
  #newest: AttestedEvidence | undefined
  #storing: Promise<void> = Promise.resolve()
  #markFirst: () => void = () => {}
  /** Resolves when the first evidence has verified, or when there will never be any. */
  readonly first: Promise<void> = new Promise((resolve) => {
    this.#markFirst = resolve
  })
  /** Why there is no evidence, for readiness. */
  #lastFailure = 'the first quote is under way'

  constructor(deps: ResolvedDeps, boot: RunningBoot, clock: BootClock) {
    this.#deps = deps
    this.#boot = boot
    this.#clock = clock
    this.#challenges = new Challenges(boot.log)
    this.#waiters = new QuoteWaiters(deps.timers)
    const { intervalMs, deadlineMs } = deps.config.operational.quoting
    this.#loop = new QuotingLoop<AttestedEvidence>(
      {
        attempt: () => this.#attempt(),
        isDue: () => this.#isDue(),
        adopt: (evidence) => this.#adopt(evidence),
        renewInMs: ({ attestation }) => (attestation.expiresAt.getTime() - clock.date().getTime()) * RENEW_AT,
        deviceMs: ({ deviceMs }) => deviceMs,
        report: (outcome) => this.#report(outcome),
        monotonicMs: () => clock.monotonicMs(),
        timers: deps.timers,
      },
      { intervalMs, deadlineMs },
    )
  }

  /** Asks for the first quote. */
  start(): void {
    this.#loop.poke()
  }

  /** The newest evidence while it is in force. Without it no receipt may be signed. */
  get evidence(): AttestedEvidence | undefined {
    const newest = this.#newest
    if (newest !== undefined && this.#clock.date() < newest.attestation.expiresAt) return newest
    this.#loop.poke()
    return undefined
  }

  /** The newest evidence, in force or not: its checkpoint covers every earlier receipt. */
  get newest(): AttestedEvidence | undefined {
    return this.#newest
  }

  /** Why {@link evidence} is not there. */
  get reason(): string {
    return this.#newest === undefined ? this.#lastFailure : 'the newest evidence has expired'
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
    const covering = (): AttestedEvidence | undefined =>
      this.evidence !== undefined && index < this.evidence.checkpoint.size ? this.evidence : undefined
    const now = covering()
    if (now !== undefined) return now
    this.#loop.poke()
    return (await this.#waiters.wait(index, waitMs)) ? covering() : undefined
  }

  /** True when a quote over the leaf at `index` lies below a checkpoint that a quorum of witnesses cosigned, now or within `waitMs`. */
  async witnessed(_index: number, _waitMs: number): Promise<boolean> {
    return false
  }

  /** One last quote over everything that waits. */
  async close(): Promise<void> {
    await this.#loop.close()
    this.#waiters.abandon()
    this.#markFirst()
    await this.#storing
  }

  /** The log has failed. */
  stop(): void {
    this.#loop.stop()
    this.#waiters.abandon()
    this.#markFirst()
  }

  async #attempt(): Promise<AttestedEvidence> {
    const { quoter, endorse, config } = this.#deps
    const { statementLifeSeconds } = config.operational.quoting
    const life =
      quoter.tee === 'nitro' ? Math.min(statementLifeSeconds, NITRO_STATEMENT_MAX_LIFE) : statementLifeSeconds
    const statement = await prepareStatement(this.#boot.log, this.#boot.current, this.#clock, life)
    const askedMs = this.#clock.monotonicMs()
    const quote = await requestQuote(quoter, statement)
    const deviceMs = this.#clock.monotonicMs() - askedMs
    const endorsed = await endorse(quote)
    const { simulated } = quoter
    return verifyOwnQuote({ quote: endorsed, deviceMs }, statement, {
      session: this.#boot.current,
      clock: this.#clock,
      simulated,
    })
  }

  #isDue(): boolean {
    const newest = this.#newest
    if (newest === undefined) return true
    if (this.#challenges.pending > 0 || this.#clock.date() >= newest.attestation.expiresAt) return true
    return this.#boot.log.nextReceiptSeq > newest.attestation.statement.counts.receipts
  }

  #adopt(evidence: AttestedEvidence): boolean {
    const { size } = evidence.checkpoint
    // A quote that was asked for earlier and came later: what is in use covers more.
    if (this.#newest !== undefined && size < this.#newest.checkpoint.size) return false
    this.#newest = evidence
    this.#appendQuote(evidence)
    this.#challenges.release(size)
    this.#waiters.release(size)
    this.#markFirst()
    this.#storing = this.#storing.then(() => this.#store(evidence))
    return true
  }

  /** The bare quote with its signature becomes a leaf of a later checkpoint: that is what witnesses will date. */
  #appendQuote({ quote }: AttestedEvidence): void {
    try {
      this.#boot.log.appendEntry(createEntry('quote', quoteOctets(quote)))
    } catch (error) {
      if (!(error instanceof CountersignError) || error.code !== 'ERR_LOG_APPEND') throw error
    }
  }

  /** Only the newest is kept: its checkpoint covers all earlier receipts. */
  async #store({ session, statement, quote }: AttestedEvidence): Promise<void> {
    const { files, telemetry } = this.#deps
    const path = join(this.#boot.log.directory, 'evidence.cmw.json')
    try {
      await replaceFile(files, path, encodeArchive({ session, statement, quote }))
    } catch (error) {
      telemetry.write({ event: 'evidence-not-stored', detail: error instanceof Error ? error.message : 'unknown' })
    }
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
