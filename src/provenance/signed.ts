/** Judges a Sigstore bundle over an artefact: whole signature, exact issuer and identity, this artefact and no other. @module */
import { digestUri } from '../core/crypto/index.ts'
import type { FailureCode } from '../core/failure-codes.ts'
import type { SignerIdentity } from '../core/lock.ts'
import type { Checker } from '../core/verdict.ts'
import {
  decodeBundle,
  isCalledByAnother,
  readTrustedRoot,
  type SignatureFault,
  verifySigstoreSignature,
} from '../sigstore/index.ts'
import { decodeStatement, type Statement } from './statement.ts'

/** Each with what asks for it. */
export const SIGNED_CHECKS = {
  'bundle-format': 'Sigstore bundle format, v0.3',
  signature: 'Sigstore client specification, Verification',
  issuer: 'Fulcio certificate extensions, 1.3.6.1.4.1.57264.1.8',
  identity: 'RFC 5280, 4.2.1.6',
  statement: 'in-toto Attestation Framework, Statement v1',
  subject: 'in-toto Attestation Framework, Statement v1',
} as const

export interface SignerTrust {
  /** The octets of a `trusted_root.json` of Sigstore. Nothing is downloaded. */
  readonly trustedRoot: Uint8Array
  /** Whoever may have signed; compared letter by letter, both parts of one entry. */
  readonly signers: readonly SignerIdentity[]
}

/** A bundle, and the octets that it is to be about. */
export interface SignedArtefact {
  readonly bundle: Uint8Array
  readonly artefact: Uint8Array
}

export interface Signed {
  readonly signer: SignerIdentity
  /** `sha256:` of the bundle's octets. */
  readonly bundle: string
  /** `sha256:` of the artefact. */
  readonly subject: string
  readonly statement: Statement
}

const FAULT_CODES: Readonly<Record<SignatureFault, FailureCode>> = {
  log: 'PROVENANCE_LOG',
  time: 'PROVENANCE_TIME',
  signature: 'PROVENANCE_SIGNATURE',
}

type Check = Checker<keyof typeof SIGNED_CHECKS>

function judgeSigner(check: Check, seen: SignerIdentity, signers: readonly SignerIdentity[]): void {
  const ofIssuer = signers.filter(({ issuer }) => issuer === seen.issuer)
  check.that('issuer', ofIssuer.length > 0, 'PROVENANCE_ISSUER', {
    seen: seen.issuer,
    wanted: signers.map(({ issuer }) => issuer).join(' or '),
  })
  // Whole: `…/repo-evil` begins like `…/repo`, and a pattern would take it.
  check.that(
    'identity',
    ofIssuer.some(({ identity }) => identity === seen.identity),
    'PROVENANCE_IDENTITY',
    {
      seen: seen.identity,
      wanted: ofIssuer.map(({ identity }) => identity).join(' or '),
    },
  )
}

/**
 * @param trust read before anything is judged: what is wrong with it is the caller's own
 * @throws CountersignError ERR_CONFIG when the trusted root cannot be read
 */
export function judgeSigned(check: Check, { bundle, artefact }: SignedArtefact, trust: SignerTrust): Signed {
  const root = readTrustedRoot(trust.trustedRoot)
  const signed = check.decode('bundle-format', () => decodeBundle(bundle, 'PROVENANCE_FORMAT'), 'PROVENANCE_FORMAT')
  const outcome = verifySigstoreSignature(signed, root)
  if (!outcome.verified) check.fail('signature', FAULT_CODES[outcome.fault], outcome.why)
  check.pass('signature')
  const signer = { issuer: outcome.issuer, identity: outcome.identity }
  judgeSigner(check, signer, trust.signers)
  if (isCalledByAnother(outcome))
    check.fail(
      'identity',
      'PROVENANCE_IDENTITY',
      `${signer.identity}, called by another repository: ${outcome.repository}`,
    )
  const statement = check.decode('statement', () => decodeStatement(signed.payload), 'PROVENANCE_FORMAT')
  const subject = digestUri(artefact)
  check.that('subject', statement.subjects.includes(subject), 'PROVENANCE_DIGEST', {
    seen: statement.subjects.slice(0, 4).join(', '),
    wanted: subject,
  })
  check.assume('The authorities and logs in the trusted root at hand are honest.')
  return { signer, bundle: digestUri(bundle), subject, statement }
}
