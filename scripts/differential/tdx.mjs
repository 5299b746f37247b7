// One case after another through both TDX verifiers; each difference gets its name.

import { createTdxCases } from './tdx-cases.mjs'
import { classify } from './tdx-classes.mjs'
import { askTdxPeer } from './tdx-peer.mjs'

/**
 * @param library `{ tdx, simulator, policy }`: the two modules of the package, built or as sources, and the policy as JSON
 * @param genuine pairs to take beside the simulated ones
 */
export function createTdxDifferential({ tdx, simulator, policy }, genuine = []) {
  const cases = createTdxCases(simulator, genuine)
  const decoded = tdx.decodeTdxPolicy(policy)
  const rootsOf = (root) =>
    root === undefined
      ? tdx.createTdxRoots({ roots: 'built-in', simulated: [] })
      : tdx.createTdxRoots({ roots: 'built-in', simulated: [simulator.fingerprintOf(root)] })
  const judge = async ({ quote, collateral, at, root }) => {
    const verdict = await tdx.verifyTdxQuote({ quote }, collateral, decoded, {
      at,
      reportData: 'unchecked',
      measurements: 'unchecked',
      roots: rootsOf(root),
    })
    if (verdict.ok) return { ok: true, status: verdict.value.tcb.status, advisories: verdict.value.tcb.advisoryIds }
    const failed = verdict.checks.find(({ status }) => status === 'fail')
    return { ok: false, code: verdict.code, check: failed?.name, detail: failed?.detail }
  }
  return async (seed, index, wanted) => {
    const subject = cases(seed, index, wanted)
    const ours = await judge(subject)
    const peer = askTdxPeer(subject, subject.root)
    return { index, names: subject.names, ours, peer, ...classify(subject, ours, peer) }
  }
}
