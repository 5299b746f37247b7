/** Everything that Intel signs about one kind of platform: fetched together, each part once. @module */
import type { TdxCollateral } from '../core/tdx/index.ts'
import type { TcbSelection } from './addresses.ts'
import { type CollateralSource, type Obtain, together } from './item.ts'
import { pckCrlItem, qeIdentityItem, rootCrlItem, tcbInfoItem } from './tdx-items.ts'
import type { TdxPlatform } from './tdx-platform.ts'

export interface FetchedTdx {
  readonly collateral: TdxCollateral
  /** What was asked for: the same platform is judged differently under each. */
  readonly selection: TcbSelection
  /** tcbEvaluationDataNumber of TCB info and of the QE identity, as served. */
  readonly evaluationNumbers: { readonly tcbInfo: number; readonly qeIdentity: number }
  /** The CA that issued the PCK certificate and its root, DER: collateral of a quote does not hold them. */
  readonly pckCrlIssuerChain: readonly Uint8Array[]
  readonly sources: readonly CollateralSource[]
}

/** @throws CollateralError, MalformedError, CountersignError ERR_USAGE */
export async function fetchTdx(
  { fmspc, ca }: TdxPlatform,
  selection: TcbSelection,
  { obtain, roots }: { obtain: Obtain; roots: readonly string[] },
): Promise<FetchedTdx> {
  const lists = pckCrlItem(ca, roots)
  const items = [tcbInfoItem(fmspc, selection, roots), qeIdentityItem(selection, roots)] as const
  // Intel serves the root's list alone; the root comes with the other list and is pinned.
  const rootList = rootCrlItem(async () => (await obtain(lists)).value.issuerChain[1])
  const [tcbInfo, qeIdentity, pck, root] = await together([
    obtain(items[0]),
    obtain(items[1]),
    obtain(lists),
    obtain(rootList),
  ])
  return {
    collateral: {
      tcbInfo: tcbInfo.value.document,
      qeIdentity: qeIdentity.value.document,
      pckCrl: pck.value.crl.raw,
      rootCaCrl: root.value.crl.raw,
    },
    selection,
    evaluationNumbers: {
      tcbInfo: tcbInfo.value.evaluationDataNumber,
      qeIdentity: qeIdentity.value.evaluationDataNumber,
    },
    pckCrlIssuerChain: pck.value.issuerChain,
    sources: [tcbInfo, qeIdentity, pck, root].map(({ source }) => source),
  }
}
