/** The published policies, each for itself: what they accept, and every demand that they make beyond a policy of the fixtures. */
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { decodeJson } from '../../../src/core/encoding/json.ts'
import {
  CLOUD_SNP_POLICY,
  createSnpRoots,
  decodeSnpPolicy,
  encodeTcb,
  type SnpPolicy,
  type SnpProduct,
  STRICT_SNP_POLICY,
  snpPolicyOf,
  verifySnpReport,
} from '../../../src/core/snp/index.ts'
import {
  createSimulatedPki,
  createSimulatedSnp,
  importPki,
  issueSnpCrl,
  type SimulatedFields,
  type SimulatedPki,
} from '../../../src/simulator/index.ts'

const NOW = new Date('2026-11-21T12:00:00Z')
const clock = (): Date => NOW
const REPORT_DATA = new Uint8Array(64).fill(7)
/** A guest and a platform without SMT and RAPL. */
const STRICT: SimulatedFields = { policy: 0x820000n, platformInfo: 0x2cn }

interface Case {
  readonly policy?: Partial<SnpPolicy>
  readonly fields?: SimulatedFields
  readonly product?: SnpProduct
  readonly signer?: 'vcek' | 'vlek'
  readonly lists?: 'current' | 'none' | 'revoking'
}

let pkis: Readonly<Record<SnpProduct, SimulatedPki>>
beforeAll(async () => {
  const { keys } = importPki(inject('simulatedPki'))
  const of = (product: SnpProduct) => createSimulatedPki({ product, keys, clock })
  pkis = { Milan: await of('Milan'), Genoa: await of('Genoa'), Turin: await of('Turin') }
})

async function judge(profile: 'strict' | 'cloud', { policy, fields, product = 'Genoa', ...rest }: Case = {}) {
  const { signer = 'vcek', lists = 'current' } = rest
  const pki = pkis[product]
  const base = profile === 'strict' ? STRICT : {}
  const snp = await createSimulatedSnp({ pki, clock, signer, fields: { ...base, ...fields } })
  const crls =
    lists === 'none' ? [] : [issueSnpCrl(pki, { clock, revoked: lists === 'current' ? [] : ['ask', 'asvk'] })]
  return verifySnpReport(
    { report: snp.report(REPORT_DATA) },
    { ...snp.endorsements, crls },
    snpPolicyOf(profile, policy),
    {
      at: NOW,
      reportData: REPORT_DATA,
      measurements: [snp.measurement],
      roots: createSnpRoots({ roots: 'built-in', simulated: [snp.rootFingerprint] }),
    },
  )
}

const refused = (code: string) => ({ ok: false, code })
const below = { bootLoader: 10, tee: 0, snp: 22, microcode: 84 }

/** Whoever lists a product gives its floors too, or says that there are none. */
const LISTING_MILAN = {
  products: ['Milan'],
  minimumTcb: 'unchecked',
  minimumLaunchTcb: 'unchecked',
  minimumCommittedTcb: 'unchecked',
} as const

