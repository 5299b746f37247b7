/** Revocation: which list speaks for which issuer, whether it is current, and who stands on it. Lists are chosen by key, never by address. @module */
import { sha256 } from '../crypto/index.ts'
import { encodeHex, sameBytes } from '../encoding/bytes.ts'
import type { FailureCode } from '../failure-codes.ts'
import type { Certificate } from './certificate.ts'
import { type Crl, decodeCrl, serialKey } from './crl.ts'
import { demand, label } from './demand.ts'
import { readSubjectKeyId } from './key-identifier.ts'
import { wholeSeconds } from './path-rules.ts'
import type { PathProfile } from './profile.ts'
import { isSignedBy } from './signed.ts'

/** A list, and the issuer's certificate that it was proven under. */
interface Proof {
  readonly list: Crl
  readonly issuer: Certificate
  readonly profile: PathProfile
}

export interface RevocationOptions {
  /** DER, in any order. All of them are whoever gives the evidence's. */
  readonly crls: readonly Uint8Array[]
  readonly at: Date
}

const MAX_LISTS = 16

/**
 * Judges every certificate of a path but its root, which counts by its fingerprint alone.
 *
 * A list speaks for a certificate when it bears its issuer's name and verifies under its issuer's key: whoever signs a list of his own in
 * that name does not get it in. Lists in the name of an issuer are applied even where the profile asks for none.
 * @param chain from leaf to root, its signatures verified
 * @throws MalformedError CRL_MISSING, CRL_BAD_ISSUER, CRL_MALFORMED, CRL_EXPIRED, X509_REVOKED, X509_ALG_FORBIDDEN, SIG_MALFORMED, X509_LIMIT
 */
export async function checkRevocation(
  chain: readonly Certificate[],
  profile: PathProfile,
  { crls, at }: RevocationOptions,
): Promise<void> {
  demand(crls.length <= MAX_LISTS, 'X509_LIMIT', () => `${crls.length} revocation lists, at most ${MAX_LISTS}`)
  const lists = crls.map((raw) => readList(raw, profile))
  for (const [index, certificate] of chain.slice(0, -1).entries()) {
    const issuer = chain[index + 1]
    if (issuer === undefined) continue
    const named = lists.filter(({ list }) => sameBytes(list.issuer.der, certificate.issuer.der))
    demand(
      named.length > 0 || !needsList(index, profile),
      'CRL_MISSING',
      () => `no revocation list of "${certificate.issuer.text}", which issued ${label(certificate)}`,
    )
    for (const { key, list } of named) {
      await checkIssuer(key, list, { issuer, profile })
      checkWindow(list, at)
      checkEntry(certificate, list)
    }
  }
}

function needsList(index: number, { revocable }: PathProfile): boolean {
  switch (revocable) {
    case 'leaf-and-issuers':
      return true
    case 'issuers':
      return index > 0
    case 'none':
      return false
    default:
      return revocable satisfies never
  }
}

interface ReadList {
  readonly key: string
  readonly list: Crl
}

/** A root's list is proven under several profiles: each has its place, or they would take turns in forgetting. */
function readList(raw: Uint8Array, { name }: PathProfile): ReadList {
  const key = `${name} ${encodeHex(sha256(raw))}`
  return { key, list: PROVEN.get(key)?.list ?? decodeCrl(raw) }
}

/** Everything about a list that depends on its octets, its issuer and the profile alone. */
async function checkIssuer(key: string, list: Crl, { issuer, profile }: Omit<Proof, 'list'>): Promise<void> {
  const proof = PROVEN.get(key)
  if (proof?.profile === profile && (proof.issuer === issuer || sameBytes(proof.issuer.raw, issuer.raw))) return
  const name = issuer.subject
  const may = issuer.keyUsage?.includes('cRLSign') === true
  demand(may, 'CRL_BAD_ISSUER', () => `"${name.text}" may not sign revocation lists`)
  const keyId = readSubjectKeyId(issuer.extensions)
  demand(
    keyId === undefined || sameBytes(keyId, list.authorityKeyId),
    'CRL_BAD_ISSUER',
    () => `the revocation list of "${name.text}" names another key than its issuer's`,
  )
  checkScheme(list, profile)
  demand(
    await isSignedBy(issuer.spki, list),
    'CRL_BAD_ISSUER',
    () => `the revocation list of "${name.text}" is signed by another key`,
  )
  remember(key, { list, issuer, profile })
}

function checkScheme({ signatureScheme: scheme }: Crl, profile: PathProfile): void {
  demand(
    profile.algorithms.some((algorithm) => algorithm === scheme.algorithm),
    'X509_ALG_FORBIDDEN',
    () => `a revocation list is signed with ${scheme.oid}, not ${profile.algorithms.join(' or ')}`,
  )
  demand(
    scheme.pss?.trailerField !== 'explicit' || profile.explicitTrailerField === 'allowed',
    'CRL_MALFORMED',
    () => 'a revocation list spells a default in its RSASSA-PSS parameters',
  )
}

/** Bounds are inclusive, as those of certificates are. */
function checkWindow({ issuer, thisUpdate, nextUpdate }: Crl, at: Date): void {
  const seconds = wholeSeconds(at)
  demand(
    seconds >= thisUpdate.getTime() && seconds <= nextUpdate.getTime(),
    'CRL_EXPIRED',
    () =>
      `the revocation list of "${issuer.text}" holds from ${thisUpdate.toISOString()} to ${nextUpdate.toISOString()}, judged at ${at.toISOString()}`,
  )
}

/** Who is listed is revoked, whatever the date of the entry: a key that leaked was no better before somebody noticed. */
function checkEntry(certificate: Certificate, list: Crl): void {
  const serial = serialKey(certificate.serial)
  const entry = list.revoked.get(serial)
  demand(
    entry === undefined,
    'X509_REVOKED',
    () => `${label(certificate)} (serial number ${serial}) is revoked since ${entry?.date.toISOString()}`,
  )
}

export type CrlNumberResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: FailureCode; readonly detail: string }

/**
 * Whether `newer` may take the place of `older` in a cache: an old list would hide who was revoked since. Intel writes the same number
 * into every list, so that the time decides between equal ones. Both must be verified, and of one issuer.
 */
export function matchCrlNumber(older: Crl, newer: Crl): CrlNumberResult {
  if (!sameBytes(older.issuer.der, newer.issuer.der) || !sameBytes(older.authorityKeyId, newer.authorityKeyId))
    return { ok: false, code: 'CRL_BAD_ISSUER', detail: `"${newer.issuer.text}" is not the issuer of the list before` }
  const back = newer.number < older.number || newer.thisUpdate < older.thisUpdate
  if (!back) return { ok: true }
  const show = ({ number, thisUpdate }: Crl): string => `number ${number} of ${thisUpdate.toISOString()}`
  return { ok: false, code: 'CRL_ROLLBACK', detail: `${show(newer)} after ${show(older)}` }
}

// Lists that an issuer of a proven path signed: nobody else can fill this. Dates and entries are judged anew each time.
const MAX_PROVEN = 32
const PROVEN: Map<string, Proof> = new Map()

function remember(key: string, proof: Proof): void {
  if (PROVEN.size >= MAX_PROVEN && !PROVEN.has(key)) PROVEN.clear()
  PROVEN.set(key, proof)
}
