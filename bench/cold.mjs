/** A process of its own: `cold.mjs nothing|countersign|peer INPUT` prints how long it took from its start, and from the first import, to a verdict. */
import { readFileSync } from 'node:fs'

const [, , how, file] = process.argv
const revive = (_, value) => (value?.octets === undefined ? value : new Uint8Array(Buffer.from(value.octets, 'base64')))
const { quote, collateral, at, roots, policy } = JSON.parse(readFileSync(file, 'utf8'), revive)

/** @returns when the import was done, and whether the quote passed */
const RUNS = {
  nothing: async () => ({ imported: performance.now(), ok: true }),
  async countersign() {
    const { verifyTdxQuote } = await import('../dist/index.js')
    // Loaded with it already: the package's entry does not name these two.
    const { createTdxRoots, decodeTdxPolicy } = await import('../dist/core/tdx/index.js')
    const imported = performance.now()
    const { ok } = await verifyTdxQuote({ quote }, collateral, decodeTdxPolicy(policy), {
      at: new Date(at),
      reportData: 'unchecked',
      measurements: 'unchecked',
      roots: createTdxRoots({ roots: 'built-in', simulated: roots }),
    })
    return { imported, ok }
  },
  async peer() {
    const { askTdxPeer } = await import('../scripts/differential/tdx-peer.mjs')
    const imported = performance.now()
    // Under a simulated root the peer is not asked for its verdict: it is given none.
    const { ok } = askTdxPeer({ quote, collateral, at: new Date(at) })
    return { imported, ok: ok || roots.length > 0 }
  },
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const [startedAt, cpuAt] = [performance.now(), cpuMs()]
const { imported, ok } = await RUNS[how]()
const endedAt = performance.now()
if (!ok) throw new Error('the quote did not pass')
const times = { processMs: endedAt, importMs: imported - startedAt, verdictMs: endedAt - startedAt }
console.log(JSON.stringify({ ...times, cpuMs: cpuMs() - cpuAt }))
