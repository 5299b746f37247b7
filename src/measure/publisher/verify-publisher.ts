/** Whether a publisher signed exactly the files that were measured. OpenSSF Model Signing v1. @module */
import { decodeOmsManifest, type OmsManifest } from '../../core/resources/oms-manifest.ts'
import { type Checker, judge, type Verdict } from '../../core/verdict.ts'
import {
  decodeBundle,
  isCalledByAnother,
  readTrustedRoot,
  type SignedStatement,
  verifySigstoreSignature,
} from '../../sigstore/index.ts'
import { type PublisherKey, readPublisherKey, verifyKeySignature } from './key-signature.ts'
import type { Publisher, PublisherTrust } from './types.ts'

/** Each with what asks for it. */
const CHECKS = {
  'bundle-format': 'Sigstore bundle format, v0.3',
  signature: 'DSSE v1, protocol',
  identity: 'RFC 5280, 4.2.1.6',
  statement: 'OpenSSF Model Signing v1.0',
  files: 'OpenSSF Model Signing v1.0',
} as const

type Check = Checker<keyof typeof CHECKS>
/** What a trust comes to, read before anything is judged: what is wrong with it is the caller's own. */
type Judge = (check: Check, signed: SignedStatement) => Publisher

function judgeByRoot(trust: Extract<PublisherTrust, { kind: 'sigstore' }>): Judge {
  const root = readTrustedRoot(trust.trustedRoot)
  return (check, signed) => {
    const outcome = verifySigstoreSignature(signed, root)
    if (!outcome.verified) return check.fail('signature', 'PUBLISHER_SIGNATURE', outcome.why)
    check.pass('signature')
    const { identity, issuer } = outcome
    check.that('identity', identity === trust.identity && issuer === trust.issuer, 'PUBLISHER_IDENTITY', {
      seen: `${identity} by ${issuer}`,
      wanted: `${trust.identity} by ${trust.issuer}`,
    })
    if (isCalledByAnother(outcome))
      check.fail('identity', 'PUBLISHER_IDENTITY', `${identity}, called by another repository: ${outcome.repository}`)
    check.assume('The authorities and logs in the trusted root at hand are honest.')
    return { kind: 'sigstore', identity, issuer }
  }
}

function judgeByKey(key: PublisherKey): Judge {
  return (check, signed) => {
    const hasKey = signed.bundle.verificationMaterial.content.$case === 'publicKey'
    check.that('signature', hasKey && verifyKeySignature(signed, key), 'PUBLISHER_SIGNATURE', {
      fail: hasKey ? 'it does not verify under the key that is trusted' : 'it is not signed with a key',
    })
    check.pass('identity', { seen: key.identity })
    return { kind: 'key', identity: key.identity }
  }
}

/** The first file in which two manifests differ; modes are left out, as publishers leave them out. */
function differenceOf(signed: OmsManifest, measured: OmsManifest): string | undefined {
  const due = new Map(signed.resources.map(({ name, digest }) => [name, digest]))
  for (const { name, digest } of measured.resources) {
    const wanted = due.get(name)
    if (wanted === undefined) return `${name} is in the folder and was not signed`
    if (wanted !== digest) return `${name} is not the file that was signed`
    due.delete(name)
  }
  const [missing] = due.keys()
  return missing === undefined ? undefined : `${missing} was signed and is not in the folder`
}

/**
 * Judges the signature of a folder of weights: who signed, and that the folder holds the files that were signed, each under its name, and
 * no other.
 *
 * @param bundle the octets of `model.sig`
 * @param manifest of the folder, as it was measured here
 * @throws CountersignError ERR_CONFIG when what is trusted cannot be read
 */
export async function verifyPublisher(
  bundle: Uint8Array,
  manifest: OmsManifest,
  trust: PublisherTrust,
): Promise<Verdict<Publisher>> {
  const judgeSigner = trust.kind === 'key' ? judgeByKey(readPublisherKey(trust.publicKey)) : judgeByRoot(trust)
  return await judge(CHECKS, async (check) => {
    const signed = check.decode(
      'bundle-format',
      () => decodeBundle(bundle, 'PUBLISHER_SIGNATURE'),
      'PUBLISHER_SIGNATURE',
    )
    const publisher = judgeSigner(check, signed)
    const statement = check.decode('statement', () => decodeOmsManifest(signed.payload), 'PUBLISHER_SIGNATURE')
    const difference = differenceOf(statement, manifest)
    check.that('files', difference === undefined, 'ARTIFACT_DIGEST_MISMATCH', {
      pass: `${manifest.resources.length} files`,
      fail: difference ?? '',
    })
    return publisher
  })
}
