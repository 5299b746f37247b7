/**
 * Certificates over the boot's TLS key that browsers trust: until there is one, and whenever there is none, the self-signed one is served.
 * What an ACME server sends is judged before it is shown; the key is never another one. @module
 */
import { createHash, X509Certificate } from 'node:crypto'
import type { SecureContext } from 'node:tls'
import { decodePem, encodePem } from '../../core/encoding/pem.ts'
import { CountersignError } from '../../errors.ts'
import type { Cancel, Clock, Timers } from '../deps.ts'
import type { TelemetrySink } from '../telemetry/types.ts'
import type { Obtain } from './acme.ts'
import { openSelfSigned } from './self-signed.ts'
import type { CertificateSource, CertificateSubject, ServedCertificate } from './types.ts'

export interface AcmeSourceDeps {
  readonly obtain: Obtain
  /** The challenge can be answered from then on. */
  readonly listening: Promise<void>
  readonly clock: Clock
  readonly timers: Timers
  readonly telemetry: TelemetrySink
}

/** Directories count failures: after each one the next try waits four times as long. */
const FIRST_RETRY_MS = 30_000
const RETRY_FACTOR = 4
/** Longest between two tries, and between two looks at the clock. */
const HOUR_MS = 3_600_000
const RENEW_AFTER = 2 / 3
/** However short-lived certificates are. */
const SHORTEST_MS = 60_000
const MAX_REASON = 200

export async function openAcme(subject: CertificateSubject, deps: AcmeSourceDeps): Promise<CertificateSource> {
  const { createCertificateRequest, withoutPort } = await import('../../issuing/index.ts')
  const { certChainPem } = (await openSelfSigned(subject, deps.clock.now())).current()
  const request = encodePem(await createCertificateRequest(subject.key, subject.host), 'CERTIFICATE REQUEST')
  const source = new AcmeSource(deps, {
    host: withoutPort(subject.host).toLowerCase(),
    spkiSha256: subject.key.spkiSha256,
    request,
    certChainPem,
  })
  void deps.listening.then(() => source.attempt())
  return source
}

interface AcmeSubject {
  readonly host: string
  readonly spkiSha256: string
  readonly request: string
  /** Served at first. */
  readonly certChainPem: string
}

class AcmeSource implements CertificateSource {
  readonly #deps: AcmeSourceDeps
  readonly #subject: AcmeSubject
  #served: ServedCertificate
  #changed: () => void = () => {}
  #challenge: SecureContext | undefined
  #failures = 0
  #isClosed = false
  /** Ends what is waited for. */
  #giveUp: Cancel = () => {}

  constructor(deps: AcmeSourceDeps, subject: AcmeSubject) {
    this.#deps = deps
    this.#subject = subject
    this.#served = { certChainPem: subject.certChainPem }
  }

  current(): ServedCertificate {
    return this.#served
  }

  onChange(changed: () => void): void {
    this.#changed = changed
  }

  challenge(serverName: string): SecureContext | undefined {
    return serverName.toLowerCase() === this.#subject.host ? this.#challenge : undefined
  }

  close(): void {
    this.#isClosed = true
    this.#giveUp()
  }

  /** Asks for a certificate; on success and on failure, arranges when to ask next. Never rejects. */
  async attempt(): Promise<void> {
    if (this.#isClosed) return
    const { telemetry, clock } = this.#deps
    try {
      const chain = await this.#obtain()
      if (this.#isClosed) return
      const leaf = judgeChain(chain, this.#subject, clock.now())
      this.#show(chain)
      this.#failures = 0
      telemetry.write({ event: 'certificate', detail: `issued, valid until ${leaf.notAfter.toISOString()}` })
      const lifeMs = leaf.notAfter.getTime() - leaf.notBefore.getTime()
      this.#waitUntil(Math.max(leaf.notBefore.getTime() + lifeMs * RENEW_AFTER, clock.now().getTime() + SHORTEST_MS))
    } catch (error) {
      if (this.#isClosed) return
      const retryMs = Math.min(HOUR_MS, FIRST_RETRY_MS * RETRY_FACTOR ** this.#failures)
      this.#failures += 1
      telemetry.write({ event: 'certificate', detail: `not issued (${reasonOf(error)}); again in ${retryMs / 1000} s` })
      this.#waitUntil(clock.now().getTime() + retryMs)
    }
  }

  async #obtain(): Promise<string> {
    const { host, request } = this.#subject
    try {
      return await this.#deps.obtain({
        host,
        request,
        show: (challenge) => {
          this.#challenge = challenge
        },
        pause: (ms) => this.#pause(ms),
      })
    } finally {
      this.#challenge = undefined
    }
  }

  /** A chain that the listener does not take leaves the one before in place. */
  #show(certChainPem: string): void {
    const before = this.#served
    this.#served = { certChainPem }
    try {
      this.#changed()
    } catch (error) {
      this.#served = before
      throw error
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#deps.timers.after(ms, resolve)
      this.#giveUp = () => {
        cancel()
        reject(new CountersignError('ERR_USAGE', 'nobody waits for this certificate any more'))
      }
    })
  }

  /** In steps: no timer runs for weeks, and the clock may be set meanwhile. */
  #waitUntil(dueMs: number): void {
    const { clock, timers } = this.#deps
    const leftMs = dueMs - clock.now().getTime()
    this.#giveUp = timers.after(Math.min(Math.max(leftMs, 0), HOUR_MS), () => {
      if (leftMs <= HOUR_MS) void this.attempt()
      else this.#waitUntil(dueMs)
    })
  }
}

/** Whoever answers for the directory may send anything: a certificate of another key would end every connection. */
function judgeChain(
  chain: string,
  { host, spkiSha256 }: AcmeSubject,
  now: Date,
): { readonly notBefore: Date; readonly notAfter: Date } {
  const [leaf] = decodePem(chain, 'CERTIFICATE').map((der) => new X509Certificate(der))
  const spki = leaf?.publicKey.export({ format: 'der', type: 'spki' })
  if (leaf === undefined || spki === undefined || createHash('sha256').update(spki).digest('hex') !== spkiSha256)
    throw new CountersignError('ERR_NETWORK', 'the certificate is of another key')
  if (leaf.checkHost(host) === undefined)
    throw new CountersignError('ERR_NETWORK', 'the certificate is of another host')
  const [notBefore, notAfter] = [new Date(leaf.validFrom), new Date(leaf.validTo)]
  if (!(notAfter > now)) throw new CountersignError('ERR_NETWORK', 'the certificate has run out')
  return { notBefore, notAfter }
}

/** One line of letters: messages of the library repeat what servers say. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : 'unknown'
  return message.replace(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_REASON)
}
