/** The simulated TDX: what it quotes passes where its root is named, and it fails in the ways it is told to. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeHex, encodeHex } from '../../src/core/encoding/bytes.ts'
import { decodeJson } from '../../src/core/encoding/json.ts'
import {
  createTdxRoots,
  decodePckChain,
  decodeTdxPolicy,
  decodeTdxQuote,
  type TdxAttestation,
  type TdxCollateral,
  verifyTdxQuote,
} from '../../src/core/tdx/index.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { decodeCertificate } from '../../src/core/x509/index.ts'
import {
  createSimulatedTdx,
  createSimulatedTdxPki,
  exportTdxPki,
  importTdxPki,
  SIMULATED_TDX_MEASUREMENTS,
  type SimulatedTdx,
  type SimulatedTdxOptions,
} from '../../src/simulator/index.ts'

const NOW = new Date('2026-11-21T12:00:00Z')
const DAY_MS = 86_400_000
const REPORT_DATA = new Uint8Array(64).fill(7)
const POLICY = decodeTdxPolicy(decodeJson(readFileSync('attestation-fixtures/tdx/policy.json')))

/** A clock that only sleeping moves. */
function fakeTime(): { clock: () => Date; sleep: (ms: number) => Promise<void>; elapsed: () => number } {
  let now = NOW.getTime()
  return {
    clock: () => new Date(now),
    sleep: async (ms) => {
      now += ms
    },
    elapsed: () => now - NOW.getTime(),
  }
}

const simulate = (options: SimulatedTdxOptions = {}): SimulatedTdx => createSimulatedTdx({ ...fakeTime(), ...options })

function judge(
  { collateral, rootFingerprint, measurements }: SimulatedTdx,
  quote: Uint8Array,
  { named = true, at = NOW }: { named?: boolean; at?: Date } = {},
): Promise<Verdict<TdxAttestation>> {
  return verifyTdxQuote({ quote }, collateral, POLICY, {
    at,
    reportData: REPORT_DATA,
    measurements: [measurements],
    roots: createTdxRoots({ roots: 'built-in', simulated: named ? [rootFingerprint] : [] }),
  })
}

