/**
 * Two receipts of one session that contradict each other. Both bear the signature of the key that only the attested gateway has, so
 * together they convict it: nobody else can make such a pair. @module
 */
import { digestUri } from '../crypto/index.ts'
import { decodeSession } from '../evidence/session.ts'
import { decodeVkey } from '../log/index.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import type { Receipt } from './receipt.ts'
import { judgeSignature, type SessionView } from './verify.ts'

/** Octets as received; who collected them does not matter. */
export interface EquivocationEvidence {
  readonly session: Uint8Array
  /** Tokens, each with those disclosures that are at hand. */
  readonly receipts: readonly [string, string]
}

/**
 * How they contradict each other. `seq`: one place for two receipts. `jti`: one name for two. `nonce`: two answers to one request; a
 * proof for whoever sent that nonce once.
 */
export type EquivocationKind = 'seq' | 'jti' | 'nonce'

export interface Equivocation {
  readonly kind: EquivocationKind
  readonly sessionDigest: string
  readonly receipts: readonly [Receipt, Receipt]
}

const CHECKS = ['session', 'distinct', 'contradiction'] as const
const NAMES = ['first', 'second'] as const

function readView(session: Uint8Array): SessionView {
  const decoded = decodeSession(session)
  return { session: decoded, sessionDigest: digestUri(session), logKey: decodeVkey(decoded.keys.log) }
}

/** How two receipts of one session contradict each other, if they do: their signatures are judged elsewhere. */
export function findContradiction(one: Receipt, other: Receipt): EquivocationKind | undefined {
  if (one.issuerJws === other.issuerJws) return undefined
  if (one.claims.seq === other.claims.seq) return 'seq'
  if (one.claims.jti === other.claims.jti) return 'jti'
  const [asked, askedAgain] = [one.disclosed.request, other.disclosed.request]
  const [answered, answeredAgain] = [one.disclosed.response, other.disclosed.response]
  const isOneRequest = asked !== undefined && asked.digest === askedAgain?.digest
  const areTwoAnswers =
    answered !== undefined && answeredAgain !== undefined && answered.digest !== answeredAgain.digest
  const { eat_nonce: nonce } = one.claims
  return nonce !== undefined && nonce === other.claims.eat_nonce && isOneRequest && areTwoAnswers ? 'nonce' : undefined
}

/**
 * Judges whether two receipts convict the gateway of their session. That hardware vouches for the session is for `verifyAttestation` or
 * `verifyArchive` to say, over the same octets.
 */
export function verifyEquivocation({ session, receipts }: EquivocationEvidence): Promise<Verdict<Equivocation>> {
  return judge(CHECKS, async (check: Checker<(typeof CHECKS)[number]>) => {
    const view = check.decode('session', () => readView(session))
    const [one, other] = [
      check.include(NAMES[0], await judgeSignature(receipts[0], view)),
      check.include(NAMES[1], await judgeSignature(receipts[1], view)),
    ]
    check.that('distinct', one.issuerJws !== other.issuerJws, 'EVIDENCE_REPLAY', {
      pass: `${one.claims.jti} and ${other.claims.jti}`,
      fail: 'it is one receipt, given twice',
    })
    const kind = findContradiction(one, other)
    if (kind === undefined)
      check.fail(
        'contradiction',
        'RECEIPT_CONTEXT',
        'the receipts are of two exchanges and do not contradict each other',
      )
    check.pass('contradiction', describe(kind, one))
    if (kind === 'nonce') check.assume('The nonce was sent with one request, once: only whoever sent it knows.')
    check.assume('That hardware vouches for the session is judged elsewhere, over the same octets.')
    return { kind, sessionDigest: view.sessionDigest, receipts: [one, other] as const }
  })
}

function describe(kind: EquivocationKind, { claims, disclosed }: Receipt): string {
  switch (kind) {
    case 'seq':
      return `two receipts of the number ${claims.seq}`
    case 'jti':
      return `two receipts of the name ${claims.jti}`
    case 'nonce':
      return `two answers to the request ${disclosed.request?.digest ?? ''}`
    default:
      return kind satisfies never
  }
}
