/** Verifies a receipt under an attested session, against the octets that the verifier holds. Grade: signed. wire.md sections 2, 5, 8. @module */
import { ed25519Spki, verifySignature } from '../crypto/index.ts'
import { decodeBase64Url, encodeBase64Url } from '../encoding/base64.ts'
import type { Attestation, Trust } from '../evidence/attestation.ts'
import { encodeEd25519Jwk, jwkThumbprint } from '../evidence/jwk.ts'
import { type Checker, judge, type Verdict, type Verified } from '../verdict.ts'
import { checkMemory } from './check-memory.ts'
import { checkParameters } from './check-parameters.ts'
import { checkReferences, REFERENCE_CHECKS } from './check-references.ts'
import { checkTools } from './check-tools.ts'
import { checkGiven, checkTransforms, wasForwarded } from './check-transforms.ts'
import type { ReceiptClaims } from './claims.ts'
import type { Disclosed, Octets } from './disclosed.ts'
import type { HeldExchange, HeldOctets } from './held.ts'
import { decodeReceipt, type Receipt } from './receipt.ts'

export { type HeldExchange, type HeldOctets, holdOctets } from './held.ts'

/** A receipt and what it says. */
export interface SignedReceipt {
  readonly receipt: Receipt
  readonly claims: ReceiptClaims
  readonly disclosed: Disclosed
}

const SIGNATURE_CHECKS = ['receipt-format', 'session', 'key', 'signature'] as const

const CHECKS = [
  ...SIGNATURE_CHECKS,
  'nonce',
  'replay',
  'issued',
  'log-origin',
  'disclosures',
  'request-digest',
  'response-digest',
  'outcome',
  'transforms',
  'parameters',
  'tools',
  'memory',
  'prev',
] as const
type Check = Checker<(typeof CHECKS)[number]>

/** A token, or what `decodeReceipt` gave for one: nothing else. */
type ReceiptSource = string | Receipt

/** Session and log of a receipt: attested or, while an answer is judged as a whole, about to be. */
export type SessionView = Pick<Attestation, 'session' | 'sessionDigest' | 'logKey'>

async function checkSignature(
  check: Checker<(typeof SIGNATURE_CHECKS)[number]>,
  { jws, claims }: Receipt,
  view: SessionView,
): Promise<void> {
  const { sessionDigest, session, logKey } = view
  check.that('session', claims.session === sessionDigest, 'EVIDENCE_DIGEST_MISMATCH', {
    pass: sessionDigest,
    fail: `the receipt names ${claims.session}`,
  })
  const key = session.keys.receipt
  if (jws.kid === jwkThumbprint(key)) check.pass('key', jws.kid)
  else if (jws.kid === jwkThumbprint(encodeEd25519Jwk(logKey.publicKey)))
    check.fail('key', 'KEY_PURPOSE', `${jws.kid} is the log's key`)
  else check.fail('key', 'KEY_UNATTESTED', `${jws.kid} is not the receipt key of the session`)
  if (await signedBy(decodeBase64Url(key.x), jws)) {
    check.pass('signature', 'Ed25519')
    return
  }
  // Whose key it was instead tells a gateway that mixes its keys up from a receipt that was altered.
  if (await signedBy(logKey.publicKey, jws))
    check.fail('signature', 'KEY_PURPOSE', "signed by the log's key under the name of the receipt key")
  check.fail('signature', 'RECEIPT_SIGNATURE', "does not verify under the session's receipt key")
}

function signedBy(publicKey: Uint8Array, { signature, signingInput }: Receipt['jws']): Promise<boolean> {
  return verifySignature('Ed25519', ed25519Spki(publicKey), signature, signingInput)
}

/** Whether the receipt key of a session signed, whatever the receipt says. */
export function judgeSignature(token: string, view: SessionView): Promise<Verdict<Receipt>> {
  return judge(SIGNATURE_CHECKS, async (check) => {
    const receipt = check.decode('receipt-format', () => decodeReceipt(token))
    await checkSignature(check, receipt, view)
    return receipt
  })
}

function checkContext(check: Check, claims: ReceiptClaims, view: SessionView, held: HeldExchange): void {
  if (held.nonce === 'unchecked') check.unchecked('nonce', 'no nonce of your own: there is no lower bound in time')
  else {
    check.that('nonce', claims.eat_nonce !== undefined, 'NONCE_MISSING', {
      fail: 'you sent a nonce and the receipt has none',
    })
    check.that('nonce', claims.eat_nonce === encodeBase64Url(held.nonce), 'RECEIPT_CONTEXT', {
      pass: 'yours',
      fail: "the receipt answers another request's nonce",
    })
  }
  check.that('replay', !held.seen.has(claims.jti), 'EVIDENCE_REPLAY', {
    pass: claims.jti,
    fail: `receipt ${claims.jti} was accepted before`,
  })
  check.that('issued', claims.iat >= view.session.iat, 'RECEIPT_TIME', {
    pass: new Date(claims.iat * 1000).toISOString(),
    fail: 'issued before its session',
  })
  const { origin } = claims.log
  const host = origin.slice(0, origin.indexOf('/'))
  check.that('log-origin', origin === view.logKey.name && claims.iss === `https://${host}`, 'LOG_ORIGIN', {
    pass: origin,
    fail: `${origin} is not the log of the session`,
  })
}

