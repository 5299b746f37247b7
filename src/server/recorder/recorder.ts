/** The one sequencer of receipts: assigns seq, signs, seals and appends in one synchronous step. wire.md section 2. @module */
import { decodeBase64Url, encodeBase64Url } from '../../core/encoding/base64.ts'
import { decodeLogOrigin } from '../../core/log/index.ts'
import type { EngineClaim, ModelClaim, Outcome, UpstreamKind } from '../../core/receipt/claims.ts'
import { RECEIPT_PROFILE, type ReceiptClaims } from '../../core/receipt/claims.ts'
import { receiptDigest } from '../../core/receipt/conversation.ts'
import type { Dependencies, Forwarded, Octets } from '../../core/receipt/disclosed.ts'
import { type Disclosure, type DisclosureName, encodeDisclosure } from '../../core/receipt/disclosures.ts'
import { encodeReceipt, receiptEntry, receiptJti, signReceipt } from '../../core/receipt/receipt.ts'
import type { RunningBoot } from '../boot/running-boot.ts'
import type { ResolvedDeps } from '../deps.ts'
import type { BootClock } from '../session/boot-clock.ts'
import type { Admission, CutShort } from './admission.ts'
import { RandomPool } from './random-pool.ts'
import { sealRecord } from './sealed-store.ts'

/** An admitted request. */
export interface Admitted {
  readonly rid: Uint8Array
  /** `rid` as the client gets it. */
  readonly ridText: string
  readonly jti: Uint8Array
  readonly jtiText: string
  /** Resolves when the intent is durable: before that no octet leaves. */
  readonly durable: Promise<void>
  /** Its receipt is durable, or never will be. */
  readonly settle: () => void
}

/** What a receipt says, as it stands when the exchange ends. */
export interface ReceiptContent {
  readonly outcome: Outcome
  readonly nonce?: string
  readonly model: ModelClaim
  readonly engine: EngineClaim
  readonly upstream: UpstreamKind
  readonly disclosed: {
    readonly request?: Octets
    readonly forwarded?: Forwarded
    readonly response: Octets
    readonly dependencies: Dependencies
    readonly exchange: object
  }
  /** Whether the disclosure of that name travels with the answer. */
  readonly exchangeTravels: boolean
  readonly inserts: readonly Uint8Array[]
  readonly tenant: string
}

/** A receipt that is signed and on its way to the disk. It is final, whatever the socket does. */
export interface CommittedReceipt {
  /** For a response header. */
  readonly header: string
  /** For the last comment of a stream. */
  readonly comment: string
  /** Place of its leaf. */
  readonly index: number
  /** By which others name it: SHA-256 over the issuer's JWS. */
  readonly digest: string
  /** Resolves when it may leave; rejects with ERR_LOG_APPEND when it never may. */
  readonly durable: Promise<void>
}

const ID_SIZE = 16
const IV_SIZE = 12
/** Seconds within which the leaf must be in a published checkpoint. */
const MERGE_DELAY = 60
/** Octets of the token in a header: with others it must fit into what proxies take (8 KiB). */
const MAX_HEADER_TOKEN = 6 * 1024
/** What travels with every answer; the rest is fetched by rid. */
const TRAVELLING: readonly DisclosureName[] = ['request', 'forwarded', 'response']

export interface RecorderDeps {
  readonly clock: BootClock
  readonly random: ResolvedDeps['random']
  readonly admission: Admission
}

export class Recorder {
  readonly #boot: RunningBoot
  readonly #admission: Admission
  readonly #clock: BootClock
  readonly #pool: RandomPool
  readonly #iss: string
  readonly #onAppended: () => void

  /** @param onAppended called after each receipt: one more waits for a quote */
  constructor(boot: RunningBoot, { clock, random, admission }: RecorderDeps, onAppended: () => void) {
    this.#boot = boot
    this.#admission = admission
    this.#clock = clock
    this.#pool = new RandomPool(random)
    this.#iss = `https://${decodeLogOrigin(boot.log.origin).host}`
    this.#onAppended = onAppended
  }

