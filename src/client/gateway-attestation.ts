/** Verifies a gateway once with a nonce of one's own, and again before that grows old. @module */
import { type Archive, decodeArchive } from '../core/archive/index.ts'
import { encodeBase64Url } from '../core/encoding/base64.ts'
import { type Attestation, challengeAnchor, type Trust, verifyAttestation } from '../core/evidence/attestation.ts'
import type { Verified } from '../core/verdict.ts'
import type { ClientDeps } from './deps.ts'
import { demand } from './errors.ts'
import { pollDocument } from './http.ts'

const NONCE_SIZE = 32
const ATTESTATION_TIMEOUT_MS = 60_000
const WAIT_SECONDS = 10

/** A gateway that verified, and until when that counts. */
export interface VerifiedGateway {
  readonly attestation: Verified<Attestation>
  /** Octets of the session document. */
  readonly session: Uint8Array
}

interface Held extends VerifiedGateway {
  /** On the client's own monotonic clock, counted from when the challenge nonce was made. */
  readonly freshUntilMs: number
}

/** Keeps one gateway verified. `base` is its address up to and with `/v1`. */
export class GatewayAttestation {
  readonly #base: string
  readonly #trust: Trust
  readonly #deps: ClientDeps
  #held: Held | undefined
  #pending: Promise<Held> | undefined

  constructor(base: string, trust: Trust, deps: ClientDeps) {
    this.#base = base
    this.#trust = trust
    this.#deps = deps
  }

  /** The verified gateway; verified anew when policy's maximum age or the statement's life has run out. */
  async current(headers: Readonly<Record<string, string>>): Promise<VerifiedGateway> {
    const held = this.#held
    if (held !== undefined && this.#deps.clock.monotonicMs() < held.freshUntilMs) return held
    return this.renew(headers)
  }

  /** Verifies now, whatever is held. Callers at the same time share one verification. */
  renew(headers: Readonly<Record<string, string>>): Promise<VerifiedGateway> {
    // Whoever writes answers can cause this with each of them: there is one challenge at a time.
    this.#pending ??= this.#challenge(headers).finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  async #challenge(headers: Readonly<Record<string, string>>): Promise<Held> {
    const { clock, random } = this.#deps
    const nonce = random(NONCE_SIZE)
    const noncedAt = clock.now()
    const startedMs = clock.monotonicMs()
    const url = `${this.#base}/attestation?nonce=${encodeBase64Url(nonce)}&wait=${WAIT_SECONDS}`
    const bytes = await pollDocument(url, { headers, timeoutMs: ATTESTATION_TIMEOUT_MS }, this.#deps)
    const archive: Archive = decodeArchive(bytes)
    const at = clock.now()
    const session = new Uint8Array(archive.session)
    const verdict = demand(
      await verifyAttestation(
        { ...archive, session },
        this.#trust,
        challengeAnchor({ nonce, noncedAt, at, proof: archive.proof }),
      ),
    )
    const lifeMs = Math.min(this.#trust.policy.live.maxAgeSeconds * 1000, lifeOf(verdict.value, noncedAt))
    this.#held = { attestation: verdict.value, session, freshUntilMs: startedMs + lifeMs }
    return this.#held
  }
}

/**
 * How long a session may be used, counted from the challenge: the statement's effective life. A statement that says it is older than the
 * nonce below it has that much less of its life left.
 */
function lifeOf({ expiresAt, statement }: Attestation, noncedAt: Date): number {
  return expiresAt.getTime() - Math.max(statement.iat * 1000, noncedAt.getTime())
}
