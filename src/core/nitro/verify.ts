/** Judges a Nitro attestation document: limits, decode, chain, signature, binding, freshness, policy. specs/nitro.md section 11. @module */
import { COSE_ES384, type CoseSign1, decodeCoseAlgorithm, encodeSigStructure, isCanonicalEs384 } from '../cose/index.ts'
import { sha384, verifySignature } from '../crypto/index.ts'
import { encodeHex } from '../encoding/bytes.ts'
import { type Checker, judge, type Verdict } from '../verdict.ts'
import { checkRawEcdsaSignature, type TrustedRoots } from '../x509/index.ts'
import { appraiseDebug, appraiseMeasurement, appraiseRegisters, appraiseTime } from './appraise.ts'
import { checkFields, checkModule, type ExpectedField } from './binding.ts'
import { checkChain } from './chain.ts'
import { NITRO_CHECKS, type NitroCheck } from './checks.ts'
import { decodeNitroEnvelope, MAX_DOCUMENT_SIZE } from './document.ts'
import { decodeNitroPayload, type NitroDocument } from './payload.ts'
import { decodeNitroPolicy, type NitroPolicy } from './policy.ts'
import type { NitroMeasurements } from './registers.ts'

/** What the hypervisor said: one COSE_Sign1, its certificates inside. */
export interface NitroEvidence {
  readonly document: Uint8Array
}

/** What this one judgement is about; the lasting demands are in the policy. */
export interface NitroExpectations {
  /** The time to judge certificates at: never taken from the document by this function. */
  readonly at: Date
  /** Octets compare as a whole; `absent` refuses a document that carries the field. */
  readonly userData: ExpectedField
  readonly nonce: ExpectedField
  readonly publicKey: ExpectedField
  /** Rows, any of them; an empty list matches none. */
  readonly measurements: readonly NitroMeasurements[] | 'unchecked'
  readonly roots: TrustedRoots
}

/** A document that passed, and what vouches for it. */
export interface NitroAttestation {
  readonly document: NitroDocument
  /** When the first certificate of the path ends, as a rule the leaf: no statement under this document lives longer. */
  readonly notAfter: Date
  /** `sha256:` of the root that the chain ends in. */
  readonly rootFingerprint: string
  /** SHA-384 over the payload, hex. The signature is malleable, so the envelope identifies nothing. */
  readonly payloadDigest: string
}

const ASSUMPTIONS = [
  'AWS, its hypervisor and its keys are honest: a Nitro document is their word',
  'certificates are not checked for revocation',
] as const
const NITROTPM_ASSUMPTION = 'a NitroTPM document says how an instance booted, not that its memory is closed to others'

/**
 * Judges a document.
 *
 * All of it is the sender's, its certificates too: it counts from the pinned root downwards. Debug mode is never negotiable. The code
 * of the verdict is that of the first failure, in the order of the checks.
 * @throws CountersignError ERR_USAGE when `expectations.at` is no date
 * @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID for a policy made by hand that no file could hold
 */
export function verifyNitroDocument(
  { document: bytes }: NitroEvidence,
  demanded: NitroPolicy,
  expectations: NitroExpectations,
): Promise<Verdict<NitroAttestation>> {
  return judge(NITRO_CHECKS, async (check: Checker<NitroCheck>) => {
    const policy = decodeNitroPolicy(demanded)
    const { roots } = expectations
    // Dates can be written into as well.
    const at = new Date(expectations.at)
    check.assume(...ASSUMPTIONS, ...(policy.document === 'nitrotpm' ? [NITROTPM_ASSUMPTION] : []))
    check.that('limits', bytes.length <= MAX_DOCUMENT_SIZE, 'EVIDENCE_TOO_LARGE', {
      seen: `${bytes.length} bytes`,
      wanted: `at most ${MAX_DOCUMENT_SIZE}`,
    })
    const envelope = check.decode('envelope', () => decodeNitroEnvelope(bytes))
    checkHeaders(check, envelope)
    const document = check.decode('document', () => decodeNitroPayload(envelope.payload))
    check.that('kind', document.kind === policy.document, 'NITRO_FIELDS', {
      seen: document.kind,
      wanted: policy.document,
    })
    const { chain, notAfter, rootFingerprint, leaf } = await checkChain(check, document, { at, roots })
    await checkSignature(check, envelope, leaf.spki)
    checkModule(check, document, chain)
    checkFields(check, document, expectations)
    appraiseTime(check, document, policy.time, at)
    appraiseDebug(check, document)
    appraiseMeasurement(check, document, expectations.measurements)
    appraiseRegisters(check, document, policy)
    check.unchecked('revocation', `policy: ${policy.revocation}`)
    return {
      document,
      notAfter: new Date(notAfter),
      rootFingerprint,
      payloadDigest: encodeHex(sha384(envelope.payload)),
    }
  })
}

/** Only one algorithm is ever used; that the sender names it, where it is signed, keeps a signature from serving for another one. */
function checkHeaders(
  check: Checker<NitroCheck>,
  { protectedHeader, unprotectedParameters, signature }: CoseSign1,
): void {
  const algorithm = check.decode('algorithm', () => decodeCoseAlgorithm(protectedHeader))
  check.that('algorithm', algorithm === COSE_ES384 && unprotectedParameters === 0, 'COSE_ALG', {
    seen: `alg ${algorithm}, ${unprotectedParameters} unprotected parameters`,
    wanted: `alg ${COSE_ES384}, none unprotected`,
  })
  check.decode('signature-form', () => checkRawEcdsaSignature(signature, 'ES384'))
}

async function checkSignature(check: Checker<NitroCheck>, envelope: CoseSign1, spki: Uint8Array): Promise<void> {
  const signed = encodeSigStructure(envelope)
  check.that('signature', await verifySignature('ES384', spki, envelope.signature, signed), 'COSE_BAD_SIGNATURE', {
    pass: `over ${envelope.payload.length} bytes of payload`,
    fail: 'the document does not verify under the key of its certificate',
  })
  // After the signature, which is made over the octets received: so a header that was only signed in another spelling fails there.
  check.that('header', isCanonicalEs384(envelope.protectedHeader), 'CBOR_NOT_CANONICAL', {
    seen: encodeHex(envelope.protectedHeader),
    wanted: 'a1013822',
  })
}
