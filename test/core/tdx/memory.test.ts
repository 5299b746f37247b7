/** What the verifier remembers of octets that it has seen saves time and decides nothing. */
import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import {
  createTdxRoots,
  type TdxAttestation,
  type TdxCollateral,
  type TdxExpectations,
  verifyTdxQuote,
} from '../../../src/core/tdx/index.ts'
import { Remembered } from '../../../src/core/tdx/remembered.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { createSimulatedTdx } from '../../../src/simulator/tdx.ts'
import { createSimulatedTdxKeys, createSimulatedTdxPki } from '../../../src/simulator/tdx-pki.ts'
import { openPolicy } from './genuine-vectors.ts'

const at = new Date('2026-07-01T00:00:00Z')
const clock = (): Date => at
const device = createSimulatedTdx({ clock })
const other = createSimulatedTdx({ clock })
const REPORT_DATA = new Uint8Array(64).fill(1)
const quote = device.quote(REPORT_DATA)
const roots = createTdxRoots({ roots: 'built-in', simulated: [device.rootFingerprint, other.rootFingerprint] })

interface Changes {
  readonly quote?: Uint8Array
  readonly collateral?: TdxCollateral
  readonly policy?: Parameters<typeof openPolicy>[0]
  readonly expectations?: Partial<TdxExpectations>
}

function judge({ policy, expectations, ...rest }: Changes = {}): Promise<Verdict<TdxAttestation>> {
  const given = { quote, collateral: device.collateral, ...rest }
  return verifyTdxQuote({ quote: given.quote }, given.collateral, openPolicy(policy), {
    at,
    reportData: REPORT_DATA,
    measurements: [device.measurements],
    roots,
    ...expectations,
  })
}

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const out = bytes.slice()
  out[index] = (out[index] ?? 0) ^ 1
  return out
}

describe('a quote that was accepted before', () => {
  beforeAll(async () => {
    expect(await judge()).toMatchObject({ ok: true, simulated: true, value: { tcb: { status: 'UpToDate' } } })
  })

  it('is accepted again, with the same checks', async () => {
    expect((await judge()).checks).toEqual((await judge()).checks)
  })

  it.each<readonly [string, Changes, string]>([
    ['[X13] before its certificates', { expectations: { at: new Date('2025-07-01T00:00:00Z') } }, 'X509_NOT_YET_VALID'],
    ['[X13] after its certificates', { expectations: { at: new Date('2045-07-01T00:00:00Z') } }, 'X509_EXPIRED'],
    ['[X16] after its lists', { expectations: { at: new Date('2026-08-15T00:00:00Z') } }, 'CRL_EXPIRED'],
    [
      '[T19] after its documents',
      { expectations: { at: new Date('2026-08-15T00:00:00Z') }, policy: { revocation: 'unchecked' } },
      'COLLATERAL_EXPIRED',
    ],
    [
      '[P4] when its root is named no more',
      { expectations: { roots: createTdxRoots({ roots: 'built-in', simulated: [other.rootFingerprint] }) } },
      'SIMULATED_EVIDENCE',
    ],
    ['[T22] by a policy that asks for another status', { policy: { tcbStatuses: ['OutOfDate'] } }, 'TDX_TCB_STATUS'],
    ['[T21] by a policy with a higher floor', { policy: { minimumEvaluationDataNumber: 20 } }, 'COLLATERAL_ROLLBACK'],
    ['[P8] by a policy that denies its kind', { policy: { deniedFmspcs: ['53494d544458'] } }, 'PLATFORM_DENIED'],
    ['[T11] for other report data', { expectations: { reportData: new Uint8Array(64) } }, 'REPORT_DATA_MISMATCH'],
    ['[T10] for other measurements', { expectations: { measurements: [] } }, 'MEASUREMENT_MISMATCH'],
    ['[T4] with another signature', { quote: flipped(quote, 640) }, 'TDX_BAD_SIGNATURE'],
    [
      '[T12] with another signature of the enclave',
      { quote: flipped(quote, 636 + 134 + 390) },
      'TDX_QE_REPORT_SIGNATURE',
    ],
  ])('is judged anew: %s', async (_, changes, code) => {
    expect(await judge(changes)).toMatchObject({ ok: false, code })
  })

  it('[T18] is judged anew with another signature under a document that is known', async () => {
    const { tcbInfo, qeIdentity } = device.collateral
    const signature = flipped(tcbInfo.signature, 5)
    expect(await judge({ collateral: { ...device.collateral, tcbInfo: { ...tcbInfo, signature } } })).toMatchObject({
      code: 'TCB_INFO_SIGNATURE',
    })
    const foreign = { ...qeIdentity, signature: tcbInfo.signature }
    expect(await judge({ collateral: { ...device.collateral, qeIdentity: foreign } })).toMatchObject({
      code: 'QE_IDENTITY_SIGNATURE',
    })
  })

  it('[X20] is judged anew where signature and document are split elsewhere', async () => {
    const { tcbInfo } = device.collateral
    const body = concatBytes(tcbInfo.signature.slice(63), tcbInfo.body)
    const moved = { ...tcbInfo, body, signature: tcbInfo.signature.slice(0, 63) }
    expect(await judge({ collateral: { ...device.collateral, tcbInfo: moved } })).toMatchObject({
      code: 'SIG_MALFORMED',
    })
  })

  it('[T18] is judged anew under the signing certificate of another key', async () => {
    const keys = { ...device.pki.keys, tcbSigning: createSimulatedTdxKeys().tcbSigning }
    const { certificates } = createSimulatedTdxPki({ keys, clock })
    const tcbInfo = {
      ...device.collateral.tcbInfo,
      issuerChain: [certificates.tcbSigning, device.pki.certificates.root],
    }
    expect(await judge({ collateral: { ...device.collateral, tcbInfo } })).toMatchObject({ code: 'TCB_INFO_SIGNATURE' })
  })

  it('[T18] takes no collateral of another trusted root than its own', async () => {
    const { tcbInfo, qeIdentity } = other.collateral
    expect(
      await judge({ collateral: { ...device.collateral, tcbInfo }, policy: { revocation: 'unchecked' } }),
    ).toMatchObject({ code: 'TCB_INFO_SIGNATURE' })
    expect(await judge({ collateral: { ...device.collateral, qeIdentity } })).toMatchObject({
      code: 'QE_IDENTITY_SIGNATURE',
    })
  })
})

describe('Remembered', () => {
  it('is bounded, and keeps nothing that threw', () => {
    const memory = new Remembered<number>()
    for (let index = 0; index < 1000; index++) memory.keep(`key ${index}`, index)
    const kept = Array.from({ length: 1000 }, (_, index) => memory.get(`key ${index}`)).filter(
      (value) => value !== undefined,
    )
    expect(kept.length).toBeLessThanOrEqual(64)
    expect(memory.get('key 999')).toBe(999)
    const fail = (): number => {
      throw new Error('no')
    }
    expect(() => memory.recall('new', fail)).toThrow('no')
    expect(memory.get('new')).toBeUndefined()
    expect(memory.recall('new', () => 1)).toBe(1)
    expect(memory.recall('new', fail)).toBe(1)
  })
})
