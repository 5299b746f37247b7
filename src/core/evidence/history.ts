/** What an archive shows of the log beyond the quoted checkpoint: who saw the quote, and what came before this boot. @module */
import { type Policy, witnessPolicyOf } from '../policy.ts'
import { type Checker, failedCheck } from '../verdict.ts'
import { judgeGenesis } from './genesis.ts'
import type { EndorsedQuote } from './hardware.ts'
import type { QuotedCheckpoint, TimeAnchor } from './time-anchor.ts'
import { judgeWitnessed, type QuotedTree, type WitnessedQuote } from './witnesses.ts'

/** All of it optional, and the host's until it is proven. */
export interface HistoryEvidence {
  readonly quote: EndorsedQuote
  /** C2SP tlog-proof of the quote's own leaf in a later checkpoint that witnesses cosigned. */
  readonly quoteProof?: string
  /** Hashes from the quoted checkpoint to that one. */
  readonly consistency?: readonly Uint8Array[]
  /** First record of the log, and the C2SP tlog-proof of its leaf. */
  readonly genesis?: Uint8Array
  readonly genesisProof?: string
}

/** Whether the verdict cannot do without witnesses: a quorum that policy does not need may be missing. */
function needsWitnesses({ grade, audit }: Policy, anchor: TimeAnchor): boolean {
  return (
    grade === 'witnessed' || anchor.source === 'witnessed' || (anchor.source !== 'nonce' && audit.time === 'witnessed')
  )
}

/** Proofs, consistency and cosignatures, before the quote is judged at the time that they give. */
export async function checkWitnesses(
  check: Checker<'witnesses'>,
  { quote, quoteProof, consistency = [] }: HistoryEvidence,
  tree: QuotedTree,
  { policy, anchor }: { policy: Policy; anchor: TimeAnchor },
): Promise<WitnessedQuote | undefined> {
  const { witnesses } = policy.audit
  if (witnesses === 'unchecked') {
    check.unchecked('witnesses')
    return undefined
  }
  if (quoteProof === undefined) {
    check.unchecked('witnesses', 'nothing shows that a witness saw the quote')
    return undefined
  }
  const verdict = await judgeWitnessed({ quote, quoteProof, consistency }, tree, witnessPolicyOf(witnesses))
  if (!verdict.ok && verdict.code === 'WITNESS_QUORUM' && !needsWitnesses(policy, anchor)) {
    check.unchecked('witnesses', `none that count: ${failedCheck(verdict.checks)?.detail ?? ''}`)
    return undefined
  }
  const witnessed = check.include('witness', verdict)
  check.pass('witnesses', `${witnessed.witnesses.join(', ')}: quorum at ${witnessed.at.toISOString()}`)
  return witnessed
}

/** What came before this log, for whoever reads the verdict: nothing else rests on it. */
export async function checkGenesis(
  check: Checker<'genesis'>,
  { genesis, genesisProof }: HistoryEvidence,
  log: QuotedCheckpoint,
  witnessed: WitnessedQuote | undefined,
): Promise<void> {
  if (genesis === undefined || genesisProof === undefined) {
    check.unchecked('genesis', 'no proven first record of the log is at hand: what came before this boot is not shown')
    return
  }
  const bodies = [log.body, ...(witnessed === undefined ? [] : [witnessed.body])]
  const { previous } = check.include('genesis', await judgeGenesis({ genesis, genesisProof }, log, bodies))
  check.pass('genesis', `log before this one: ${previous}`)
}
