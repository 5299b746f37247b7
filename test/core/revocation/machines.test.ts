/** Machines, code and weights that a list names: by what evidence of each platform proves, and what is said where it proves none. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { provenChips } from '../../../src/core/evidence/chip.ts'
import type { Revocable } from '../../../src/core/evidence/given-judges.ts'
import {
  type EndorsedQuote,
  type HardwareAttestation,
  measurementsOf,
  verifyHardware,
} from '../../../src/core/evidence/hardware.ts'
import { decodePolicy } from '../../../src/core/policy.ts'
import { openRevocations, type RevocationList, signRevocations } from '../../../src/core/revocation/index.ts'
import { assertVerified, failedCheck, judge } from '../../../src/core/verdict.ts'
import { createSimulatedNitro, createSimulatedTdx } from '../../../src/simulator/index.ts'
import { NITRO_POLICY, TDX_POLICY } from '../../kit/permissive-policies.ts'
import { judgeFixture, readFixture } from '../receipt/fixture.ts'

const AT = new Date('2027-01-15T08:00:00Z')
const clock = (): Date => AT
const tdx = createSimulatedTdx({ clock })
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const key = publicKey.export({ format: 'jwk' }).x ?? ''
const signer = { key, sign: async (octets: Uint8Array) => new Uint8Array(sign(null, octets, privateKey)) }
const EMPTY: RevocationList = {
  version: 1,
  number: 1,
  issuedAt: AT,
  expiresAt: new Date('2027-01-16T00:00:00Z'),
  boots: [],
  chips: [],
  measurements: [],
  models: [],
}

async function prove(quote: EndorsedQuote, root: string, document = 'enclave'): Promise<HardwareAttestation> {
  const change = {
    platforms: [quote.tee],
    snp: undefined,
    ...(quote.tee === 'tdx' ? { tdx: TDX_POLICY, eventLog: 'unchecked' } : { nitro: { ...NITRO_POLICY, document } }),
    dangerouslyTrustSimulatedRoots: [root],
    measurements: 'unchecked',
    models: 'unchecked',
  }
  const text = readFileSync('attestation-fixtures/policy/policy.json', 'utf8')
  const policy = decodePolicy(JSON.stringify({ ...JSON.parse(text), ...change }))
  const expectations = { at: AT, reportData: 'unchecked', besideReportData: 'unchecked' } as const
  return assertVerified(await verifyHardware(quote, { policy, lock: undefined }, expectations))
}

async function onNitro(kind: 'enclave' | 'nitrotpm'): Promise<HardwareAttestation> {
  const nitro = createSimulatedNitro({ clock, kind })
  const document = nitro.document(new Uint8Array(64), { timestamp: AT.getTime() })
  return prove({ tee: 'nitro', document }, nitro.rootFingerprint, kind)
}

async function onSnp(): Promise<Extract<HardwareAttestation, { readonly tee: 'snp' }>> {
  const { hardware } = assertVerified(await judgeFixture(readFixture('quoted'))).attestation
  if (hardware.tee !== 'snp') throw new Error('the fixture is of SEV-SNP')
  return hardware
}

/** A provider's key signed in place of the chip's: the report proves no chip. */
async function onSharedKey(): Promise<HardwareAttestation> {
  const { attested } = await onSnp()
  const { product, productName, tcb } = attested.key
  const vlek = { kind: 'vlek', product, productName, tcb, cspId: 'CN=provider.example' } as const
  return { tee: 'snp', attested: { ...attested, key: vlek } }
}

async function judged(change: Partial<RevocationList>, subject: Revocable) {
  const jws = await signRevocations({ ...EMPTY, ...change }, signer)
  const given = await openRevocations(jws, [key], { now: clock, atLeast: 0 })
  return judge(['revocation'], async (check): Promise<object> => {
    given.judge(check, { keys: [key], maximumAgeSeconds: 3600 }, subject)
    return {}
  })
}

async function decided(change: Partial<RevocationList>, subject: Revocable): Promise<string> {
  const verdict = await judged(change, subject)
  return verdict.ok ? 'ok' : `${verdict.code} ${failedCheck(verdict.checks)?.detail}`
}

const listing = (platform: 'snp' | 'tdx' | 'nitro', id: string) => ({ chips: [{ platform, id, reason: 'opened' }] })
const INSTANCE = 'i-0123456789abcdef0'

describe('a machine that a list names', () => {
  it.each<[string, 'snp' | 'tdx' | 'nitro', string | 'its own', () => Promise<HardwareAttestation>]>([
    ['the chip of SEV-SNP', 'snp', 'its own', onSnp],
    [
      'the platform instance of TDX',
      'tdx',
      'its own',
      () =>
        prove({ tee: 'tdx', quote: tdx.quote(new Uint8Array(64)), endorsements: tdx.collateral }, tdx.rootFingerprint),
    ],
    ['the enclave', 'nitro', 'its own', () => onNitro('enclave')],
    ['the instance of an enclave', 'nitro', INSTANCE, () => onNitro('enclave')],
    ['the instance of a NitroTPM', 'nitro', INSTANCE, () => onNitro('nitrotpm')],
  ])('is revoked: %s', async (_, platform, id, evidence) => {
    const hardware = await evidence()
    const [own = ''] = provenChips(hardware)
    expect(await decided(listing(platform, id === 'its own' ? own : id), { hardware })).toBe('REVOKED machine: opened')
    const other = (id === 'its own' ? own : id).replace(/[0-9a-f](?=[^0-9a-f]*$)/, (digit) =>
      digit === '0' ? '1' : '0',
    )
    expect(await decided(listing(platform, other), { hardware })).toBe('ok')
  })

  it('may be the one behind a key that many share: nobody can say, and nothing passes', async () => {
    const hardware = await onSharedKey()
    expect(provenChips(hardware)).toEqual([])
    expect(await decided(listing('snp', 'ab'.repeat(64)), { hardware })).toMatch(/^CHECK_NOT_PERFORMED/)
    expect(await decided(listing('nitro', INSTANCE), { hardware })).toBe('ok')
    expect(await decided({}, { hardware })).toBe('ok')
  })
})

describe('a measurement that a list names', () => {
  it('is revoked, quoted or rebuilt, and no other is', async () => {
    const hardware = await onSnp()
    const measured = measurementsOf(hardware)
    const measurements = [{ ...measured, reason: 'a hole' }]
    expect(await decided({ measurements }, { hardware })).toBe('REVOKED measurement: a hole')
    expect(await decided({ measurements }, { measurements: measured })).toBe('REVOKED measurement: a hole')
    const other = { platform: 'snp', measurements: { measurement: 'e'.repeat(96) } } as const
    expect(await decided({ measurements }, { measurements: other })).toBe('ok')
  })
})

describe('weights that a list names', () => {
  const models = [{ digest: `sha256:${'a'.repeat(64)}`, reason: 'leaked' }]
  it('are revoked; of weights that nobody measured the verdict says that no list can name them', async () => {
    expect(await decided({ models }, { model: `sha256:${'a'.repeat(64)}` })).toBe('REVOKED model: leaked')
    const details = async (change: Partial<RevocationList>, model: string) =>
      (await judged(change, { model })).checks.map(({ detail }) => detail)
    const plain = ['not on list 1 of 2027-01-15T08:00:00.000Z']
    expect(await details({ models }, 'none')).toEqual([`${plain}; it names weights, and nobody measured these`])
    expect(await details({ models }, `sha256:${'b'.repeat(64)}`)).toEqual(plain)
    expect(await details({}, 'none')).toEqual(plain)
  })
})
