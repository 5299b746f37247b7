/** Fixtures about demands of the policy: guest policy, platform, firmware floors, identity. */
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { accepts, allTcbs, genoa, type Recipe, rejects } from './recipe.ts'

const POLICY = 0x30000n
const withBit = (bit: bigint) => ({ fields: { policy: POLICY | (1n << bit) } })
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
const platform = (key: keyof typeof PLATFORM, demand: string) => ({
  policy: { platformInfo: { ...PLATFORM, [key]: demand } },
})
const ones = (size: number): Uint8Array => new Uint8Array(size).fill(1)
const pinned = (key: string, size: number) => ({ policy: { [key]: [encodeHex(ones(size))] } })

/** Levels of the simulated Genoa with an octet set that its layout reserves. */
function reserved(): Uint8Array {
  return genoa({}).map((level, octet) => (octet === 3 ? 1 : level))
}

export const POLICY_RECIPES: readonly Recipe[] = [
  ...rejects('S4', 'SNP_DEBUG_ALLOWED', ['debug', 'a report whose debug bit is set', withBit(19n)]),
  ...rejects('S5', 'SNP_MIGRATION_ALLOWED', ['migration', 'a report that allows a migration agent', withBit(18n)]),
  accepts('S6', 'smt-off', 'a guest without SMT where policy forbids it', {
    fields: { policy: 0x20000n, platformInfo: 0x24n },
    policy: { smt: 'forbidden' },
  }),
  ...rejects('S6', 'SNP_SMT', ['smt', 'SMT where policy forbids it', { policy: { smt: 'forbidden' } }]),
  ...rejects(
    'S7',
    'SNP_POLICY_RESERVED',
    ['policy-bit-17', 'a guest policy whose bit 17 is zero', { fields: { policy: 0x10000n } }],
    ['policy-bit-26', 'the lowest reserved bit of the guest policy', withBit(26n)],
    ['policy-bit-63', 'the highest reserved bit of the guest policy', withBit(63n)],
  ),
  ...rejects(
    'S8',
    'SNP_POLICY_WEAK',
    ['weak-cxl', 'CXL memory where policy forbids it', withBit(21n)],
    ['weak-single-socket', 'a guest without SINGLE_SOCKET', { policy: { singleSocket: 'required' } }],
    ['weak-aes-256', 'a guest without MEM_AES_256_XTS', { policy: { memAes256Xts: 'required' } }],
    ['weak-rapl', 'a guest without RAPL_DIS', { policy: { raplDisabled: 'required' } }],
    [
      'weak-ciphertext-hiding',
      'a guest without CIPHERTEXT_HIDING_DRAM',
      { policy: { ciphertextHidingDram: 'required' } },
    ],
    ['weak-page-swap', 'a guest without PAGE_SWAP_DISABLE', { policy: { pageSwapDisabled: 'required' } }],
  ),
  accepts('S8', 'protections', 'a guest with every protection that policy asks for', {
    fields: { policy: 0x3d20000n, platformInfo: 0x3en },
    policy: {
      singleSocket: 'required',
      memAes256Xts: 'required',
      raplDisabled: 'required',
      ciphertextHidingDram: 'required',
      pageSwapDisabled: 'required',
      smt: 'forbidden',
      platformInfo: {
        ...PLATFORM,
        tsme: 'required',
        smt: 'forbidden',
        raplDisabled: 'required',
        ciphertextHidingDram: 'required',
      },
    },
  }),
  accepts('S9', 'platform-unknown-bit', 'a platform bit without a name, as genuine Turin sets', {
    fields: { platformInfo: 0x65n },
  }),
  ...rejects(
    'S9',
    'SNP_PLATFORM_INFO',
    ['alias-check', 'a platform without the alias check', { fields: { platformInfo: 0x05n } }],
    ['ecc', 'a platform without ECC', { fields: { platformInfo: 0x21n } }],
    ['platform-tsme', 'a platform without TSME', platform('tsme', 'required')],
    ['platform-smt', 'a platform with SMT where it is forbidden', platform('smt', 'forbidden')],
    ['platform-rapl', 'a platform with RAPL', platform('raplDisabled', 'required')],
    [
      'platform-ciphertext-hiding',
      'a platform without ciphertext hiding',
      platform('ciphertextHidingDram', 'required'),
    ],
  ),
  accepts('S11', 'tcb-above', 'levels above the floor, each for itself', {
    fields: allTcbs(genoa({ tee: 1, microcode: 200 })),
  }),
  ...rejects(
    'S11',
    'SNP_TCB_TOO_OLD',
    ['tcb-boot-loader', 'a boot loader below the floor', { fields: allTcbs(genoa({ bootLoader: 9 })) }],
    ['tcb-snp', 'an SNP level below the floor', { fields: allTcbs(genoa({ snp: 22 })) }],
    ['tcb-microcode', 'a microcode below the floor', { fields: allTcbs(genoa({ microcode: 83 })) }],
    [
      'tcb-not-one-number',
      'an SNP level below the floor behind a higher microcode',
      { fields: allTcbs(genoa({ snp: 22, microcode: 255 })) },
    ],
    ['tcb-launch', 'a guest that was launched on older firmware', { fields: { launchTcb: genoa({ snp: 22 }) } }],
    [
      'tcb-committed',
      'committed firmware below its floor',
      { fields: { committedTcb: genoa({ snp: 22 }) }, policy: { provisionalFirmware: 'allowed' } },
    ],
    ['tcb-current', 'running firmware older than the reported', { fields: { currentTcb: genoa({ snp: 22 }) } }],
  ),
  accepts('S11', 'tcb-provisional', 'provisional firmware where policy allows it', {
    fields: { currentTcb: genoa({ snp: 24 }) },
    policy: { provisionalFirmware: 'allowed' },
  }),
  ...rejects('S11', 'SNP_TCB_PROVISIONAL', [
    'tcb-provisional',
    'provisional firmware',
    { fields: { currentTcb: genoa({ snp: 24 }) } },
  ]),
  ...rejects(
    'S11-part',
    'PARSE_RESERVED',
    ['tcb-current-reserved', 'a reserved octet of CURRENT_TCB', { fields: { currentTcb: reserved() } }],
    ['tcb-committed-reserved', 'a reserved octet of COMMITTED_TCB', { fields: { committedTcb: reserved() } }],
    ['tcb-launch-reserved', 'a reserved octet of LAUNCH_TCB', { fields: { launchTcb: reserved() } }],
  ),
  accepts('S14', 'vmpl-1', 'VMPL 1 where policy lists it', { fields: { vmpl: 1 }, policy: { vmpls: [1] } }),
  ...rejects(
    'S14',
    'SNP_VMPL',
    ['vmpl-3', 'a report from VMPL 3 where 0 is due', { fields: { vmpl: 3 } }],
    ['vmpl-host', 'a report that the host asked for', { fields: { vmpl: 0xffffffff } }],
  ),
  accepts('S16', 'identity', 'a guest with the pinned identity', {
    fields: {
      hostData: ones(32),
      idKeyDigest: ones(48),
      authorKeyDigest: ones(48),
      familyId: ones(16),
      imageId: ones(16),
      guestSvn: 2,
      keyInfo: { authorKeyEn: true, maskChipKey: false, signingKey: 0 },
    },
    policy: {
      hostData: [encodeHex(ones(32))],
      idKeyDigests: [encodeHex(ones(48))],
      authorKeyDigests: [encodeHex(ones(48))],
      familyIds: [encodeHex(ones(16))],
      imageIds: [encodeHex(ones(16))],
      minimumGuestSvn: 2,
    },
  }),
  ...rejects('S16', 'SNP_HOSTDATA', ['host-data', 'HOST_DATA that is not pinned', pinned('hostData', 32)]),
  ...rejects(
    'S16',
    'SNP_IDKEY',
    ['id-key', 'an ID key that is not pinned', pinned('idKeyDigests', 48)],
    ['author-key', 'an author key that is not pinned', pinned('authorKeyDigests', 48)],
    [
      'author-key-off',
      'the pinned author key where none signed',
      { fields: { authorKeyDigest: ones(48) }, ...pinned('authorKeyDigests', 48) },
    ],
    ['family-id', 'a FAMILY_ID that is not pinned', pinned('familyIds', 16)],
    ['image-id', 'an IMAGE_ID that is not pinned', pinned('imageIds', 16)],
  ),
  ...rejects('S16', 'SNP_GUEST_SVN', [
    'guest-svn',
    'a guest version below the minimum',
    { policy: { minimumGuestSvn: 1 } },
  ]),
  ...rejects('S18', 'PLATFORM_DENIED', [
    'product-not-listed',
    'a product line that policy does not list',
    { policy: { products: ['Turin'] } },
  ]),
  ...rejects('P7', 'PLATFORM_DENIED', ['chip-not-listed', 'a chip that policy does not list', pinned('chipIds', 64)]),
  ...rejects('P4', 'SIMULATED_EVIDENCE', [
    'simulated-root-not-named',
    'a simulated root that is not named',
    { simulatedRoots: [] },
  ]),
]
