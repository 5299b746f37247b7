/** The chain from the platform's key to Intel's root, and whether anything in it is revoked. @module */
import { sha256 } from '../crypto/index.ts'
import { encodeHex, sameBytes } from '../encoding/bytes.ts'
import type { Checker } from '../verdict.ts'
import {
  type Certificate,
  decodeCertificate,
  decodeCrl,
  INTEL_PCK_PROFILE,
  type PathResult,
  type TrustedRoots,
  verifyPath,
} from '../x509/index.ts'
import { decodePckChain } from './certification-data.ts'
import type { TdxCheck } from './checks.ts'
import type { TdxCollateral } from './collateral.ts'
import { instant } from './collateral-rules.ts'
import { decodePckExtension, type PckExtension } from './pck.ts'
import type { TdxPolicy } from './policy.ts'
import { Remembered } from './remembered.ts'

/** A chain that ends in a trusted root. */
export interface ProvenPck {
  readonly leaf: Certificate
  readonly rootFingerprint: string
}

const LEAF_NAME = 'Intel SGX PCK Certificate'
const CA_NAMES: readonly string[] = ['Intel SGX PCK Platform CA', 'Intel SGX PCK Processor CA']

// Texts and extensions by their octets. What they are worth is judged anew each time.
const CHAINS: Remembered<readonly Uint8Array[]> = new Remembered()
const EXTENSIONS: WeakMap<Certificate, PckExtension> = new WeakMap()

/** What a chain is judged by. */
export interface ChainExpectations {
  readonly at: Date
  readonly roots: TrustedRoots
  readonly collateral: TdxCollateral | undefined
  readonly policy: TdxPolicy
}

/** The root inside the quote counts only by its fingerprint: the sender chose all three certificates. */
export async function checkChain(
  check: Checker<TdxCheck>,
  pem: Uint8Array,
  expectations: ChainExpectations,
): Promise<ProvenPck> {
  const path = check.decode('certification-data', () =>
    CHAINS.recall(encodeHex(sha256(pem)), () => decodePckChain(pem)),
  )
  const { at, roots, collateral, policy } = expectations
  const options = { at, roots: [...roots.vendor, ...roots.simulated] }
  const revocation = policy.revocation !== 'unchecked' && collateral ? { crls: listsOf(collateral) } : 'unchecked'
  const judged = await verifyPath(path, INTEL_PCK_PROFILE, { ...options, revocation })
  // Without the lists: whether it is the chain that fails, or what they say of it.
  const chain = judged.ok ? judged : await verifyPath(path, INTEL_PCK_PROFILE, { ...options, revocation: 'unchecked' })
  if (!chain.ok) {
    const simulated = chain.code === 'X509_UNTRUSTED_ROOT' && claimsSimulation(path)
    return check.fail('chain', simulated ? 'SIMULATED_EVIDENCE' : chain.code, chain.detail)
  }
  const leaf = checkNames(check, chain, expectations)
  checkRevocation(check, leaf, judged, expectations)
  return { leaf, rootFingerprint: chain.rootFingerprint }
}

/** Under one root Intel certifies keys for other purposes too. */
function checkNames(
  check: Checker<TdxCheck>,
  { chain, rootFingerprint }: Extract<PathResult, { ok: true }>,
  { at, roots }: ChainExpectations,
): Certificate {
  const [leaf, ca] = chain
  if (leaf === undefined || ca === undefined) return check.fail('chain', 'X509_CHAIN_BROKEN', 'no leaf')
  const named = onlyName(leaf) === LEAF_NAME && CA_NAMES.includes(onlyName(ca))
  if (!named)
    return check.fail('chain', 'X509_CHAIN_BROKEN', `"${onlyName(leaf)}" by "${onlyName(ca)}" is no PCK certificate`)
  const simulated = !roots.vendor.includes(rootFingerprint)
  if (simulated) check.simulated()
  check.pass(
    'chain',
    `${simulated ? 'SIMULATED ' : ''}root ${rootFingerprint}, by "${onlyName(ca)}", at ${instant(at)}`,
  )
  return leaf
}

/** Leaf and CA must be covered by current lists of their own issuers. */
function checkRevocation(
  check: Checker<TdxCheck>,
  leaf: Certificate,
  judged: PathResult,
  { collateral, policy }: ChainExpectations,
): void {
  if (policy.revocation === 'unchecked') {
    check.unchecked('revocation')
    return
  }
  if (collateral === undefined) {
    check.missing('revocation', 'no collateral: revocation lists are due')
    return
  }
  const { issuer } = leaf
  if (!judged.ok) {
    if (collateral.pckCrl.length > 0) checkListIssuer(check, collateral.pckCrl, issuer)
    check.fail('revocation', judged.code, judged.detail)
  }
  check.pass('revocation', `neither the PCK certificate nor its CA "${issuer.commonNames[0]}" is listed`)
}

/** A list of the other CA lists none of this one's: said by name here, where it would only be missing. */
function checkListIssuer(check: Checker<TdxCheck>, pckCrl: Uint8Array, due: Certificate['issuer']): void {
  const { issuer } = check.decode('revocation', () => decodeCrl(pckCrl))
  check.that('revocation', sameBytes(issuer.der, due.der), 'CRL_BAD_ISSUER', {
    seen: `list of "${issuer.text}"`,
    wanted: `"${due.text}"`,
  })
}

/** An empty file is no list. */
function listsOf({ pckCrl, rootCaCrl }: TdxCollateral): readonly Uint8Array[] {
  return [pckCrl, rootCaCrl].filter(({ length }) => length > 0)
}

/** What the leaf stands for, and whether policy lets it answer. */
export function checkPlatform(check: Checker<TdxCheck>, leaf: Certificate, policy: TdxPolicy): PckExtension {
  const pck = check.decode('pck-extension', () => EXTENSIONS.get(leaf) ?? decodePckExtension(leaf))
  EXTENSIONS.set(leaf, pck)
  const { deniedFmspcs: denied, platformInstanceIds: listed } = policy
  if (denied === 'unchecked' && listed === 'unchecked')
    check.unchecked('platform-allowed', `FMSPC ${pck.fmspc}; policy: unchecked`)
  else {
    const isDenied = denied !== 'unchecked' && denied.includes(pck.fmspc)
    // Which instance it is stays unsaid: it identifies a host for life.
    const isListed = listed === 'unchecked' || listed.includes(pck.platformInstanceId ?? '')
    check.that('platform-allowed', !isDenied && isListed, 'PLATFORM_DENIED', {
      pass: `FMSPC ${pck.fmspc}`,
      fail: isDenied ? `FMSPC ${pck.fmspc} is denied` : `this platform instance (FMSPC ${pck.fmspc}) is not listed`,
    })
  }
  return pck
}

/** For the message only: whoever made the root chose these words, and either way it is refused. The path rules have decoded it. */
function claimsSimulation(path: readonly Uint8Array[]): boolean {
  const root = path.at(-1)
  return root !== undefined && decodeCertificate(root).subject.organizations.some((name) => /simulated/i.test(name))
}

function onlyName({ subject }: Certificate): string {
  const [name = '', ...others] = subject.commonNames
  return others.length === 0 ? name : subject.text
}
