/** The path from a signing key to AMD's root, and whether its issuer is revoked. What the leaf says of itself is read elsewhere. @module */
import { digestUri } from '../crypto/index.ts'
import type { FailureCode } from '../failure-codes.ts'
import type { Checker } from '../verdict.ts'
import { AMD_PROFILE, type Certificate, decodeCertificate, type TrustedRoots, verifyPath } from '../x509/index.ts'
import type { SnpCheck } from './checks.ts'
import type { EndorsementPath } from './endorsements.ts'
import type { SnpPolicy } from './policy.ts'

export interface ProvenChain {
  readonly leaf: Certificate
  readonly chain: readonly Certificate[]
  readonly rootFingerprint: string
}

const UNREVOKED = 'a current list of the ARK that does not name the issuer of the signing key'

/** Path and revocation: lists are looked at once the path stands, so a code of theirs says that it does. */
export async function checkChain(
  check: Checker<SnpCheck>,
  { path, crls }: EndorsementPath,
  { revocation }: SnpPolicy,
  { at, roots }: { readonly at: Date; readonly roots: TrustedRoots },
): Promise<ProvenChain> {
  const required = revocation === 'required'
  const result = await verifyPath(path, AMD_PROFILE, {
    at,
    roots: [...roots.vendor, ...roots.simulated],
    revocation: required ? { crls } : 'unchecked',
  })
  const [, , root] = path
  const wanted = 'a path to a pinned root'
  if (!result.ok && !isOfRevocation(result.code)) {
    const unnamed = result.code === 'X509_UNTRUSTED_ROOT' && claimsSimulation(root)
    const seen = `root ${digestUri(root)}`
    return check.fail('chain', unnamed ? 'SIMULATED_EVIDENCE' : result.code, { seen, wanted, fail: result.detail })
  }
  const rootFingerprint = result.ok ? result.rootFingerprint : digestUri(root)
  const simulated = !roots.vendor.includes(rootFingerprint)
  if (simulated) check.simulated()
  const seen = `${simulated ? 'SIMULATED ' : ''}root ${rootFingerprint}, at ${at.toISOString()}`
  check.pass('chain', { seen, wanted })
  if (!result.ok)
    return check.fail('revocation', result.code, {
      seen: `lists: ${crls.length}`,
      wanted: UNREVOKED,
      fail: result.detail,
    })
  if (required) check.pass('revocation', { seen: `not revoked; lists: ${crls.length}`, wanted: UNREVOKED })
  else {
    check.unchecked('revocation')
    check.assume('certificates are not checked for revocation')
  }
  const { chain } = result
  const [leaf] = chain
  if (leaf === undefined) return check.fail('chain', 'X509_CHAIN_BROKEN', 'no leaf')
  return { leaf, chain, rootFingerprint }
}

function isOfRevocation(code: FailureCode): boolean {
  return code === 'X509_REVOKED' || code.startsWith('CRL_')
}

/** For the message only: whoever made the root chose these words, and either way it is refused. The path rules have decoded it. */
function claimsSimulation(root: Uint8Array): boolean {
  return decodeCertificate(root).subject.organizations.some((name) => /simulated/i.test(name))
}