  /**
   * Admits a request: from here on it is owed a receipt.
   * @param cutShort ends it early, with its receipt
   * @param rid 16 octets that nobody can guess; fresh ones where they are not given
   * @throws CountersignError ERR_LOG_APPEND
   */
  admit(cutShort: CutShort, rid: Uint8Array = this.#pool.take(ID_SIZE)): Admitted {
    const jtiText = receiptJti(rid)
    const jti = decodeBase64Url(jtiText)
    const durable = this.#boot.log.recordIntent(jti)
    // Whoever answers awaits it; an exchange that ends before has its receipt's own promise to look at.
    durable.catch(() => {})
    return { rid, ridText: encodeBase64Url(rid), jti, jtiText, durable, settle: this.#admission.enter(cutShort) }
  }

  /** Signs and appends, in this very tick: nothing else can take the seq. @throws CountersignError ERR_LOG_APPEND */
  commit(admitted: Admitted, content: ReceiptContent): CommittedReceipt {
    try {
      const committed = this.#commit(admitted, content)
      // Until then it is open: the last quote of a session must cover it, and covers what is durable.
      void committed.durable.then(admitted.settle, admitted.settle)
      return committed
    } catch (error) {
      admitted.settle()
      throw error
    }
  }

  #commit({ rid, jti, jtiText }: Admitted, content: ReceiptContent): CommittedReceipt {
    const { log, octets: boot, current } = this.#boot
    const disclosures = this.#disclose(content)
    const seq = log.nextReceiptSeq
    const issuerJws = signReceipt(this.#claims(jtiText, seq, { content, disclosures }), current.receiptKey)
    const sealed = sealRecord(
      { token: encodeReceipt(issuerJws, disclosures), inserts: content.inserts },
      { rid, tenant: content.tenant },
      { boot, seq, jti },
      this.#pool.take(IV_SIZE),
    )
    const { index, durable } = log.appendReceipt({ entry: receiptEntry(issuerJws), jti, intent: jti, sealed })
    this.#onAppended()
    const travelling = disclosures.filter(
      ({ name }) => TRAVELLING.includes(name) || (name === 'exchange' && content.exchangeTravels),
    )
    const comment = encodeReceipt(issuerJws, travelling)
    return {
      comment,
      header: fitHeader(comment, issuerJws, travelling),
      index,
      digest: receiptDigest(issuerJws),
      durable,
    }
  }

  #disclose({ disclosed }: ReceiptContent): readonly Disclosure[] {
    const { request, forwarded, response, dependencies, exchange } = disclosed
    const disclose = (name: DisclosureName, value: object): Disclosure =>
      encodeDisclosure(name, value, this.#pool.take(ID_SIZE))
    return [
      ...(request === undefined ? [] : [disclose('request', request)]),
      ...(forwarded === undefined ? [] : [disclose('forwarded', forwarded)]),
      disclose('response', response),
      disclose('dependencies', dependencies),
      disclose('exchange', exchange),
    ]
  }

  #claims(
    jti: string,
    seq: number,
    { content, disclosures }: { readonly content: ReceiptContent; readonly disclosures: readonly Disclosure[] },
  ): ReceiptClaims {
    const { outcome, nonce, model, engine, upstream } = content
    const iat = this.#clock.seconds()
    return {
      iss: this.#iss,
      iat,
      jti,
      eat_profile: RECEIPT_PROFILE,
      ...(nonce === undefined ? {} : { eat_nonce: nonce }),
      session: this.#boot.current.digest,
      seq,
      outcome,
      model,
      engine,
      upstream: { kind: upstream },
      log: { origin: this.#boot.log.origin, merge_by: iat + MERGE_DELAY },
      _sd_alg: 'sha-256',
      _sd: disclosures.map(({ digest }) => digest),
    }
  }
}

/** What a header that would be too long goes without, the first first: it is fetched by rid. */
const DISPENSABLE: readonly DisclosureName[] = ['forwarded', 'exchange']

/** A request with many splices makes a long `forwarded`, and a model server with long names a long `exchange`. */
function fitHeader(token: string, issuerJws: string, disclosures: readonly Disclosure[]): string {
  let fitting = token
  let kept = disclosures
  for (const dispensable of DISPENSABLE) {
    if (fitting.length <= MAX_HEADER_TOKEN) break
    kept = kept.filter(({ name }) => name !== dispensable)
    fitting = encodeReceipt(issuerJws, kept)
  }
  return fitting
}
