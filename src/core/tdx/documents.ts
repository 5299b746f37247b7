/** Intel's signed documents: chain to the quote's own root, signature over the octets as served, and only then their content. @module */
import { sha256, verifySignature } from '../crypto/index.ts'
import { encodeHex } from '../encoding/bytes.ts'
import type { FailureCode } from '../failure-codes.ts'
import type { Checker } from '../verdict.ts'
import {
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
}

const SIGNER_NAME = 'Intel SGX TCB Signing'

// Documents whose signature verified, by their octets, signature and key. Chain, dates and policy are judged anew each time.
const TCB_INFOS: Remembered<TcbInfo> = new Remembered()
const QE_IDENTITIES: Remembered<QeIdentity> = new Remembered()
const SIGNED: Remembered<true> = new Remembered()

/** Both documents, authentic and decoded. */
export async function checkDocuments(
  check: Checker<TdxCheck>,
  { tcbInfo, qeIdentity }: { readonly tcbInfo: SignedDocument; readonly qeIdentity: SignedDocument },
  expectations: SigningExpectations,
): Promise<TdxDocuments> {
  const infoKey = await checkSigned(check, tcbInfo, expectations, {
    name: 'tcb-info-signature',
    code: 'TCB_INFO_SIGNATURE',
  })
  const info = check.decode('tcb-info', () => TCB_INFOS.recall(infoKey, () => decodeTcbInfo(tcbInfo.body)))
  const identityKey = await checkSigned(check, qeIdentity, expectations, {
    name: 'qe-identity-signature',
    code: 'QE_IDENTITY_SIGNATURE',
  })
  const identity = check.decode('qe-identity', () =>
    QE_IDENTITIES.recall(identityKey, () => decodeQeIdentity(qeIdentity.body)),
  )
  return { tcbInfo: info, qeIdentity: identity }
}

/** Whoever carries collateral chose all of it: nothing is parsed before Intel's key has vouched for the very octets. */
async function checkSigned(
  check: Checker<TdxCheck>,
  { body, signature, issuerChain }: SignedDocument,
  { at, rootFingerprint, revocation }: SigningExpectations,
  { name, code }: { readonly name: 'tcb-info-signature' | 'qe-identity-signature'; readonly code: FailureCode },
): Promise<string> {
  const path = await verifyPath(issuerChain, INTEL_SIGNING_PROFILE, { at, roots: [rootFingerprint], revocation })
  if (!path.ok) return check.fail(name, codeOf(path, code), path.detail)
  const [signer] = path.chain
  const names = signer?.subject.commonNames ?? []
  if (signer === undefined || names.length !== 1 || names[0] !== SIGNER_NAME)
    return check.fail(name, code, `signed by "${signer?.subject.text}", "${SIGNER_NAME}" is due`)
  const key = encodeHex(sha256(sha256(signer.spki), sha256(signature), sha256(body)))
  if (SIGNED.get(key) === undefined) {
    check.decode(name, () => checkRawEcdsaSignature(signature, 'ES256'))
    const verifies = await verifySignature('ES256', signer.spki, signature, body)
    check.that(name, verifies, code, { fail: `${body.length} bytes do not verify under the key of "${names[0]}"` })
    SIGNED.keep(key, true)
  }
  check.pass(name, `${body.length} bytes, signed by "${names[0]}"`)
  return key
}

/** That a certificate or its list is revoked, missing or stale is worth its own code; all else is a signature that nobody vouches for. */
function codeOf(path: Extract<PathResult, { ok: false }>, code: FailureCode): FailureCode {
  return path.code === 'X509_REVOKED' || path.code.startsWith('CRL_') ? path.code : code
}
