/** Certificate path validation (RFC 5280, section 6) against a pinned root and a platform's profile. No path building. @module */
import { CountersignError, MalformedError } from '../../errors.ts'
import { digestUri, sha256, verifySignature } from '../crypto/index.ts'
import { encodeHex } from '../encoding/bytes.ts'
import type { FailureCode } from '../failure-codes.ts'
import { type Certificate, decodeCertificate } from './certificate.ts'
import { decodeEcdsaSignature } from './ecdsa-signature.ts'
import {
  checkAlgorithms,
  checkForm,
  checkIssuers,
  checkKeys,
  checkLeaf,
  checkLimits,
  checkLinks,
  checkValidity,
  demand,
  label,
} from './path-rules.ts'
import type { PathProfile } from './profile.ts'

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
 * root, form, algorithms, keys, issuers, leaf, validity, signatures.
 * @param path DER certificates from the leaf to the root, both included
 * @throws CountersignError ERR_USAGE when `at` is no date
 */
export async function verifyPath(
  path: readonly Uint8Array[],
  profile: PathProfile,
  { at, roots }: PathOptions,
): Promise<PathResult> {
  // Comparisons with NaN are all false: an invalid date would let no bound fail.
  if (Number.isNaN(at.getTime())) throw new CountersignError('ERR_USAGE', 'the time to judge at is not a date')
  try {
    checkLimits(path, profile)
    const proven = provenPaths(profile)
    const key = pathKey(path)
    const known = proven.get(key)
    const chain = known ?? decodePath(path)
    if (!known) checkLinks(chain)
    const rootFingerprint = checkRoot(chain, roots)
    if (!known) checkRules(chain, profile)
    checkValidity(chain, at)
    if (!known) {
      await checkSignatures(chain)
      remember(proven, key, chain)
    }
    return { ok: true, chain, rootFingerprint }
  } catch (error) {
    if (error instanceof MalformedError) return { ok: false, code: error.failure, detail: error.message }
    throw error
  }
}

function decodePath(path: readonly Uint8Array[]): readonly Certificate[] {
  return path.map(decodeCertificate)
}

function checkRules(chain: readonly Certificate[], profile: PathProfile): void {
  checkForm(chain, profile)
  checkAlgorithms(chain, profile)
  checkKeys(chain, profile)
  checkIssuers(chain)
  checkLeaf(chain, profile)
}

/** A root with the right name and another key is what an attacker makes first: bytes are compared, by digest. */
function checkRoot(chain: readonly Certificate[], roots: readonly string[]): string {
  const root = chain.at(-1)
  if (root === undefined) throw new MalformedError('X509_CHAIN_BROKEN', 'no root')
  const fingerprint = digestUri(root.raw)
  demand(
    roots.includes(fingerprint),
    'X509_UNTRUSTED_ROOT',
    `"${root.subject.text}" is ${fingerprint}, which is not pinned`,
  )
  return fingerprint
}

async function checkSignatures(chain: readonly Certificate[]): Promise<void> {
  const verified = await Promise.all(
    chain.map((certificate, index) => signedBy(certificate, chain[index + 1] ?? certificate)),
  )
  verified.forEach((ok, index) => {
    const certificate = chain[index]
    if (certificate)
      demand(ok, 'X509_BAD_SIGNATURE', `${label(certificate)} is not signed by "${certificate.issuer.text}"`)
  })
}

function signedBy({ signatureScheme, signature, tbs }: Certificate, issuer: Certificate): Promise<boolean> | boolean {
  const { algorithm } = signatureScheme
  if (algorithm === 'unsupported') return false
  const raw = algorithm === 'PS384' ? signature : decodeEcdsaSignature(signature, algorithm)
  return verifySignature(algorithm, issuer.spki, raw, tbs)
}

// Paths that passed all that depends on their bytes and profile alone. Root and dates are judged anew each time.
const MAX_PROVEN = 64
const PROVEN: WeakMap<PathProfile, Map<string, readonly Certificate[]>> = new WeakMap()

function provenPaths(profile: PathProfile): Map<string, readonly Certificate[]> {
  const known = PROVEN.get(profile) ?? new Map<string, readonly Certificate[]>()
  PROVEN.set(profile, known)
  return known
}

function remember(proven: Map<string, readonly Certificate[]>, key: string, chain: readonly Certificate[]): void {
  if (proven.size >= MAX_PROVEN) proven.clear()
  proven.set(key, chain)
}

// Each certificate by a digest of its own, so that no two splittings of one string of octets share a key.
function pathKey(path: readonly Uint8Array[]): string {
  return encodeHex(sha256(...path.map((raw) => sha256(raw))))
}
