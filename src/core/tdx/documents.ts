/** Intel's signed documents: chain to the quote's own root, signature over the octets as served, and only then their content. @module */
import { sha256, verifySignature } from '../crypto/index.ts'
import { concatBytes, encodeHex, sameBytes } from '../encoding/bytes.ts'
import type { FailureCode } from '../failure-codes.ts'
import type { Checker } from '../verdict.ts'
import {
  type Certificate,
  checkRawEcdsaSignature,
  INTEL_SIGNING_PROFILE,
  type PathResult,
  type Revocation,
  verifyPath,
} from '../x509/index.ts'
import type { TdxCheck } from './checks.ts'
import type { SignedDocument } from './collateral.ts'
import { decodeQeIdentity, type QeIdentity } from './qe-identity.ts'
import { Remembered } from './remembered.ts'
import { decodeTcbInfo, type TcbInfo } from './tcb-info.ts'

/** What a document is judged by. */
export interface SigningExpectations {
  readonly at: Date
  /** The root of the quote's chain: collateral of another world, a simulated one, would judge a genuine quote otherwise. */
  readonly rootFingerprint: string
  readonly revocation: Revocation
}

export interface TdxDocuments {
  readonly tcbInfo: TcbInfo
  readonly qeIdentity: QeIdentity
  /** SHA-256 over signature and octets of each. */
  readonly digests: readonly [Uint8Array, Uint8Array]
}

const SIGNER_NAME = 'Intel SGX TCB Signing'

const SIGNATURE_SIZE = 64

/** A document whose signature verified, and the key that it verified under. */
interface Signed<T> {
  readonly spki: Uint8Array
  readonly document: T
}

// By the octets of document and signature. Chain, dates and policy are judged anew each time.
const TCB_INFOS: Remembered<Signed<TcbInfo>> = new Remembered()
const QE_IDENTITIES: Remembered<Signed<QeIdentity>> = new Remembered()

/** Both documents, authentic and decoded. */
export async function checkDocuments(
  check: Checker<TdxCheck>,
  { tcbInfo, qeIdentity }: { readonly tcbInfo: SignedDocument; readonly qeIdentity: SignedDocument },
  expectations: SigningExpectations,
): Promise<TdxDocuments> {
  const first = await verifySigner(tcbInfo, expectations)
  const info = await checkSigned(check, tcbInfo, {
    names: ['tcb-info-signature', 'tcb-info'],
    code: 'TCB_INFO_SIGNATURE',
    decode: decodeTcbInfo,
    signer: first,
    memory: TCB_INFOS,
  })
  const identity = await checkSigned(check, qeIdentity, {
    names: ['qe-identity-signature', 'qe-identity'],
    code: 'QE_IDENTITY_SIGNATURE',
    decode: decodeQeIdentity,
    signer: sameChain(tcbInfo, qeIdentity) ? first : await verifySigner(qeIdentity, expectations),
    memory: QE_IDENTITIES,
  })
  return { tcbInfo: info.document, qeIdentity: identity.document, digests: [info.digest, identity.digest] }
}

interface SignedRules<T> {
  readonly names: readonly ['tcb-info-signature', 'tcb-info'] | readonly ['qe-identity-signature', 'qe-identity']
  readonly code: FailureCode
  readonly decode: (body: Uint8Array) => T
  readonly signer: PathResult
  readonly memory: Remembered<Signed<T>>
}

/** Whoever carries collateral chose all of it: nothing is parsed before Intel's key has vouched for the very octets. */
async function checkSigned<T>(
  check: Checker<TdxCheck>,
  { body, signature }: SignedDocument,
  { names: [signed, decoded], code, decode, signer, memory }: SignedRules<T>,
): Promise<{ readonly document: T; readonly digest: Uint8Array }> {
  const { spki } = checkSigner(check, signer, { name: signed, code })
  const digest = sha256(concatBytes(signature, body))
  const key = encodeHex(digest)
  const known = memory.get(key)
  // A signature of another size would share its digest with other octets.
  const proven = known !== undefined && signature.length === SIGNATURE_SIZE && sameBytes(known.spki, spki)
  if (!proven) {
    check.decode(signed, () => checkRawEcdsaSignature(signature, 'ES256'))
    const verifies = await verifySignature('ES256', spki, signature, body)
    check.that(signed, verifies, code, { fail: `${body.length} bytes do not verify under the key of "${SIGNER_NAME}"` })
  }
  check.pass(signed, `${body.length} bytes, signed by "${SIGNER_NAME}"`)
  const document = check.decode(decoded, () => (proven ? known.document : decode(body)))
  if (!proven) memory.keep(key, { spki, document })
  return { document, digest }
}

/** The chain to the quote's own root, and the one purpose that this signer is certified for. */
function checkSigner(
  check: Checker<TdxCheck>,
  path: PathResult,
  { name, code }: { readonly name: TdxCheck; readonly code: FailureCode },
): Certificate {
  if (!path.ok) return check.fail(name, codeOf(path, code), path.detail)
  const [signer] = path.chain
  const names = signer?.subject.commonNames ?? []
  if (signer === undefined || names.length !== 1 || names[0] !== SIGNER_NAME)
    return check.fail(name, code, `signed by "${signer?.subject.text}", "${SIGNER_NAME}" is due`)
  return signer
}

function verifySigner(
  { issuerChain }: SignedDocument,
  { at, rootFingerprint, revocation }: SigningExpectations,
): Promise<PathResult> {
  return verifyPath(issuerChain, INTEL_SIGNING_PROFILE, { at, roots: [rootFingerprint], revocation })
}

/** Intel signs both documents with one key: its chain is judged once. */
function sameChain({ issuerChain: a }: SignedDocument, { issuerChain: b }: SignedDocument): boolean {
  return a.length === b.length && a.every((raw, index) => sameBytes(raw, b[index] ?? new Uint8Array()))
}

/** That a certificate or its list is revoked, missing or stale is worth its own code; all else is a signature that nobody vouches for. */
function codeOf(path: Extract<PathResult, { ok: false }>, code: FailureCode): FailureCode {
  return path.code === 'X509_REVOKED' || path.code.startsWith('CRL_') ? path.code : code
}
