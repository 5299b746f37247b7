/** The simulated Nitro: what it quotes passes where its root is named, and it fails in the ways it is told to. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import { decodeJson } from '../../src/core/encoding/json.ts'
import {
  CONFIGURATION_REGISTER,
  createNitroRoots,
  decodeNitroDocument,
  decodeNitroPolicy,
  type NitroExpectations,
  nitroConfigurationRegister,
  verifyNitroDocument,
} from '../../src/core/nitro/index.ts'
import {
  createSimulatedNitro,
  createSimulatedNitroPki,
  exportNitroPki,
  importNitroPki,
  SIMULATED_NITRO_MEASUREMENTS,
  type SimulatedNitro,
  type SimulatedNitroOptions,
} from '../../src/simulator/index.ts'

const NOW = new Date('2026-11-21T12:00:00Z')
const REPORT_DATA = new Uint8Array(64).fill(7)
const POLICY = decodeNitroPolicy(decodeJson(readFileSync('attestation-fixtures/nitro/policy.json')))
const HOUR_MS = 3_600_000

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

const simulate = (options: SimulatedNitroOptions = {}) => createSimulatedNitro({ ...fakeTime(), ...options })

function expectationsOf(nitro: SimulatedNitro, at = NOW): NitroExpectations {
  return {
    at,
    userData: REPORT_DATA,
    nonce: 'absent',
    publicKey: 'absent',
    measurements: [nitro.measurements],
    roots: createNitroRoots({ roots: 'built-in', simulated: [nitro.rootFingerprint] }),
  }
}

describe('simulated Nitro', () => {
  it('[P4] quotes what passes under its named root, and the verdict says simulated', async () => {
    const nitro = simulate({ latencyMs: 0 })
    const { tee, document } = await nitro.quoter.quote(REPORT_DATA)
    const verdict = await verifyNitroDocument({ document }, POLICY, expectationsOf(nitro))
    expect(verdict).toMatchObject({ ok: true, simulated: true, value: { rootFingerprint: nitro.rootFingerprint } })
    expect(verdict.checks.filter(({ required, status }) => required && status !== 'pass')).toEqual([])
    expect(nitro.measurements).toEqual(SIMULATED_NITRO_MEASUREMENTS.enclave)
    expect([tee, nitro.quoter.tee, nitro.quoter.simulated]).toEqual(['nitro', 'nitro', true])
    if (verdict.ok) expect(verdict.value.notAfter).toEqual(new Date(NOW.getTime() + 3 * HOUR_MS))
  })

  it('[P4] is refused as simulated where its root is not named', async () => {
    const nitro = simulate()
    const roots = createNitroRoots({ roots: 'built-in', simulated: [] })
    const document = nitro.document(REPORT_DATA)
    const verdict = await verifyNitroDocument({ document }, POLICY, { ...expectationsOf(nitro), roots })
    expect(verdict).toMatchObject({ ok: false, code: 'SIMULATED_EVIDENCE', simulated: false })
  })

  it('writes documents as genuine ones look: untagged, a map of indefinite length, nulls, sixteen registers', () => {
    const document = simulate().document(REPORT_DATA)
    expect(encodeHex(document.subarray(0, 7))).toBe('8444a1013822a0')
    expect(document[10]).toBe(0xbf)
    expect(document.length).toBeGreaterThan(3000)
    const decoded = decodeNitroDocument(document)
    expect([...decoded.pcrs.keys()]).toEqual(Array.from({ length: 16 }, (_, index) => index))
    expect(decoded).toMatchObject({ kind: 'enclave', timestamp: NOW.getTime(), nonce: 'absent', publicKey: 'absent' })
  })

  it("issues certificates of AWS's shape, with names that say what they are", () => {
    const { certificate, cabundle } = simulate().chain()
    const [root, ...below] = [...cabundle, certificate].map((der) => new X509Certificate(der))
    expect(root?.subject).toContain('SIMULATED')
    const lifeHours = below.map(({ validFrom, validTo }) => (Date.parse(validTo) - Date.parse(validFrom)) / HOUR_MS)
    expect(lifeHours.map(Math.floor)).toEqual([20 * 24, 6 * 24, 24, 3])
    expect(below.map(({ ca }) => ca)).toEqual([true, true, true, false])
    below.reduce((issuer, next) => {
      expect(next.verify(issuer.publicKey)).toBe(true)
      return next
    }, root ?? new X509Certificate(''))
  })

  it('lets a verdict end with the first certificate that ends', async () => {
    const notAfter = new Date(NOW.getTime() + HOUR_MS)
    const nitro = simulate({ certificateShapes: { instance: (template) => ({ ...template, notAfter }) } })
    const document = nitro.document(REPORT_DATA)
    const verdict = await verifyNitroDocument({ document }, POLICY, expectationsOf(nitro))
    expect(verdict).toMatchObject({ ok: true, value: { notAfter } })
  })

  it('carries the measured configuration in its own register', () => {
    const register = nitroConfigurationRegister(new Uint8Array(32).fill(9))
    const nitro = simulate({ registers: new Map([[CONFIGURATION_REGISTER, register]]) })
    expect(decodeNitroDocument(nitro.document(REPORT_DATA)).pcrs.get(16)).toEqual(register)
  })

  it('makes documents of a NitroTPM too', async () => {
    const nitro = simulate({ kind: 'nitrotpm' })
    const document = nitro.document(REPORT_DATA)
    const policy = { ...POLICY, document: 'nitrotpm' } as const
    const verdict = await verifyNitroDocument({ document }, policy, expectationsOf(nitro))
    expect(verdict).toMatchObject({ ok: true, value: { document: { kind: 'nitrotpm' } } })
    expect(verdict.assumptions.join()).toContain('NitroTPM')
    expect(nitro.measurements).toEqual(SIMULATED_NITRO_MEASUREMENTS.nitrotpm)
  })

  it('issues its certificates anew before the leaf ends', async () => {
    const time = fakeTime()
    const nitro = simulate(time)
    const first = nitro.chain()
    await time.sleep(HOUR_MS)
    expect(nitro.chain()).toBe(first)
    await time.sleep(HOUR_MS)
    expect(nitro.chain().certificate).not.toEqual(first.certificate)
    const document = nitro.document(REPORT_DATA)
    const verdict = await verifyNitroDocument({ document }, POLICY, expectationsOf(nitro, time.clock()))
    expect(verdict.ok).toBe(true)
  })

  it('comes back from its exported PKI with the same root and keys', async () => {
    const pki = createSimulatedNitroPki({ clock: () => NOW })
    const again = simulate({ pki: importNitroPki(exportNitroPki(pki)) })
    expect(again.rootFingerprint).toBe(pki.rootFingerprint)
    const document = again.document(REPORT_DATA)
    expect(await verifyNitroDocument({ document }, POLICY, expectationsOf(again))).toMatchObject({ ok: true })
  })

  it('refuses a PKI that is not whole', () => {
    const text = exportNitroPki(createSimulatedNitroPki({ clock: () => NOW }))
    expect(() => importNitroPki(text.replace('"leaf"', '"other"'))).toThrow(
      expect.objectContaining({ failure: 'PARSE_INVALID' }),
    )
    expect(() => importNitroPki(text.replaceAll('CERTIFICATE', 'REQUEST'))).toThrow()
  })

  it('takes its latency, and stalls after a burst where it is told to', async () => {
    const time = fakeTime()
    const { quoter } = simulate({ ...time, latencyMs: 5, throttle: { burst: 2, stallMs: 100 } })
    await Promise.all([1, 2, 3].map(() => quoter.quote(REPORT_DATA)))
    expect(time.elapsed()).toBe(115)
  })

  it('fails as it is told, call by call', async () => {
    const { quoter } = simulate({ faults: ['none', 'error', 'garbage', 'wrong-report-data'] })
    const dataOf = async () => decodeNitroDocument((await quoter.quote(REPORT_DATA)).document).userData
    expect(await dataOf()).toEqual(REPORT_DATA)
    await expect(quoter.quote(REPORT_DATA)).rejects.toMatchObject({ code: 'ERR_QUOTE' })
    await expect(dataOf()).rejects.toMatchObject({ code: 'ERR_MALFORMED' })
    expect(await dataOf()).toEqual(REPORT_DATA.map((octet) => octet ^ 0xff))
  })

  it('refuses report data of another size than 64', async () => {
    await expect(simulate().quoter.quote(new Uint8Array(63))).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})