describe('the strict profile', () => {
  it.each(['Genoa', 'Turin'] as const)('accepts %s', async (product) => {
    expect(await judge('strict', { product })).toMatchObject({ ok: true, value: { product } })
  })

  it('accepts ciphertext hiding on Turin, with the bit without a name that Turin sets', async () => {
    const fields = { version: 5, policy: 0x1820000n, platformInfo: 0x7cn } as const
    const policy = { ciphertextHidingDram: 'required' } as const
    expect(await judge('strict', { product: 'Turin', fields, policy })).toMatchObject({ ok: true })
  })

  it.each<[string, string, Case]>([
    ['S18', 'PLATFORM_DENIED', { product: 'Milan' }],
    ['P8', 'PLATFORM_DENIED', { product: 'Milan', policy: LISTING_MILAN }],
    ['P7', 'PLATFORM_DENIED', { policy: { chipIds: ['00'.repeat(64)] } }],
    ['S13', 'SNP_SIGNER_KIND', { signer: 'vlek' }],
    ['S1', 'SNP_VERSION', { fields: { version: 2 } }],
    ['S4', 'SNP_DEBUG_ALLOWED', { fields: { policy: 0x8a0000n } }],
    ['S5', 'SNP_MIGRATION_ALLOWED', { fields: { policy: 0x860000n } }],
    ['S6', 'SNP_SMT', { fields: { policy: 0x830000n } }],
    ['S8', 'SNP_POLICY_WEAK', { fields: { policy: 0x020000n } }],
    ['S8', 'SNP_POLICY_WEAK', { fields: { policy: 0xa20000n } }],
    ['S9', 'SNP_PLATFORM_INFO', { fields: { platformInfo: 0x0cn } }],
    ['S9', 'SNP_PLATFORM_INFO', { fields: { platformInfo: 0x2dn } }],
    ['S9', 'SNP_PLATFORM_INFO', { fields: { platformInfo: 0x28n } }],
    ['S9', 'SNP_PLATFORM_INFO', { fields: { platformInfo: 0x24n } }],
    ['S9', 'SNP_PLATFORM_INFO', { fields: { platformInfo: 0xacn } }],
    ['S11', 'SNP_TCB_TOO_OLD', { fields: { reportedTcb: encodeTcb(below, 'Genoa') } }],
    ['S11', 'SNP_TCB_TOO_OLD', { fields: { launchTcb: encodeTcb(below, 'Genoa') } }],
    ['S11', 'SNP_TCB_PROVISIONAL', { fields: { committedTcb: encodeTcb(below, 'Genoa') } }],
    ['S14', 'SNP_VMPL', { fields: { vmpl: 1 } }],
    ['S18', 'CRL_MISSING', { lists: 'none' }],
    ['S18', 'X509_REVOKED', { lists: 'revoking' }],
  ])('[%s] rejects with %s: %o', async (_, code, changes) => {
    expect(await judge('strict', changes)).toMatchObject(refused(code))
  })
})

describe('the cloud profile', () => {
  it.each([
    ['Milan', 'vcek'],
    ['Genoa', 'vcek'],
    ['Turin', 'vcek'],
    ['Milan', 'vlek'],
    ['Genoa', 'vlek'],
    ['Turin', 'vlek'],
  ] as const)('accepts %s under a %s', async (product, signer) => {
    expect(await judge('cloud', { product, signer })).toMatchObject({
      ok: true,
      value: { product, key: { kind: signer } },
    })
  })

  it.each<[string, string, Case]>([
    ['S13', 'SNP_SIGNER_KIND', { signer: 'vlek', policy: { cspIds: ['CN=other.example'] } }],
    ['S4', 'SNP_DEBUG_ALLOWED', { fields: { policy: 0xb0000n } }],
    ['S9', 'SNP_PLATFORM_INFO', { fields: { platformInfo: 0x05n } }],
    ['S11', 'SNP_TCB_TOO_OLD', { fields: { reportedTcb: encodeTcb(below, 'Genoa') } }],
    ['S14', 'SNP_VMPL', { fields: { vmpl: 1 } }],
    ['S18', 'CRL_MISSING', { signer: 'vlek', lists: 'none' }],
    ['S18', 'X509_REVOKED', { signer: 'vlek', lists: 'revoking' }],
  ])('[%s] rejects with %s: %o', async (_, code, changes) => {
    expect(await judge('cloud', changes)).toMatchObject(refused(code))
  })
})

it.each([
  ['strict', STRICT_SNP_POLICY],
  ['cloud', CLOUD_SNP_POLICY],
] as const)('[P1] the %s profile is a complete policy', (name, profile) => {
  expect(decodeSnpPolicy(decodeJson(JSON.stringify(profile)))).toEqual(profile)
  const pins = { minimumGuestSvn: 3 }
  expect(snpPolicyOf(name, pins)).toEqual({ ...profile, ...pins })
})
