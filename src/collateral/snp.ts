/** Everything that AMD signs about one report: fetched together, each part once. @module */
import { isZero } from '../core/encoding/bytes.ts'
import {
  decodeSnpReport,
  productOfCpuid,
  type SnpProduct,
  type SnpReport,
  type SnpSignerKind,
  type VcekEndorsements,
  type VlekEndorsements,
} from '../core/snp/index.ts'
import { CountersignError } from '../errors.ts'
import { CollateralError } from './errors.ts'
import { type CollateralSource, type Obtain, together } from './item.ts'
import { type AmdChain, amdCrlItem, chainItem, vcekItem } from './snp-items.ts'

const SIGNING_KEYS: readonly SnpSignerKind[] = ['vcek', 'vlek']

export interface SnpFetchOptions {
  /** Where the report does not say it: version 2 knows no processor. */
  readonly product?: SnpProduct
  /** The VLEK, DER, out of the host's certificate table: AMD gives it to the cloud alone. */
  readonly vlek?: Uint8Array
  /** `skip` where policy leaves revocation unchecked. */
  readonly revocation?: 'fetch' | 'skip'
}

export interface FetchedSnp {
  readonly endorsements: VcekEndorsements | VlekEndorsements
  readonly product: SnpProduct
  readonly sources: readonly CollateralSource[]
}

/** The certificates above a VCEK or VLEK, and the list of what their root revoked. */
export interface FetchedSnpChain {
  readonly signer: SnpSignerKind
  /** ASK or ASVK, DER. */
  readonly issuer: Uint8Array
  readonly ark: Uint8Array
  readonly crls: readonly Uint8Array[]
  readonly sources: readonly CollateralSource[]
}

/** @throws CollateralError, MalformedError, CountersignError ERR_USAGE */
export async function fetchSnp(
  report: SnpReport | Uint8Array,
  { product: named, vlek, revocation = 'fetch' }: SnpFetchOptions,
  { obtain, roots }: { obtain: Obtain; roots: readonly string[] },
): Promise<FetchedSnp> {
  const decoded = report instanceof Uint8Array ? decodeSnpReport(report) : report
  const signer = SIGNING_KEYS[decoded.keyInfo.signingKey]
  if (signer === undefined) throw unfetchable('the report is not signed by a VCEK or VLEK: nothing can vouch for it')
  const product = productOf(decoded, named)
  if (signer === 'vlek' && vlek === undefined)
    throw unfetchable(
      'the report is signed by a VLEK, which AMD gives to the cloud provider alone: take it from the certificate table that the host sends with the report, or give it as a file; its chain and revocation list can be fetched',
    )
  const chain = (): Promise<{ value: AmdChain; source: CollateralSource }> => obtain(chainItem(product, signer, roots))
  const authorities = async (): Promise<AmdChain> => (await chain()).value
  const { chipId, reportedTcb: tcb } = decoded
  const leafItem = signer === 'vcek' ? vcekItem({ product, chipId, tcb }, authorities) : undefined
  const [above, leaf, list] = await together([
    chain(),
    leafItem && obtain(leafItem),
    revocation === 'fetch' ? obtain(amdCrlItem(product, signer, authorities)) : undefined,
  ])
  const crls = list ? { crls: [list.value.crl.raw] } : {}
  const { issuer, ark } = above.value
  const endorsements = leaf
    ? { vcek: leaf.value.certificate.raw, ask: issuer.raw, ark: ark.raw, ...crls }
    : { vlek: vlek ?? new Uint8Array(), asvk: issuer.raw, ark: ark.raw, ...crls }
  return { endorsements, product, sources: [leaf, above, list].flatMap((part) => (part ? [part.source] : [])) }
}

/** @throws CollateralError */
export async function fetchAmdChain(
  product: SnpProduct,
  signer: SnpSignerKind,
  { obtain, roots }: { obtain: Obtain; roots: readonly string[] },
): Promise<FetchedSnpChain> {
  const chain = (): ReturnType<typeof obtain<AmdChain>> => obtain(chainItem(product, signer, roots))
  const [above, list] = await together([
    chain(),
    obtain(amdCrlItem(product, signer, async () => (await chain()).value)),
  ])
  const { issuer, ark } = above.value
  const sources = [above.source, list.source]
  return { signer, issuer: issuer.raw, ark: ark.raw, crls: [list.value.crl.raw], sources }
}

function productOf({ cpuid, chipId }: SnpReport, named: SnpProduct | undefined): SnpProduct {
  if (cpuid === undefined) {
    if (named !== undefined) return named
    const hint = !isZero(chipId) && isZero(chipId.subarray(8)) ? '; its CHIP_ID has the form of a Turin' : ''
    throw new CountersignError('ERR_USAGE', `a report of version 2 does not name its product: name it${hint}`)
  }
  const product = productOfCpuid(cpuid)
  if (product === undefined)
    throw unfetchable(`no product is known for processors of family ${cpuid.family}, model ${cpuid.model}: update`)
  if (named !== undefined && named !== product)
    throw new CountersignError('ERR_USAGE', `${named} is named, and the report is of a ${product}`)
  return product
}

function unfetchable(message: string): CollateralError {
  return new CollateralError(message, { reached: false, retry: 'never' })
}
