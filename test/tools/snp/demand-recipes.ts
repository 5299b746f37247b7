/** Fixtures about further demands of the policy: ABI, platform bits, firmware versions, mitigations, identities, deny lists. */
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { accepts, genoa, type Recipe, rejects } from './recipe.ts'

const POLICY = 0x30000n
const PLATFORM = {
  aliasCheckComplete: 'required',
  ecc: 'required',
  tsme: 'unchecked',
  smt: 'unchecked',
  raplDisabled: 'unchecked',
  ciphertextHidingDram: 'unchecked',
  allowed: 'unchecked',
  unknownBits: 'reported',
} as const
const CLOUD_BITS = ['smt', 'ecc', 'aliasCheckComplete'] as const
const platform = (changes: Partial<Record<keyof typeof PLATFORM, unknown>>) => ({
  platformInfo: { ...PLATFORM, ...changes },
})
const ones = (size: number): Uint8Array => new Uint8Array(size).fill(1)
const chipId = ones(64)
const firmware = (build: number, minor = 55, major = 1) => ({ major, minor, build })
const masks = (launch: string, current: string) => ({
  minimumLaunchMitigations: launch === '' ? 'unchecked' : launch.padStart(16, '0'),
  minimumCurrentMitigations: current === '' ? 'unchecked' : current.padStart(16, '0'),
})
const vectors = (launchMitVector: bigint, currentMitVector: bigint) => ({
  fields: { version: 5, launchMitVector, currentMitVector } as const,
})
const authorKey = { authorKeyEn: true, maskChipKey: false, signingKey: 0 }

