/** From what happened to the signed token: discloses, claims, signs. It neither seals nor appends. wire.md section 2. @module */
import type { EngineClaim, ModelClaim, Outcome, UpstreamKind } from '../../core/receipt/claims.ts'
import { RECEIPT_PROFILE, type ReceiptClaims } from '../../core/receipt/claims.ts'
import type { Dependencies, Forwarded, Octets } from '../../core/receipt/disclosed.ts'
import { type Disclosure, type DisclosureName, encodeDisclosure } from '../../core/receipt/disclosures.ts'
import { encodeReceipt, signReceipt } from '../../core/receipt/receipt.ts'
import type { RunningSession } from '../boot/running-boot.ts'
import type { RandomPool } from './random-pool.ts'

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

/** Who issues it, when, and which of the log it will be. */
export interface ReceiptPlace {
  readonly iss: string
  /** Of the log. */
  readonly origin: string
  readonly session: Pick<RunningSession, 'digest' | 'receiptKey'>
  readonly jti: string
  /** Whoever appends takes it in the same tick. */
  readonly seq: number
  readonly iat: number
}

export interface BuiltReceipt {
  readonly issuerJws: string
  readonly disclosures: readonly Disclosure[]
  /** With all disclosures. */
  readonly token: string
}

const SALT_SIZE = 16
/** Seconds within which the leaf must be in a published checkpoint. */
const MERGE_DELAY = 60

/** @param salts random octets, none of which is handed out twice */
export function buildReceipt(content: ReceiptContent, place: ReceiptPlace, salts: RandomPool): BuiltReceipt {
  const disclosures = disclose(content.disclosed, salts)
  const issuerJws = signReceipt(claim(content, place, disclosures), place.session.receiptKey)
  return { issuerJws, disclosures, token: encodeReceipt(issuerJws, disclosures) }
}

function disclose(disclosed: ReceiptContent['disclosed'], salts: RandomPool): readonly Disclosure[] {
  const { request, forwarded, response, dependencies, exchange } = disclosed
  const encode = (name: DisclosureName, value: object): Disclosure =>
    encodeDisclosure(name, value, salts.take(SALT_SIZE))
  return [
    ...(request === undefined ? [] : [encode('request', request)]),
    ...(forwarded === undefined ? [] : [encode('forwarded', forwarded)]),
    encode('response', response),
    encode('dependencies', dependencies),
    encode('exchange', exchange),
  ]
}

function claim(
  { outcome, nonce, model, engine, upstream }: ReceiptContent,
  { iss, origin, session, jti, seq, iat }: ReceiptPlace,
  disclosures: readonly Disclosure[],
): ReceiptClaims {
  return {
    iss,
    iat,
    jti,
    eat_profile: RECEIPT_PROFILE,
    ...(nonce === undefined ? {} : { eat_nonce: nonce }),
    session: session.digest,
    seq,
    outcome,
    model,
    engine,
    upstream: { kind: upstream },
    log: { origin, merge_by: iat + MERGE_DELAY },
    _sd_alg: 'sha-256',
    _sd: disclosures.map(({ digest }) => digest),
  }
}
