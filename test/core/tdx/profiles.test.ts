/** The published policy: what it accepts, every demand that it makes beyond the open one, and what it says of genuine quotes. */
import { describe, expect, it } from 'vitest'
import {
  createTdxRoots,
  decodeTdxPolicy,
  STRICT_TDX_POLICY,
  type TdxPolicy,
  tdxPolicyOf,
  verifyTdxQuote,
} from '../../../src/core/tdx/index.ts'
import {
  createSimulatedTdx,
  type SimulatedTdx,
  type SimulatedTdxOptions,
  type TdxQuoteFields,
} from '../../../src/simulator/index.ts'
import { here, readCollateral, readVector, vectorNames } from './genuine-vectors.ts'

const AT = new Date('2026-11-21T12:00:00Z')
const DATA = new Uint8Array(64).fill(7)
const clock = (): Date => AT

function judge(options: SimulatedTdxOptions, fields: Partial<TdxQuoteFields> = {}, pins: Partial<TdxPolicy> = {}) {
  const tdx: SimulatedTdx = createSimulatedTdx({ clock, ...options })
  return verifyTdxQuote({ quote: tdx.quote(DATA, fields) }, tdx.collateral, tdxPolicyOf(pins), {
    at: AT,
    reportData: DATA,
    measurements: [tdx.measurements],
    roots: createTdxRoots({ roots: 'built-in', simulated: [tdx.rootFingerprint] }),
  })
}

describe('the strict policy of TDX', () => {
  it('is complete as a file would have to be', () => {
    expect(decodeTdxPolicy(JSON.parse(JSON.stringify(STRICT_TDX_POLICY)))).toEqual(STRICT_TDX_POLICY)
  })

  it('accepts an up-to-date platform, and pins narrow it', async () => {
    expect(await judge({})).toMatchObject({ ok: true, value: { tcb: { status: 'UpToDate' } } })
    expect(await judge({}, {}, { minimumEvaluationDataNumber: 10_000 })).toMatchObject({ code: 'COLLATERAL_ROLLBACK' })
  })

  it.each([
    ['without SEPT_VE_DISABLE', { tdAttributes: 0n }, 'TDX_SEPT_VE'],
    ['with performance counters', { tdAttributes: (1n << 28n) | (1n << 63n) }, 'TDX_ATTRIBUTES'],
    ['in debug mode', { tdAttributes: (1n << 28n) | 1n }, 'TDX_DEBUG'],
  ])('rejects a trust domain %s', async (_, fields, code) => {
    expect(await judge({}, fields)).toMatchObject({ ok: false, code })
  })

  it('rejects a service trust domain beside it', async () => {
    const fields = { version: 5, bodyType: 3, mrServiceTd: new Uint8Array(48).fill(1) } as const
    expect(await judge({}, fields)).toMatchObject({ ok: false, code: 'TDX_SERVICE_TD' })
  })

  it('rejects a platform that is not up to date', async () => {
    const platform = { cpuSvn: new Uint8Array(16) }
    expect((await judge({ platform })).ok).toBe(false)
  })
})

describe.skipIf(!here)('genuine quotes under the strict policy', () => {
  const roots = createTdxRoots({ roots: 'built-in', simulated: [] })

  it('pass only where Intel calls the platform up to date and nothing is bound, migratable or profiled', async () => {
    const counts = { accepted: 0, refused: 0 }
    for (const vector of vectorNames().map(readVector)) {
      for (const { set, at, tcbStatus } of vector.evaluations) {
        const expectations = { at, reportData: 'unchecked', measurements: 'unchecked', roots } as const
        const verdict = await verifyTdxQuote(
          { quote: vector.quote },
          readCollateral(set),
          STRICT_TDX_POLICY,
          expectations,
        )
        const flagged = JSON.stringify(vector.expected['policy_flags']) !== '[]'
        const due = vector.verdict === 'accept' && tcbStatus === 'UpToDate' && !flagged
        expect(verdict.ok, `${vector.name} with ${set}`).toBe(due)
        counts[verdict.ok ? 'accepted' : 'refused'] += 1
      }
    }
    process.stdout.write(`strict TDX policy over genuine quotes: ${JSON.stringify(counts)}\n`)
    expect(counts.accepted).toBeGreaterThan(10)
  })
})
