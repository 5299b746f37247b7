/** The chain from the platform's key to Intel's root, and whether anything in it is revoked. @module */
import { sha256 } from '../crypto/index.ts'
import { encodeHex, sameBytes } from '../encoding/bytes.ts'
import type { Checker } from '../verdict.ts'
import {
  type Certificate,
  type Crl,
  decodeCertificate,
  decodeCrl,
  INTEL_PCK_PROFILE,
  type TrustedRoots,
  verifyPath,
} from '../x509/index.ts'
import { decodePckChain } from './certification-data.ts'
import type { TdxCheck } from './checks.ts'
import type { TdxCollateral } from './collateral.ts'
import { decodePckExtension, type PckExtension } from './pck.ts'
import type { TdxPolicy } from './policy.ts'
import { Remembered } from './remembered.ts'

/** A chain that ends in a trusted root. */
export interface ProvenPck {
  /** DER, leaf first. */
  readonly path: readonly Uint8Array[]
  readonly leaf: Certificate
  readonly rootFingerprint: string
}

const LEAF_NAME = 'Intel SGX PCK Certificate'
const CA_NAMES: readonly string[] = ['Intel SGX PCK Platform CA', 'Intel SGX PCK Processor CA']

// Texts and extensions by their octets. What they are worth is judged anew each time.
const CHAINS: Remembered<readonly Uint8Array[]> = new Remembered()
const ISSUERS: Remembered<Crl['issuer']> = new Remembered()
const EXTENSIONS: WeakMap<Certificate, PckExtension> = new WeakMap()

/** The root inside the quote counts only by its fingerprint: the sender chose all three certificates. */
export async function checkChain(
  check: Checker<TdxCheck>,
  pem: Uint8Array,
  { at, roots }: { readonly at: Date; readonly roots: TrustedRoots },
): Promise<ProvenPck> {
  const path = check.decode('certification-data', () =>
    CHAINS.recall(encodeHex(sha256(pem)), () => decodePckChain(pem)),
  )
  const trusted = [...roots.vendor, ...roots.simulated]
  const result = await verifyPath(path, INTEL_PCK_PROFILE, { at, roots: trusted, revocation: 'unchecked' })
  if (!result.ok) {
    const simulated = result.code === 'X509_UNTRUSTED_ROOT' && claimsSimulation(path)
    return check.fail('chain', simulated ? 'SIMULATED_EVIDENCE' : result.code, result.detail)
  }
  const [leaf, ca] = result.chain
  if (leaf === undefined || ca === undefined) return check.fail('chain', 'X509_CHAIN_BROKEN', 'no leaf')
  const named = onlyName(leaf) === LEAF_NAME && CA_NAMES.includes(onlyName(ca))
  if (!named)
    return check.fail('chain', 'X509_CHAIN_BROKEN', `"${onlyName(leaf)}" by "${onlyName(ca)}" is no PCK certificate`)
  const { rootFingerprint } = result
  const simulated = !roots.vendor.includes(rootFingerprint)
  if (simulated) check.simulated()
  check.pass(
    'chain',
    `${simulated ? 'SIMULATED ' : ''}root ${rootFingerprint}, by "${onlyName(ca)}", at ${at.toISOString()}`,
  )
  return { path, leaf, rootFingerprint }
}

/** Leaf and CA must be covered by current lists of their own issuers. */
export async function checkRevocation(
  check: Checker<TdxCheck>,
  { path, leaf, rootFingerprint }: ProvenPck,
  {
    at,
    collateral,
    policy,
  }: { readonly at: Date; readonly collateral: TdxCollateral | undefined; readonly policy: TdxPolicy },
): Promise<void> {
  if (policy.revocation === 'unchecked') {
    check.unchecked('revocation')
    return
  }
  if (collateral === undefined) {
    check.missing('revocation', 'no collateral: revocation lists are due')
    return
  }
  const { pckCrl, rootCaCrl } = collateral
  // A list of the other CA lists none of this one's: said by name here, before it would only be missing.
  const issuer = check.decode('revocation', () =>
    ISSUERS.recall(encodeHex(sha256(pckCrl)), () => decodeCrl(pckCrl).issuer),
  )
  const fits = sameBytes(issuer.der, leaf.issuer.der)
  const wanted = leaf.issuer.text
  check.that('revocation', fits, 'CRL_BAD_ISSUER', { seen: `PCK list of "${issuer.text}"`, wanted: `"${wanted}"` })
  const crls = [pckCrl, rootCaCrl]
  const result = await verifyPath(path, INTEL_PCK_PROFILE, { at, roots: [rootFingerprint], revocation: { crls } })
  if (!result.ok) return check.fail('revocation', result.code, result.detail)
  check.pass('revocation', `neither the PCK certificate nor "${wanted}" is listed`)
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
