/** Verifies a gateway once with a nonce of one's own, and again before that grows old; keeps the channel that is bound to what verified. @module */
import { type Archive, decodeArchive } from '../core/archive/index.ts'
import { encodeBase64Url } from '../core/encoding/base64.ts'
import { type Attestation, challengeAnchor, type Trust, verifyAttestation } from '../core/evidence/attestation.ts'
import type { Verified } from '../core/verdict.ts'
import { type Channel, type ConnectionChallenge, type OpenChannel, openUnbound } from './channel.ts'
import type { ClientDeps } from './deps.ts'
import { demand } from './errors.ts'
import { followLog } from './history.ts'
import { pollDocument } from './http.ts'
import type { ReceiptStore } from './store.ts'

const NONCE_SIZE = 32
const ATTESTATION_TIMEOUT_MS = 60_000
const WAIT_SECONDS = 10

/** A gateway that verified, and the way to it. */
export interface VerifiedGateway {
  readonly attestation: Verified<Attestation>
  /** Octets of the session document. */
  readonly session: Uint8Array
  readonly channel: OpenChannel
}

interface Challenged {
  readonly attestation: Verified<Attestation>
  readonly session: Uint8Array
  /** C2SP tlog-proof of the nonce, with the checkpoint. */
  readonly proof: string | undefined
  readonly noncedAt: Date
  /** On the client's own monotonic clock, counted from when the challenge nonce was made. */
  readonly freshUntilMs: number
}

interface Held extends VerifiedGateway, Challenged {}

export interface GatewayOptions {
  readonly trust: Trust
  readonly deps: ClientDeps
  readonly channel: Channel | 'none'
  /** Remembers what logs showed before. */
  readonly store?: ReceiptStore | undefined
}

/** Keeps one gateway verified. `base` is its address up to and with `/v1`. */
export class GatewayAttestation {
  readonly #base: string
  readonly #trust: Trust
  readonly #deps: ClientDeps
  readonly #channel: Channel | 'none'
  readonly #store: ReceiptStore | undefined
  #held: Held | undefined
  #pending: Promise<Held> | undefined

  constructor(base: string, { trust, deps, channel, store }: GatewayOptions) {
    this.#base = base
    this.#trust = trust
    this.#deps = deps
    this.#channel = channel
    this.#store = store
  }

  /** The verified gateway; verified anew when policy's maximum age or the statement's life has run out. */
  async current(): Promise<VerifiedGateway> {
    const held = this.#held
    if (held !== undefined && this.#deps.clock.monotonicMs() < held.freshUntilMs) return held
    return this.renew()
  }

  /** Verifies now, whatever is held. Callers at the same time share one verification. */
  renew(): Promise<VerifiedGateway> {
    // Whoever writes answers can cause this with each of them: there is one challenge at a time.
    this.#pending ??= this.#renew().finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  /** Connections live as long as the verification that they were opened under. */
  async #renew(): Promise<Held> {
    const fetch = this.#channel === 'none' ? this.#deps.fetch : (this.#channel.fetch ?? this.#deps.fetch)
    const challenged = await this.#challenge(fetch)
    const channel = await this.#open(challenged.attestation)
    try {
      const { attestation, proof, noncedAt } = challenged
      await followLog(this.#store, { base: this.#base, channel, attestation, proof, askedAt: noncedAt }, this.#deps)
    } catch (error) {
      channel.close()
      throw error
    }
    this.#held?.channel.close()
    this.#held = { ...challenged, channel }
    return this.#held
  }

  #open(attestation: Verified<Attestation>): OpenChannel | Promise<OpenChannel> {
    if (this.#channel === 'none') return openUnbound(attestation, this.#deps)
    const attest = async (connection: ConnectionChallenge): Promise<Verified<Attestation>> =>
      (await this.#challenge(connection.fetch, connection.exporter)).attestation
    return this.#channel.open({ base: this.#base, attestation, deps: this.#deps, attest })
  }

  /**
   * It carries no credentials: who answers is not known yet.
   * @param exporter of the connection that `fetch` sends over, where the challenge shall be bound to it
   */
  async #challenge(fetch: typeof globalThis.fetch, exporter?: Uint8Array): Promise<Challenged> {
    const { clock, random } = this.#deps
    const nonce = random(NONCE_SIZE)
    const noncedAt = clock.now()
    const startedMs = clock.monotonicMs()
    const bound = exporter === undefined ? {} : { binding: 'tls-exporter' }
    const query = new URLSearchParams({ nonce: encodeBase64Url(nonce), wait: `${WAIT_SECONDS}`, ...bound })
    const asked = { headers: {}, timeoutMs: ATTESTATION_TIMEOUT_MS }
    const bytes = await pollDocument(`${this.#base}/attestation?${query}`, asked, { ...this.#deps, fetch })
    const archive: Archive = decodeArchive(bytes)
    const at = clock.now()
    const session = new Uint8Array(archive.session)
    const anchor = challengeAnchor({
      nonce,
      noncedAt,
      at,
      proof: archive.proof,
      ...(exporter === undefined ? {} : { exporter }),
    })
    const verdict = demand(await verifyAttestation({ ...archive, session }, this.#trust, anchor))
    const lifeMs = Math.min(this.#trust.policy.live.maxAgeSeconds * 1000, lifeOf(verdict.value, noncedAt))
    return { attestation: verdict.value, session, proof: archive.proof, noncedAt, freshUntilMs: startedMs + lifeMs }
  }
}

/**
 * How long a session may be used, counted from the challenge: the statement's effective life. A statement that says it is older than the
 * nonce below it has that much less of its life left.
 */
function lifeOf({ expiresAt, statement }: Attestation, noncedAt: Date): number {
  return expiresAt.getTime() - Math.max(statement.iat * 1000, noncedAt.getTime())
}