function checkOctets(
  check: Check,
  name: 'request-digest' | 'response-digest',
  signed: Octets | undefined,
  held: HeldOctets | 'not-held',
): void {
  if (held === 'not-held') {
    check.unchecked(name, 'octets not held')
    return
  }
  if (signed === undefined) {
    check.unchecked(name, 'disclosure withheld')
    return
  }
  const detail = `signed ${signed.digest} of ${signed.size} octets, held ${held.digest} of ${held.size}`
  // Fewer octets than were signed can only be a cut: the beginning of the answer, or something else of that length.
  if (name === 'response-digest' && held.size < signed.size) check.fail(name, 'RESPONSE_INCOMPLETE', detail)
  const code = name === 'request-digest' ? 'REQUEST_DIGEST_MISMATCH' : 'RESPONSE_DIGEST_MISMATCH'
  check.that(name, held.digest === signed.digest && held.size === signed.size, code, {
    pass: `${signed.digest}, ${signed.size} octets`,
    fail: detail,
  })
}

/** Whoever stands in between could tie an answer to another conversation, or cut it off from its own. */
function checkPrevious(check: Check, { exchange }: Disclosed, { prev }: HeldExchange): void {
  if (prev === 'unchecked') {
    check.unchecked('prev', 'not known which receipt it was asked to follow')
    return
  }
  const said = exchange?.['prev']
  if (prev !== 'none')
    check.that('prev', exchange !== undefined, 'CLAIM_MISSING', {
      fail: 'the exchange is withheld: it names no predecessor',
    })
  else if (exchange === undefined) {
    check.unchecked('prev', 'disclosure withheld')
    return
  }
  check.that('prev', prev === 'none' ? said === undefined : said === prev, 'RECEIPT_CONTEXT', {
    pass: prev,
    fail: `the receipt follows ${typeof said === 'string' ? said : 'none'}, it was asked to follow ${prev}`,
  })
}

function checkDisclosures(check: Check, { claims, disclosed }: Receipt, { policy }: Trust): void {
  const due = policy.disclosures.filter((name) => name === 'response' || wasForwarded(claims))
  const withheld = due.find((name) => disclosed[name] === undefined)
  check.that('disclosures', withheld === undefined, 'CLAIM_MISSING', {
    pass: Object.keys(disclosed).join(', '),
    fail: `policy asks for disclosure ${withheld}`,
  })
}

/**
 * Judges a receipt under a session whose attestation is judged elsewhere. Not public: alone it proves nothing about hardware.
 */
export function judgeReceipt(
  source: ReceiptSource,
  view: SessionView,
  held: HeldExchange,
  trust: Trust,
): Promise<Verdict<SignedReceipt>> {
  return judge(CHECKS, async (check) => {
    const receipt = check.decode('receipt-format', () => (typeof source === 'string' ? decodeReceipt(source) : source))
    const { claims, disclosed } = receipt
    await checkSignature(check, receipt, view)
    checkContext(check, claims, view, held)
    checkDisclosures(check, receipt, trust)
    checkOctets(check, 'request-digest', disclosed.request, held.request)
    checkOctets(check, 'response-digest', disclosed.response, held.response)
    if (held.outcome === 'any') check.unchecked('outcome', `${claims.outcome}; any is accepted`)
    else
      check.that('outcome', claims.outcome === 'complete', 'RESPONSE_INCOMPLETE', {
        pass: claims.outcome,
        fail: `the receipt says ${claims.outcome}`,
      })
    checkTransforms(check, receipt, held, trust)
    checkParameters(check, receipt, held)
    checkTools(check, receipt, held)
    checkMemory(check, receipt, held)
    checkGiven(check, receipt, held, trust)
    checkPrevious(check, disclosed, held)
    return { receipt, claims, disclosed }
  })
}

/** Verifies one receipt: signed by a key of an attested session, about exactly the octets held. */
export function verifyReceipt(
  token: string,
  attestation: Verified<Attestation>,
  held: HeldExchange,
  trust: Trust,
): Promise<Verdict<SignedReceipt>> {
  return verifySource(token, attestation, held, trust)
}

/** {@link verifyReceipt} of what was decoded already. Not public: made by hand, a receipt may say other than its signed octets. */
export function verifySource(
  source: ReceiptSource,
  attestation: Verified<Attestation>,
  held: HeldExchange,
  trust: Trust,
): Promise<Verdict<SignedReceipt>> {
  return judge(REFERENCE_CHECKS, async (check) => {
    check.restsOn(attestation)
    const signed = check.include('', await judgeReceipt(source, attestation, held, trust))
    checkReferences(check, signed, { attestation, channel: held.channel }, trust)
    return signed
  })
}
