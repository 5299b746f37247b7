/** Fixtures about what policy demands of the trust domain: attributes, features, service trust domains, the platform. */
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { SIMULATED_PLATFORM } from '../../../src/simulator/tdx-platform.ts'
import { accepts, type Changes, filled, put, type Recipe, rejects } from './recipe.ts'

const TD15 = { version: 5, bodyType: 3 } as const
const SEPT_VE_DISABLE = 1n << 28n
const XFAM = 0x602e7n
const ATTRIBUTES = { LASS: 27n, MIGRATABLE: 29n, PKS: 30n, KL: 31n, TPA: 62n, PERFMON: 63n } as const

const attribute = (bit: bigint): Changes => ({ fields: { tdAttributes: SEPT_VE_DISABLE | (1n << bit) } })
const xfam = (value: bigint): Changes => ({ fields: { xfam: value } })
const OTHER = 'ab'.repeat(48)
const MIGRATABLE = { tdAttributes: SEPT_VE_DISABLE | (1n << 29n) } as const
const service = { ...TD15, mrServiceTd: filled(48, 0xab) } as const
const INSTANCE = encodeHex(SIMULATED_PLATFORM.platformInstanceId)
const FMSPC = encodeHex(SIMULATED_PLATFORM.fmspc)

export const POLICY_RECIPES: readonly Recipe[] = [
  ...rejects(
    'T5',
    'TDX_DEBUG',
    ...[0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].map(
      (bit) => [`tud-bit-${bit}`, `a trust domain with TUD bit ${bit}`, attribute(bit)] as const,
    ),
  ),
  ...rejects('T6', 'TDX_SEPT_VE', [
    'sept-ve',
    'a trust domain in which the host can inject exceptions',
    { fields: { tdAttributes: 0n } },
  ]),
  ...rejects(
    'T6',
    'TDX_ATTRIBUTES',
    ...Object.entries(ATTRIBUTES).map(
      ([name, bit]) =>
        [`attribute-${name.toLowerCase()}`, `${name} where policy allows no attribute`, attribute(bit)] as const,
    ),
    [
      'attribute-other-allowed',
      'PERFMON where policy allows PKS',
      { ...attribute(63n), policy: { allowedAttributes: ['PKS'] } },
    ],
    ['attributes-pinned', 'attributes other than the pinned ones', { policy: { tdAttributes: ['0000005000000000'] } }],
  ),
  ...rejects(
    'T6',
    'TDX_ATTRIBUTES',
    [
      'migratable-without-service-td',
      'a guest that may move where no service trust domain moves it',
      { fields: { ...TD15, ...MIGRATABLE }, policy: { serviceTds: [OTHER], allowedAttributes: ['MIGRATABLE'] } },
    ],
    [
      'migratable-td10',
      'a guest that may move whose body cannot say what moves it',
      { fields: MIGRATABLE, policy: { serviceTds: [OTHER], allowedAttributes: ['MIGRATABLE'] } },
    ],
    [
      'migratable-pinned-to-none',
      'a guest that may move where policy pins zeros',
      {
        fields: { ...TD15, ...MIGRATABLE },
        policy: { serviceTds: ['00'.repeat(48)], allowedAttributes: ['MIGRATABLE'] },
      },
    ],
    [
      'migratable-unchecked',
      'a guest that may move, whatever attributes policy leaves open',
      { fields: MIGRATABLE, policy: { allowedAttributes: 'unchecked', serviceTds: 'unchecked' } },
    ],
  ),
  ...rejects(
    'T6',
    'TDX_ATTRIBUTES_RESERVED',
    ...[8n, 15n, 16n, 26n, 32n, 61n].map(
      (bit) => [`attribute-bit-${bit}`, `the reserved attribute bit ${bit}`, attribute(bit)] as const,
    ),
  ),
  ...rejects(
    'T6',
    'TDX_XFAM',
    ['xfam-x87', 'a trust domain without x87', xfam(XFAM & ~1n)],
    ['xfam-sse', 'a trust domain without SSE', xfam(XFAM & ~2n)],
    ['xfam-bit-3', 'a feature that no trust domain has', xfam(XFAM | (1n << 3n))],
    ['xfam-bit-63', 'a feature of the last bit', xfam(XFAM | (1n << 63n))],
    ['xfam-pinned', 'features other than the pinned ones', { policy: { xfams: ['e700060000000000'] } }],
  ),
  accepts('T6', 'attributes-allowed', 'attributes that policy allows, pinned as a whole', {
    fields: { tdAttributes: SEPT_VE_DISABLE | (1n << 30n) },
    policy: { allowedAttributes: ['PKS', 'PERFMON'], tdAttributes: ['0000005000000000'], xfams: ['e702060000000000'] },
  }),
  accepts('T6', 'sept-ve-unchecked', 'a trust domain without SEPT_VE_DISABLE where policy does not ask for it', {
    fields: { tdAttributes: 0n },
    policy: { septVeDisable: 'unchecked' },
  }),
  ...rejects(
    'T8',
    'TDX_SERVICE_TD',
    ['service-td', 'a service trust domain', { fields: service }],
    [
      'service-td-last',
      'a service trust domain whose measurement begins with zeros',
      { fields: { ...TD15, mrServiceTd: put(filled(48, 0), 47, 1) } },
    ],
    [
      'service-td-other',
      'a service trust domain other than the pinned one',
      { fields: { ...TD15, mrServiceTd: put(filled(48, 0xab), 47, 0) }, policy: { serviceTds: [OTHER] } },
    ],
  ),
  accepts('T8', 'service-td-pinned', 'a service trust domain that policy pins, and a guest that it may move', {
    fields: { ...service, ...MIGRATABLE },
    policy: { serviceTds: [OTHER], allowedAttributes: ['MIGRATABLE'] },
  }),
  accepts('T8', 'service-td-none', 'no service trust domain where policy pins one', {
    fields: TD15,
    policy: { serviceTds: [OTHER] },
  }),
  ...rejects(
    'P7',
    'PLATFORM_DENIED',
    [
      'platform-not-listed',
      'a platform that policy does not list',
      { policy: { platformInstanceIds: ['ab'.repeat(16)] } },
    ],
    [
      'platform-without-instance',
      'a platform without an instance id where policy lists some',
      { ca: 'processor', policy: { platformInstanceIds: [INSTANCE] } },
    ],
    [
      'platform-kind-denied',
      'a kind of platform that policy denies',
      { policy: { deniedFmspcs: ['000000000000', FMSPC] } },
    ],
  ),
  accepts('P7', 'platform-listed', 'a platform that policy lists', {
    policy: { platformInstanceIds: ['ab'.repeat(16), INSTANCE], deniedFmspcs: ['000000000000'] },
  }),
]
