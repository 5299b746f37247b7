/** Certificate path validation (RFC 5280, section 6) against a pinned root and a platform's profile. No path building. @module */
import { CountersignError, MalformedError } from '../../errors.ts'
import { sha256 } from '../crypto/index.ts'
import { encodeHex } from '../encoding/bytes.ts'
import type { FailureCode } from '../failure-codes.ts'
import { checkIssuers, checkKeyIdentifiers, checkLeaf, checkPurposes } from './authority-rules.ts'
import { type Certificate, decodeCertificate } from './certificate.ts'
import { demand, label } from './demand.ts'
import { recallIssuer, rememberIssuers, wasSigned } from './issuers.ts'
import { checkAlgorithms, checkForm, checkKeys, checkLimits, checkLinks, checkValidity } from './path-rules.ts'
import type { PathProfile } from './profile.ts'
import { checkRevocation } from './revocation.ts'
import { isSignedBy } from './signed.ts'

/**
 * `unchecked`: no certificate is looked up. Else the revocation lists at hand, DER: whoever the profile calls revocable must be covered
 * by a current list of its own issuer's key, or the path fails.
 */
export type Revocation = 'unchecked' | { readonly crls: readonly Uint8Array[] }

export interface PathOptions {
  /** The time to judge at; never the wall clock of this code. */
  readonly at: Date
  /** SHA-256 of the trusted roots' DER, each `sha256:<hex>`. Empty trusts nothing. */
  readonly roots: readonly string[]
  readonly revocation: Revocation
}

export type PathResult =
  | { readonly ok: true; readonly chain: readonly Certificate[]; readonly rootFingerprint: string }
  | { readonly ok: false; readonly code: FailureCode; readonly detail: string }

/**
 * Judges a path.
 *
 * The sender chose all of `path`, its root too: the root counts only by its fingerprint. Order: limits, decode, links, pinned
 * root, form, algorithms, keys, issuers, leaf, purposes, key identifiers, validity, signatures, revocation.
 * @param path DER certificates from the leaf to the root, both included
 * @throws CountersignError ERR_USAGE when `at` is no date
 */
export async function verifyPath(
  path: readonly Uint8Array[],
  profile: PathProfile,
  { at, roots, revocation }: PathOptions,
): Promise<PathResult> {
  // Comparisons with NaN are all false: an invalid date would let no bound fail.
  if (Number.isNaN(at.getTime())) throw new CountersignError('ERR_USAGE', 'the time to judge at is not a date')
  try {
    checkLimits(path, profile)
    const proven = provenPaths(profile)
    const digests = path.map((raw) => encodeHex(sha256(raw)))
    // Each certificate by a digest of its own, so that no two splittings of one string of octets share a key.
    const key = digests.join()
    const known = proven.get(key)
    const candidate = known ?? readPath(path, digests)
    const { chain, rootFingerprint } = candidate
    if (!known) checkLinks(chain)
    checkRoot(candidate, roots)
    if (!known) checkRules(chain, profile)
    checkValidity(chain, at)
    if (!known) {
      await checkSignatures(chain, digests)
      rememberIssuers(chain, digests)
      remember(proven, key, candidate)
    }
    if (revocation !== 'unchecked') await checkRevocation(chain, profile, { crls: revocation.crls, at })
    return { ok: true, chain, rootFingerprint }
  } catch (error) {
    if (error instanceof MalformedError) return { ok: false, code: error.failure, detail: error.message }
    throw error
  }
}

interface ReadPath {
  readonly chain: readonly Certificate[]
  readonly rootFingerprint: string
}

function readPath(path: readonly Uint8Array[], digests: readonly string[]): ReadPath {
  const chain = path.map((raw, index) => recallIssuer(digests[index]) ?? decodeCertificate(raw))
  return { chain, rootFingerprint: `sha256:${digests.at(-1)}` }
}

function checkRules(chain: readonly Certificate[], profile: PathProfile): void {
  const [leaf] = chain
  if (leaf === undefined) throw new MalformedError('X509_CHAIN_BROKEN', 'no leaf')
  checkForm(chain, profile)
  checkAlgorithms(chain, profile)
  checkKeys(chain, profile)
  checkIssuers(chain, profile)
  checkLeaf(leaf, profile)
  checkPurposes(chain, profile)
  checkKeyIdentifiers(chain, profile)
}

/** A root with the right name and another key is what an attacker makes first: bytes are compared, by digest. */
function checkRoot({ chain, rootFingerprint }: ReadPath, roots: readonly string[]): void {
  demand(
    roots.includes(rootFingerprint),
    'X509_UNTRUSTED_ROOT',
    () => `"${chain.at(-1)?.subject.text}" is ${rootFingerprint}, which is not pinned`,
  )
}

async function checkSignatures(chain: readonly Certificate[], digests: readonly string[]): Promise<void> {
  const verified = await Promise.all(
    chain.map(
      (certificate, index) =>
        wasSigned(digests[index], digests[index + 1]) ||
        isSignedBy((chain[index + 1] ?? certificate).spki, certificate),
    ),
  )
  for (const [index, certificate] of chain.entries())
    demand(
      verified[index] === true,
      'X509_BAD_SIGNATURE',
      () => `${label(certificate)} is not signed by "${certificate.issuer.text}"`,
    )
}

// Paths that passed all that depends on their bytes and profile alone. Root, dates and revocation are judged anew each time.
const MAX_PROVEN = 64
const PROVEN: WeakMap<PathProfile, Map<string, ReadPath>> = new WeakMap()

function provenPaths(profile: PathProfile): Map<string, ReadPath> {
  const known = PROVEN.get(profile) ?? new Map<string, ReadPath>()
  PROVEN.set(profile, known)
  return known
}

function remember(proven: Map<string, ReadPath>, key: string, path: ReadPath): void {
  if (proven.size >= MAX_PROVEN) proven.clear()
  proven.set(key, path)
}