export const DEMAND_RECIPES: readonly Recipe[] = [
  accepts('S8', 'abi', 'a guest that asks for the ABI of the floor', {
    fields: { policy: POLICY | 0x0137n },
    policy: { minimumAbi: { major: 1, minor: 55 } },
  }),
  accepts('S8', 'abi-major', 'a guest that asks for a higher major ABI and a lower minor one', {
    fields: { policy: POLICY | 0x0200n },
    policy: { minimumAbi: { major: 1, minor: 55 } },
  }),
  ...rejects(
    'S8',
    'SNP_POLICY_WEAK',
    [
      'abi-minor',
      'a guest that asks for a minor ABI below the floor',
      { fields: { policy: POLICY | 0x0136n }, policy: { minimumAbi: { major: 1, minor: 55 } } },
    ],
    ['abi-none', 'a guest that asks for no ABI', { policy: { minimumAbi: { major: 0, minor: 1 } } }],
  ),
  accepts('S9', 'platform-allowed', 'a platform whose bits are all allowed', {
    policy: platform({ allowed: CLOUD_BITS, unknownBits: 'refused' }),
  }),
  ...rejects(
    'S9',
    'SNP_PLATFORM_INFO',
    [
      'platform-not-allowed',
      'a platform bit that is not allowed',
      { fields: { platformInfo: 0x27n }, policy: platform({ allowed: CLOUD_BITS }) },
    ],
    [
      'platform-sev-tio',
      'SEV-TIO where it is not allowed',
      { fields: { platformInfo: 0xa5n }, policy: platform({ allowed: CLOUD_BITS }) },
    ],
    [
      'platform-unknown-refused',
      'a platform bit without a name where such are refused',
      { fields: { platformInfo: 0x65n }, policy: platform({ unknownBits: 'refused' }) },
    ],
    [
      'platform-unknown-high',
      'the highest platform bit where unknown ones are refused',
      { fields: { platformInfo: 0x25n | (1n << 63n) }, policy: platform({ unknownBits: 'refused' }) },
    ],
    [
      'smt-while-on',
      'a guest without SMT on a platform with it',
      { fields: { policy: 0x20000n }, policy: { smt: 'forbidden' } },
    ],
    ['rapl-promised', 'a guest with RAPL off on a platform with it', { fields: { policy: POLICY | (1n << 23n) } }],
    [
      'ciphertext-hiding-promised',
      'a guest with ciphertext hiding on a platform without it',
      { fields: { policy: POLICY | (1n << 24n) } },
    ],
  ),
  accepts('S11', 'firmware', 'firmware of the versions of the floor', {
    policy: { minimumFirmware: firmware(40), minimumCommittedFirmware: firmware(40) },
  }),
  ...rejects(
    'S11',
    'SNP_TCB_TOO_OLD',
    ['firmware-build', 'a build below the floor', { policy: { minimumFirmware: firmware(41) } }],
    ['firmware-minor', 'a minor version below the floor', { policy: { minimumFirmware: firmware(0, 56) } }],
    ['firmware-major', 'a major version below the floor', { policy: { minimumFirmware: firmware(0, 0, 2) } }],
    [
      'firmware-committed-build',
      'committed firmware below its floor',
      {
        fields: { committed: firmware(39) },
        policy: { provisionalFirmware: 'allowed', minimumCommittedFirmware: firmware(40) },
      },
    ],
    [
      'firmware-behind-committed',
      'firmware older than the committed one',
      { fields: { current: firmware(39) }, policy: { provisionalFirmware: 'allowed' } },
    ],
  ),
  ...rejects('S11', 'SNP_TCB_PROVISIONAL', [
    'firmware-provisional',
    'a build that is not committed',
    { fields: { committed: firmware(39) } },
  ]),
  accepts('S19', 'mitigations', 'all mitigations that policy asks for, and one more', {
    ...vectors(0b0111n, 0b1111n),
    policy: masks('7', 'd'),
  }),
  accepts('S19', 'mitigations-high', 'the highest mitigation bit', {
    ...vectors(1n << 63n, 0n),
    policy: masks('8000000000000000', ''),
  }),
  ...rejects(
    'S19',
    'SNP_MITIGATION',
    [
      'mitigations-launch',
      'a guest launched without a mitigation',
      { ...vectors(0b0101n, 0b1111n), policy: masks('7', '') },
    ],
    [
      'mitigations-current',
      'a platform without a mitigation',
      { ...vectors(0b1111n, 0b0111n), policy: masks('', 'f') },
    ],
    [
      'mitigations-above',
      'a mitigation vector that is larger and lacks a bit',
      { ...vectors(0b1000n, 0b1111n), policy: masks('7', '') },
    ],
    ['mitigations-launch-v3', 'a report without mitigation vectors', { policy: masks('1', '') }],
    [
      'mitigations-current-v4',
      'a report of version 4, which has none',
      { fields: { version: 4 }, policy: masks('', '1') },
    ],
  ),
  accepts('S16', 'author-key', 'a guest that an author key signed', {
    fields: { keyInfo: authorKey },
    policy: { authorKey: 'required' },
  }),
  ...rejects('S16', 'SNP_IDKEY', [
    'author-key-none',
    'a guest that no author key signed',
    { policy: { authorKey: 'required' } },
  ]),
  accepts('S16', 'report-id', 'the guest and the migration agent that are pinned', {
    fields: { reportId: ones(32) },
    policy: { reportIds: [encodeHex(ones(32))], reportIdMas: ['ff'.repeat(32)] },
  }),
  ...rejects(
    'S16',
    'SNP_REPORT_ID',
    ['report-id-other', 'another guest than the pinned one', { policy: { reportIds: [encodeHex(ones(32))] } }],
    [
      'report-id-ma-other',
      'another migration agent than the pinned one',
      { policy: { reportIdMas: [encodeHex(ones(32))] } },
    ],
  ),
  accepts('P7', 'chip-listed', 'the chip that policy lists', {
    fields: { chipId },
    policy: { chipIds: [encodeHex(chipId)], deniedChipIds: ['02'.repeat(64)], deniedProducts: ['Milan'] },
  }),
  ...rejects(
    'P8',
    'PLATFORM_DENIED',
    [
      'chip-denied',
      'a chip that policy denies',
      { fields: { chipId }, policy: { deniedChipIds: [encodeHex(chipId)] } },
    ],
    [
      'chip-listed-and-denied',
      'a chip that policy lists and denies',
      { fields: { chipId }, policy: { chipIds: [encodeHex(chipId)], deniedChipIds: [encodeHex(chipId)] } },
    ],
    [
      'product-denied',
      'a product line that policy denies',
      { product: 'Milan', policy: { deniedProducts: ['Milan'] } },
    ],
  ),
  accepts('S11', 'tcb-reported-behind', 'a host that reports less than it runs', {
    fields: { reportedTcb: genoa({}), currentTcb: genoa({ snp: 25 }), committedTcb: genoa({ snp: 25 }) },
  }),
]
