/** The one sequencer of receipts: assigns seq, signs, seals and appends in one synchronous step. wire.md section 2. @module */
import { decodeBase64Url, encodeBase64Url } from '../../core/encoding/base64.ts'
import { decodeLogOrigin } from '../../core/log/index.ts'
import { receiptDigest } from '../../core/receipt/conversation.ts'
import type { Disclosure, DisclosureName } from '../../core/receipt/disclosures.ts'
import { encodeReceipt, receiptEntry, receiptJti } from '../../core/receipt/receipt.ts'
import type { RunningBoot } from '../boot/running-boot.ts'
import type { ResolvedDeps } from '../deps.ts'
import type { BootClock } from '../session/boot-clock.ts'
import type { Admission, CutShort } from './admission.ts'
import { buildReceipt, type ReceiptContent } from './build-receipt.ts'
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
    const seq = log.nextReceiptSeq
    const { issuerJws, disclosures, token } = buildReceipt(
      content,
      { iss: this.#iss, origin: log.origin, session: current, jti: jtiText, seq, iat: this.#clock.seconds() },
      this.#pool,
    )
    const sealed = sealRecord(
      { token, inserts: content.inserts },
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
