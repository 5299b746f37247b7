/** Verifies the signature of a bundle under a Sigstore root: certificate, its log, transparency log, time, signature. @module */
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { type TrustMaterial, toSignedEntity, toTrustMaterial, VerificationError, Verifier } from '@sigstore/verify'
import { decodeJson } from '../core/encoding/json.ts'
import { CountersignError } from '../errors.ts'
import type { SignedStatement } from './bundle.ts'

/** Roots hold a handful of keys and certificates. */
const MAX_ROOT_SIZE = 4 * 1024 * 1024
/** The library shows parts of the bundle in some messages. */
const SHOWN = /^[ -~]{1,160}$/

/** One entry in the transparency log, one in the certificates' log and one time, each by an authority of the root. */
const THRESHOLDS = { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 } as const

export type SignatureOutcome =
  | {
      readonly verified: true
      readonly identity: string
      readonly issuer: string
      /** Address of the repository whose workflow ran; undefined where the certificate names none. */
      readonly repository: string | undefined
    }
  | { readonly verified: false; readonly fault: SignatureFault; readonly why: string }

/** What was wrong: the proof that it was logged, the time at which it was made, or certificate and signature themselves. */
export type SignatureFault = 'log' | 'time' | 'signature'

/** Fulcio certificate extensions, Source Repository URI: a UTF8String in DER. */
const SOURCE_REPOSITORY = '1.3.6.1.4.1.57264.1.12'

type Identified = NonNullable<ReturnType<Verifier['verify']>['identity']>

/**
 * A workflow that others may call signs by its own name for whoever calls it: the name alone then says nothing of who did. So the repository
 * that ran it has to be the one that holds it.
 */
export function isCalledByAnother({
  identity,
  repository,
}: {
  identity: string
  repository: string | undefined
}): boolean {
  return repository !== undefined && !identity.startsWith(`${repository}/`)
}

/** @returns undefined where there is none; what cannot be read is returned as it stands, and equals no address */
function repositoryOf({ oids = [] }: Identified): string | undefined {
  const der = oids.find(({ oid }) => oid?.id.join('.') === SOURCE_REPOSITORY)?.value
  return der?.subarray(der[1] === 0x81 ? 3 : 2).toString('utf8')
}

/** @throws CountersignError ERR_CONFIG: the root is the caller's own file */
export function readTrustedRoot(octets: Uint8Array): TrustMaterial {
  try {
    const root = toTrustMaterial(TrustedRoot.fromJSON(decodeJson(octets, { maxSize: MAX_ROOT_SIZE })))
    // What is missing there would otherwise show as a fault of every bundle.
    if (root.certificateAuthorities.length > 0 && root.tlogs.length > 0 && root.ctlogs.length > 0) return root
  } catch {}
  throw new CountersignError('ERR_CONFIG', 'the trusted root is not a trusted_root.json of Sigstore')
}

function reasonOf(error: unknown): string {
  if (!(error instanceof VerificationError)) return 'the certificate or the log entry cannot be read'
  return SHOWN.test(error.message) ? error.message : error.code
}

function faultOf(error: unknown): SignatureFault {
  if (!(error instanceof VerificationError)) return 'signature'
  if (error.code.startsWith('TLOG_')) return 'log'
  if (error.code === 'TIMESTAMP_ERROR') return 'time'
  // The library knows no code of its own for a certificate that was not valid at the time of the log.
  const { cause } = error
  return cause instanceof Error && cause.message.includes('at the specified date') ? 'time' : 'signature'
}

function refuse(fault: SignatureFault, why: string): SignatureOutcome {
  return { verified: false, fault, why }
}

/**
 * The library's own comparison of identities takes what is wanted for a regular expression, anchored nowhere: so none is given to it, and
 * the caller compares.
 */
export function verifySigstoreSignature({ bundle }: SignedStatement, root: TrustMaterial): SignatureOutcome {
  const { content, tlogEntries } = bundle.verificationMaterial
  if (content.$case !== 'certificate') return refuse('signature', 'it is not signed with a certificate')
  // The library would miss the time of the entry first.
  if (tlogEntries.length === 0) return refuse('log', 'it has no entry of a transparency log')
  try {
    const signer = new Verifier(root, THRESHOLDS).verify(toSignedEntity(bundle)).identity
    const identity = signer?.subjectAlternativeName ?? ''
    const issuer = signer?.extensions?.issuer ?? ''
    // Nothing must not equal nothing, where a caller's configuration was left empty.
    if (identity === '' || issuer === '') return refuse('signature', 'the certificate names no identity or no issuer')
    return { verified: true, identity, issuer, repository: signer && repositoryOf(signer) }
  } catch (error) {
    return refuse(faultOf(error), reasonOf(error))
  }
}