describe('simulated TDX', () => {
  it('[P4] quotes what passes under its named root, and the verdict says simulated', async () => {
    const tdx = simulate()
    const { tee, quote } = await tdx.quoter.quote(REPORT_DATA)
    const verdict = await judge(tdx, quote)
    expect(verdict).toMatchObject({ ok: true, simulated: true, value: { fmspc: encodeHex(Buffer.from('SIMTDX')) } })
    expect(verdict.checks.filter(({ required, status }) => required && status !== 'pass')).toEqual([])
    expect([tee, tdx.quoter.tee, tdx.quoter.simulated]).toEqual(['tdx', 'tdx', true])
  })

  it('[P4] is refused as simulated where its root is not named', async () => {
    const tdx = simulate()
    const verdict = await judge(tdx, tdx.quote(REPORT_DATA), { named: false })
    expect(verdict).toMatchObject({ ok: false, code: 'SIMULATED_EVIDENCE' })
  })

  it('[T18] is not judged by the collateral of another root, though both are trusted', async () => {
    const [tdx, other] = [simulate(), simulate()]
    const roots = createTdxRoots({ roots: 'built-in', simulated: [tdx.rootFingerprint, other.rootFingerprint] })
    const expectations = { at: NOW, reportData: REPORT_DATA, measurements: [tdx.measurements], roots }
    const evidence = { quote: tdx.quote(REPORT_DATA) }
    const { tcbInfo, qeIdentity } = other.collateral
    const verdictOf = (change: Partial<TdxCollateral>): Promise<Verdict<TdxAttestation>> =>
      verifyTdxQuote(evidence, { ...tdx.collateral, ...change }, POLICY, expectations)
    expect(await verdictOf({})).toMatchObject({ ok: true })
    expect(await verdictOf({ tcbInfo })).toMatchObject({ ok: false, code: 'TCB_INFO_SIGNATURE' })
    expect(await verdictOf({ qeIdentity })).toMatchObject({ ok: false, code: 'QE_IDENTITY_SIGNATURE' })
  })

  it('says what it is in its measurements, its certificates and its platform', () => {
    const tdx = simulate()
    expect(tdx.measurements).toEqual(SIMULATED_TDX_MEASUREMENTS)
    for (const hex of Object.values(tdx.measurements)) {
      expect(hex).toHaveLength(96)
      expect(Buffer.from(decodeHex(hex)).toString()).toMatch(/^SIMULATED /)
    }
    for (const der of [tdx.pck, ...Object.values(tdx.pki.certificates)])
      expect(decodeCertificate(der).subject.text).toContain('SIMULATED')
  })

  it('has collateral for 29 days more, as Intel has', async () => {
    const tdx = simulate()
    const quote = tdx.quote(REPORT_DATA)
    expect(await judge(tdx, quote, { at: new Date(NOW.getTime() + 29 * DAY_MS) })).toMatchObject({ ok: true })
    const late = new Date(NOW.getTime() + 29 * DAY_MS + 1000)
    expect(await judge(tdx, quote, { at: late })).toMatchObject({ ok: false, code: 'CRL_EXPIRED' })
  })

  it('quotes for real time too', async () => {
    const tdx = createSimulatedTdx({ latencyMs: 0 })
    const { quote } = await tdx.quoter.quote(REPORT_DATA)
    expect(await judge(tdx, quote, { at: new Date() })).toMatchObject({ ok: true })
  })

  it('sets any field of a quote, in every version', () => {
    const tdx = simulate({ fields: { rtMr3: new Uint8Array(48).fill(3) } })
    const quote = decodeTdxQuote(tdx.quote(REPORT_DATA, { version: 5, bodyType: 3, qeIsvSvn: 9, padding: 11 }))
    expect(quote).toMatchObject({ version: 5, paddingSize: 11, body: { bodyType: 3, reportData: REPORT_DATA } })
    expect(quote.body.rtMr3).toEqual(new Uint8Array(48).fill(3))
    expect(decodeTdxQuote(tdx.quote(REPORT_DATA)).version).toBe(4)
  })

  it('follows its fields in the measurements that it tells', () => {
    const { measurements } = simulate({ fields: { mrTd: new Uint8Array(48).fill(1) } })
    expect(measurements).toEqual({ ...SIMULATED_TDX_MEASUREMENTS, mrTd: '01'.repeat(48) })
  })

  it('hands an event log out beside the quote', async () => {
    const eventLog = Uint8Array.of(1, 2, 3)
    expect(await simulate({ eventLog }).quoter.quote(REPORT_DATA)).toMatchObject({ tee: 'tdx', eventLog })
    expect(await simulate().quoter.quote(REPORT_DATA)).not.toHaveProperty('eventLog')
  })

  it('has platforms of the Processor CA', async () => {
    const tdx = simulate({ ca: 'processor' })
    const quote = tdx.quote(REPORT_DATA)
    const [, issuer] = decodePckChain(decodeTdxQuote(quote).signatureData.pckChain)
    expect(issuer).toEqual(tdx.pki.certificates.processorCa)
    expect(await judge(tdx, quote)).toMatchObject({ ok: true })
  })

  it('comes back from its exported PKI with the same root, and judges what was quoted before', async () => {
    const pki = createSimulatedTdxPki({ clock: () => NOW })
    const before = simulate({ pki })
    const after = simulate({ pki: importTdxPki(exportTdxPki(pki)) })
    expect(after.rootFingerprint).toBe(pki.rootFingerprint)
    expect(after.pki.certificates).toEqual(pki.certificates)
    expect(await judge(after, before.quote(REPORT_DATA))).toMatchObject({ ok: true })
  })

  it('takes no PKI that holds more or less than its own', () => {
    const text = exportTdxPki(createSimulatedTdxPki())
    expect(() => importTdxPki(text.replace('"pck"', '"pkc"'))).toThrow(/is missing|unknown key/)
    expect(() => importTdxPki(text.replace('{"keys"', '{"more":1,"keys"'))).toThrow(/unknown key/)
  })

  it('takes its latency, and stalls after a burst', async () => {
    const time = fakeTime()
    const { quoter } = simulate({ ...time, latencyMs: 30, throttle: { burst: 2, stallMs: 1000 } })
    for (let call = 0; call < 3; call++) await quoter.quote(REPORT_DATA)
    expect(time.elapsed()).toBe(3 * 30 + 1000)
  })

  it('fails as it is told, call by call', async () => {
    const { quoter } = simulate({ faults: ['none', 'error', 'garbage', 'wrong-report-data', 'hang'] })
    const dataOf = async () => encodeHex(decodeTdxQuote((await quoter.quote(REPORT_DATA)).quote).body.reportData)
    expect(await dataOf()).toBe(encodeHex(REPORT_DATA))
    await expect(quoter.quote(REPORT_DATA)).rejects.toMatchObject({ code: 'ERR_QUOTE' })
    await expect(dataOf()).rejects.toMatchObject({ code: 'ERR_MALFORMED' })
    expect(await dataOf()).toBe(encodeHex(REPORT_DATA.map((octet) => octet ^ 0xff)))
    const hung = quoter.quote(REPORT_DATA).then(() => 'hung')
    const next = quoter.quote(REPORT_DATA).then(() => 'next')
    expect(await Promise.race([hung, next])).toBe('next')
  })

  it('refuses report data of another size than 64', async () => {
    await expect(simulate().quoter.quote(new Uint8Array(63))).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })

  it('refuses fields of other sizes than their own: a shifted body would be no test', () => {
    expect(() => simulate().quote(REPORT_DATA, { mrTd: new Uint8Array(47) })).toThrow(RangeError)
  })
})
