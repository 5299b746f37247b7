/** Who may vouch under a trusted root: keys that are certified for the purpose, and no others. */
import { describe, expect, it } from 'vitest'
import {
  createTdxRoots,
  decodeTdxQuote,
  type TdxCollateral,
  tdxMeasurements,
  verifyTdxQuote,
} from '../../../src/core/tdx/index.ts'
import type { NameTemplate, Shape } from '../../../src/simulator/issue-certificate.ts'
import { createSimulatedTdx, type SimulatedTdx } from '../../../src/simulator/tdx.ts'
import { createSimulatedTdxPki, simulatedIntelName } from '../../../src/simulator/tdx-pki.ts'
import { openPolicy } from './genuine-vectors.ts'

const at = new Date('2026-07-01T00:00:00Z')
const clock = (): Date => at
const REPORT_DATA = new Uint8Array(64).fill(3)

/** Another subject, of which everything else stays. */
const named =
  (subject: NameTemplate): Shape =>
  (template) => ({ ...template, subject })

function judge(device: SimulatedTdx, collateral: TdxCollateral | undefined = device.collateral, changes = {}) {
  const quote = device.quote(REPORT_DATA)
  return verifyTdxQuote({ quote }, collateral, openPolicy(changes), {
    at,
    reportData: REPORT_DATA,
    measurements: [tdxMeasurements(decodeTdxQuote(quote))],
    roots: createTdxRoots({ roots: 'built-in', simulated: [device.rootFingerprint] }),
  })
}

describe('the TCB signing certificate', () => {
  it('[T18] is no other leaf of the root', async () => {
    const pki = createSimulatedTdxPki({ clock, shapes: { tcbSigning: named(simulatedIntelName('Other Signing')) } })
    expect(await judge(createSimulatedTdx({ clock, pki }))).toMatchObject({ ok: false, code: 'TCB_INFO_SIGNATURE' })
  })

  it('[T18] has one name: a second would let readers choose', async () => {
    const twice = [...simulatedIntelName('TCB Signing'), ...simulatedIntelName('TCB Signing').slice(0, 1)]
    const pki = createSimulatedTdxPki({ clock, shapes: { tcbSigning: named(twice) } })
    expect(await judge(createSimulatedTdx({ clock, pki }))).toMatchObject({ ok: false, code: 'TCB_INFO_SIGNATURE' })
  })
})

describe('the PCK certificate', () => {
  it('[X3] is no other leaf of its CA', async () => {
    const device = createSimulatedTdx({ clock, shape: named(simulatedIntelName('Other Certificate')) })
    expect(await judge(device)).toMatchObject({ ok: false, code: 'X509_CHAIN_BROKEN' })
  })

  it('[X3] comes from a CA that issues such certificates', async () => {
    const pki = createSimulatedTdxPki({ clock, shapes: { platformCa: named(simulatedIntelName('Other CA')) } })
    const issuer = simulatedIntelName('Other CA')
    const device = createSimulatedTdx({ clock, pki, shape: (template) => ({ ...template, issuer }) })
    expect(await judge(device, undefined, { revocation: 'unchecked', tcb: 'unchecked' })).toMatchObject({
      ok: false,
      code: 'X509_CHAIN_BROKEN',
    })
  })
})

describe('a digest of collateral', () => {
  it('names what decided: the same for the same, another for any other part', async () => {
    const device = createSimulatedTdx({ clock })
    const digestOf = async (collateral: TdxCollateral): Promise<string> => {
      const verdict = await judge(device, collateral)
      return verdict.ok && verdict.value.tcb !== 'unchecked' ? verdict.value.tcb.collateralDigest : 'not ok'
    }
    const again = createSimulatedTdx({ clock, pki: device.pki }).collateral
    const digests = await Promise.all([
      digestOf(device.collateral),
      digestOf({ ...device.collateral }),
      digestOf({ ...device.collateral, tcbInfo: again.tcbInfo }),
      digestOf({ ...device.collateral, qeIdentity: again.qeIdentity }),
      digestOf({ ...device.collateral, pckCrl: again.pckCrl }),
      digestOf({ ...device.collateral, rootCaCrl: again.rootCaCrl }),
    ])
    expect(digests[0]).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(digests[1]).toBe(digests[0])
    expect(new Set(digests).size).toBe(5)
  })
})
