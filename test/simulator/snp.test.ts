/** The simulated SEV-SNP: what it quotes passes where its root is named, and it fails in the ways it is told to. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import { decodeJson } from '../../src/core/encoding/json.ts'
import {
  createSnpRoots,
  decodeSnpEndorsements,
  decodeSnpPolicy,
  decodeSnpReport,
  encodeSnpReport,
  verifySnpReport,
} from '../../src/core/snp/index.ts'
import {
  createSimulatedPki,
  createSimulatedSnp,
  exportPki,
  importPki,
  issueSnpCrl,
  SIMULATED_MEASUREMENT,
  type SimulatedPki,
  type SimulatedSnpOptions,
} from '../../src/simulator/index.ts'

const NOW = new Date('2026-11-21T12:00:00Z')
const REPORT_DATA = new Uint8Array(64).fill(7)
const POLICY = decodeSnpPolicy(decodeJson(readFileSync('attestation-fixtures/snp/policy.json')))

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

describe('simulated SEV-SNP', () => {
  let pki: SimulatedPki
  beforeAll(async () => {
    pki = await createSimulatedPki({ clock: () => NOW })
  })

  const simulate = (options: SimulatedSnpOptions = {}) => createSimulatedSnp({ pki, ...fakeTime(), ...options })

  it('[P4] quotes what passes under its named root, and the verdict says simulated', async () => {
    const snp = await simulate()
    const { report, auxblob } = await snp.quoter.quote(REPORT_DATA)
    const verdict = await verifySnpReport({ report }, decodeSnpEndorsements(auxblob), POLICY, {
      at: NOW,
      reportData: REPORT_DATA,
      measurements: [snp.measurement],
      roots: createSnpRoots({ roots: 'built-in', simulated: [snp.rootFingerprint] }),
    })
    expect(verdict).toMatchObject({ ok: true, simulated: true, value: { product: 'Genoa' } })
    expect(verdict.checks.filter(({ required, status }) => required && status !== 'pass')).toEqual([])
    expect(snp.measurement).toBe(SIMULATED_MEASUREMENT)
    expect(snp.quoter.simulated).toBe(true)
  })

  it('[P4] is refused as simulated where its root is not named', async () => {
    const snp = await simulate()
    const verdict = await verifySnpReport({ report: snp.report(REPORT_DATA) }, snp.endorsements, POLICY, {
      at: NOW,
      reportData: REPORT_DATA,
      measurements: [snp.measurement],
      roots: createSnpRoots({ roots: 'built-in', simulated: [] }),
    })
    expect(verdict).toMatchObject({ ok: false, code: 'SIMULATED_EVIDENCE' })
  })

  it('[S13] signs as a cloud does: with a VLEK, its chip masked', async () => {
    const snp = await simulate({ signer: 'vlek', cspId: 'CN=a.example' })
    const { report, auxblob } = await snp.quoter.quote(REPORT_DATA)
    const policy = { ...POLICY, signerKinds: ['vlek'], cspIds: ['CN=a.example'] } as const
    const verdict = await verifySnpReport({ report }, decodeSnpEndorsements(auxblob), policy, {
      at: NOW,
      reportData: REPORT_DATA,
      measurements: [snp.measurement],
      roots: createSnpRoots({ roots: 'built-in', simulated: [snp.rootFingerprint] }),
    })
    expect(verdict).toMatchObject({
      ok: true,
      simulated: true,
      value: { key: { kind: 'vlek', cspId: 'CN=a.example' } },
    })
    expect(decodeSnpReport(report).chipId).toEqual(new Uint8Array(64))
    // A year, as AMD gives; a VCEK has seven.
    expect(verdict.ok && verdict.value.notAfter).toEqual(new Date('2027-11-20T12:00:00Z'))
  })

  it('[S18] issues revocation lists that count', async () => {
    const snp = await simulate()
    const judge = (revoked: readonly ('ask' | 'asvk')[]) =>
      verifySnpReport(
        { report: snp.report(REPORT_DATA) },
        { ...snp.endorsements, crls: [issueSnpCrl(pki, { revoked, clock: () => NOW })] },
        { ...POLICY, revocation: 'required' },
        {
          at: NOW,
          reportData: REPORT_DATA,
          measurements: [snp.measurement],
          roots: createSnpRoots({ roots: 'built-in', simulated: [snp.rootFingerprint] }),
        },
      )
    expect(await judge(['asvk'])).toMatchObject({ ok: true })
    expect(await judge(['ask'])).toMatchObject({ ok: false, code: 'X509_REVOKED' })
  })

  it('sets any field of a report', async () => {
    const snp = await simulate({ fields: { version: 5, launchMitVector: 3n, currentMitVector: 7n, vmpl: 2 } })
    const report = decodeSnpReport(snp.report(REPORT_DATA, { guestSvn: 9 }))
    expect(report).toMatchObject({ version: 5, launchMitVector: 3n, currentMitVector: 7n, vmpl: 2, guestSvn: 9 })
    expect(encodeSnpReport(report).subarray(0, 0x2a0)).toEqual(
      snp.report(REPORT_DATA, { guestSvn: 9 }).subarray(0, 0x2a0),
    )
  })

  it('comes back from its exported PKI with the same root', async () => {
    const again = importPki(exportPki(pki))
    const snp = await createSimulatedSnp({ pki: again, clock: () => NOW })
    expect(snp.rootFingerprint).toBe(pki.rootFingerprint)
    expect([again.ask, again.asvk]).toEqual([pki.ask, pki.asvk])
  })

  it('takes its latency, and stalls after a burst', async () => {
    const time = fakeTime()
    const { quoter } = await simulate({ ...time, latencyMs: 8, throttle: { burst: 10, stallMs: 10_000 } })
    for (let call = 0; call < 10; call++) await quoter.quote(REPORT_DATA)
    expect(time.elapsed()).toBe(80)
    await quoter.quote(REPORT_DATA)
    expect(time.elapsed()).toBe(80 + 10_000 + 8)
  })

  it('serves calls one after the other', async () => {
    const time = fakeTime()
    const { quoter } = await simulate({ ...time, latencyMs: 5, throttle: { burst: 2, stallMs: 100 } })
    await Promise.all([1, 2, 3].map(() => quoter.quote(REPORT_DATA)))
    expect(time.elapsed()).toBe(115)
  })

  it('fails as it is told, call by call', async () => {
    const { quoter } = await simulate({ faults: ['none', 'error', 'garbage', 'wrong-report-data', 'hang'] })
    const dataOf = async () => encodeHex(decodeSnpReport((await quoter.quote(REPORT_DATA)).report).reportData)
    expect(await dataOf()).toBe(encodeHex(REPORT_DATA))
    await expect(quoter.quote(REPORT_DATA)).rejects.toMatchObject({ code: 'ERR_QUOTE' })
    await expect(dataOf()).rejects.toMatchObject({ code: 'ERR_MALFORMED' })
    expect(await dataOf()).toBe(encodeHex(REPORT_DATA.map((octet) => octet ^ 0xff)))
    const hung = quoter.quote(REPORT_DATA).then(() => 'hung')
    const next = quoter.quote(REPORT_DATA).then(() => 'next')
    expect(await Promise.race([hung, next])).toBe('next')
  })

  it('takes its faults from a function too', async () => {
    const { quoter } = await simulate({ faults: (call) => (call === 1 ? 'error' : 'none') })
    await quoter.quote(REPORT_DATA)
    await expect(quoter.quote(REPORT_DATA)).rejects.toMatchObject({ code: 'ERR_QUOTE' })
  })

  it('refuses report data of another size than 64', async () => {
    const { quoter } = await simulate()
    await expect(quoter.quote(new Uint8Array(63))).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})
