/** The certificates inside a Nitro document: their order, and their path to a pinned root. @module */
import { sameBytes } from '../encoding/bytes.ts'
import type { FailureCode } from '../failure-codes.ts'
import type { Checker } from '../verdict.ts'
import { type Certificate, decodeCertificate, NITRO_PROFILE, type TrustedRoots, verifyPath } from '../x509/index.ts'
import type { NitroCheck } from './checks.ts'
import type { NitroDocument } from './payload.ts'

export interface ProvenChain {
  readonly leaf: Certificate
  /** Leaf to root. */
  readonly chain: readonly Certificate[]
  /** When the first of them ends. */
  readonly notAfter: Date
  readonly rootFingerprint: string
}

/**
 * Path: certificate, cabundle from its last to its first, which must be a pinned root. Taking the root out of the document as trusted
 * would let anybody sign; it is compared with the pin by digest, which comes to the same as putting the pinned one in its place.
 */
export async function checkChain(
  check: Checker<NitroCheck>,
  { certificate, cabundle }: NitroDocument,
  { at, roots }: { readonly at: Date; readonly roots: TrustedRoots },
): Promise<ProvenChain> {
  const trusted = [...roots.vendor, ...roots.simulated]
  const path = [certificate, ...cabundle.toReversed()]
  const result = await verifyPath(path, NITRO_PROFILE, { at, roots: trusted, revocation: 'unchecked' })
  if (!result.ok) return check.fail('chain', refine(result.code, path), result.detail)
  const { chain, rootFingerprint } = result
  const [leaf] = chain
  if (leaf === undefined) return check.fail('chain', 'X509_CHAIN_BROKEN', 'no leaf')
  const simulated = !roots.vendor.includes(rootFingerprint)
  if (simulated) check.simulated()
  check.pass('chain', `${simulated ? 'SIMULATED ' : ''}root ${rootFingerprint}, at ${at.toISOString()}`)
  return { leaf, chain, notAfter: firstEnd(leaf, chain), rootFingerprint }
}

function firstEnd(leaf: Certificate, chain: readonly Certificate[]): Date {
  return chain.reduce((first, { notAfter }) => (notAfter < first ? notAfter : first), leaf.notAfter)
}

/** Says more than the path rules can, who do not know where a path comes from. Either way the document is refused. */
function refine(code: FailureCode, path: readonly Uint8Array[]): FailureCode {
  if (code === 'X509_UNTRUSTED_ROOT' && claimsSimulation(path)) return 'SIMULATED_EVIDENCE'
  if (code === 'X509_CHAIN_BROKEN' && isShuffled(path)) return 'NITRO_CABUNDLE'
  return code
}

/** For the message only: whoever made the root chose these words. The path rules have decoded it. */
function claimsSimulation(path: readonly Uint8Array[]): boolean {
  const root = path.at(-1)
  return root !== undefined && decodeCertificate(root).subject.organizations.some((name) => /simulated/i.test(name))
}

/** Whether every issuer is there, and only not in its place. The path rules have decoded all. */
function isShuffled(path: readonly Uint8Array[]): boolean {
  const chain = path.map((raw) => decodeCertificate(raw))
  return chain.every(({ issuer }) => chain.some(({ subject }) => sameBytes(issuer.der, subject.der)))
}
