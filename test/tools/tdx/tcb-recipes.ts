/** Fixtures about the state of the platform: its levels, its module, its quoting enclave, and how they converge. */
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { svns } from '../../../src/simulator/tdx.ts'
import type { SimulatedCollateralOptions } from '../../../src/simulator/tdx-collateral.ts'
import {
  components,
  type PlatformLevelFields,
  SIMULATED_LEVELS,
  SIMULATED_MODULES,
  SIMULATED_QE_LEVELS,
} from '../../../src/simulator/tdx-documents.ts'
import { SIMULATED_PLATFORM } from '../../../src/simulator/tdx-platform.ts'
import { accepts, type Changes, filled, put, type Recipe, rejects } from './recipe.ts'

const TD15 = { version: 5, bodyType: 3 } as const
const QE_ATTRIBUTES = { 0: 0x15, 8: 0xe7 } as const
const { cpuSvn } = SIMULATED_PLATFORM

/** The best level says this. */
function best(status: string, ...advisories: readonly string[]): SimulatedCollateralOptions {
  return {
    tcbInfo: {
      levels: SIMULATED_LEVELS.map((level, index) => (index === 0 ? { ...level, status, advisories } : level)),
    },
  }
}

function levels(all: readonly PlatformLevelFields[]): Changes {
  return { collateral: { tcbInfo: { levels: all } } }
}

/** The best level asks for this too. */
function asking(change: Partial<PlatformLevelFields>): Changes {
  return levels(SIMULATED_LEVELS.slice(0, 1).map((level) => ({ ...level, ...change })))
}

/** A policy that takes these statuses, with these advisories. */
function taking(statuses: readonly string[], ...advisories: readonly string[]): Readonly<Record<string, unknown>> {
  return { tcbStatuses: statuses, advisories: advisories.length === 0 ? 'none' : advisories }
}

const EVERY_STATUS = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'TDRelaunchAdvised',
  'TDRelaunchAdvisedConfigurationNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
]
const anything = { tcbStatuses: EVERY_STATUS, advisories: 'unchecked' }
const NOT_BEST = [
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
]
const qeAttributes = (...changes: readonly (readonly [at: number, octet: number])[]): Changes => ({
  fields: {
    qeAttributes: changes.reduce(
      (bytes, [at, octet]) => put(bytes, at, octet),
      put(put(filled(16, 0), 0, QE_ATTRIBUTES[0]), 8, QE_ATTRIBUTES[8]),
    ),
  },
})
const outOfDateModule = svns(4, 1, 3)
const revokedModule = svns(2, 1, 3)

export const TCB_RECIPES: readonly Recipe[] = [
  ...rejects(
    'T22',
    'TDX_TCB_STATUS',
    ...NOT_BEST.map(
      (status) =>
        [
          `status-${status.toLowerCase()}`,
          `${status} where policy takes UpToDate alone`,
          { collateral: best(status) },
        ] as const,
    ),
    ['status-revoked', 'a revoked platform, whatever policy takes', { collateral: best('Revoked'), policy: anything }],
    [
      'status-other-listed',
      'a status where policy lists another',
      { collateral: best('ConfigurationNeeded'), policy: taking(['UpToDate', 'SWHardeningNeeded']) },
    ],
    ['platform-old', 'a platform that reaches an outdated level only', { platform: { cpuSvn: put(cpuSvn, 0, 2) } }],
    [
      'platform-old-pce',
      'a provisioning enclave that reaches a revoked level only',
      { platform: { pceSvn: 12 }, policy: anything },
    ],
    [
      'platform-revoked',
      'a platform that reaches a revoked level only',
      { platform: { cpuSvn: put(cpuSvn, 0, 1) }, policy: anything },
    ],
    ['module-old', 'an outdated module on a platform that is up to date', { fields: { teeTcbSvn: outOfDateModule } }],
    [
      'module-revoked',
      'a revoked module, whatever policy takes',
      { fields: { teeTcbSvn: revokedModule }, policy: anything },
    ],
    [
      'module-good-platform-revoked',
      'a revoked platform under a module that is up to date',
      { fields: { teeTcbSvn: svns(3, 3, 3) }, collateral: best('Revoked'), policy: anything },
    ],
    ['module-0-old', 'an outdated module of major version 0', { fields: { teeTcbSvn: svns(4, 0, 3) } }],
    [
      'module-converged',
      'an outdated module on a platform that needs configuration, where policy takes OutOfDate',
      {
        fields: { teeTcbSvn: outOfDateModule },
        collateral: best('ConfigurationNeeded'),
        policy: { ...anything, tcbStatuses: ['UpToDate', 'OutOfDate', 'ConfigurationNeeded'] },
      },
    ],
    [
      'module-converged-hardening',
      'an outdated module on a platform that needs hardening, where policy takes that',
      {
        fields: { teeTcbSvn: outOfDateModule },
        collateral: best('SWHardeningNeeded'),
        policy: { ...anything, tcbStatuses: ['UpToDate', 'SWHardeningNeeded'] },
      },
    ],
    [
      'relaunch',
      'a trust domain launched under an outdated module, where policy does not take that',
      { fields: { ...TD15, teeTcbSvn: outOfDateModule } },
    ],
    [
      'relaunch-configuration',
      'such a trust domain on a platform that needs configuration, where policy takes the plain advice',
      {
        fields: { ...TD15, teeTcbSvn: outOfDateModule },
        collateral: best('ConfigurationNeeded'),
        policy: { ...anything, tcbStatuses: ['UpToDate', 'TDRelaunchAdvised'] },
      },
    ],
    [
      'relaunch-revoked',
      'a trust domain launched under a revoked module, however good the present one',
      { fields: { ...TD15, teeTcbSvn: revokedModule }, policy: anything },
    ],
    [
      'relaunch-td10',
      'an outdated module in a TD 1.0 body, where policy takes the relaunch advice',
      {
        fields: { version: 5, bodyType: 2, teeTcbSvn: outOfDateModule },
        policy: { ...anything, tcbStatuses: ['UpToDate', 'TDRelaunchAdvised'] },
      },
    ],
    [
      'relaunch-still-old',
      'a trust domain whose module is outdated still, where policy takes the relaunch advice',
      {
        fields: { ...TD15, teeTcbSvn: outOfDateModule, teeTcbSvn2: outOfDateModule },
        policy: { ...anything, tcbStatuses: ['UpToDate', 'TDRelaunchAdvised'] },
      },
    ],
  ),
  ...rejects(
    'T22',
    'TDX_ADVISORY',
    [
      'advisory-not-listed',
      'an advisory that policy does not list',
      {
        collateral: best('SWHardeningNeeded', 'INTEL-SA-00615', 'INTEL-SA-00837'),
        policy: taking(['UpToDate', 'SWHardeningNeeded'], 'INTEL-SA-00615'),
      },
    ],
    [
      'advisory-none',
      'an advisory where policy takes none',
      { collateral: best('SWHardeningNeeded', 'INTEL-SA-00615'), policy: taking(['UpToDate', 'SWHardeningNeeded']) },
    ],
    [
      'advisory-of-module',
      'an advisory of the module that policy does not list',
      { fields: { teeTcbSvn: outOfDateModule }, policy: taking(['UpToDate', 'OutOfDate'], 'INTEL-SA-00615') },
    ],
    [
      'advisory-of-qe',
      'an advisory of the quoting enclave that policy does not list',
      { fields: { qeIsvSvn: 3 }, policy: taking(['UpToDate', 'OutOfDate'], 'INTEL-SA-01192') },
    ],
    [
      'advisory-of-launch',
      'an advisory of the launch that policy does not list',
      {
        fields: { ...TD15, teeTcbSvn: outOfDateModule },
        policy: taking(['UpToDate', 'TDRelaunchAdvised'], 'INTEL-SA-00615'),
      },
    ],
  ),
  accepts('T22', 'status-accepted', 'SWHardeningNeeded where policy takes it with its advisories', {
    collateral: best('SWHardeningNeeded', 'INTEL-SA-00615', 'INTEL-SA-00837'),
    policy: taking(['UpToDate', 'SWHardeningNeeded'], 'INTEL-SA-00837', 'INTEL-SA-00615'),
  }),
  accepts('T22', 'status-outofdate-accepted', 'OutOfDate where policy takes it with its advisories', {
    platform: { cpuSvn: put(cpuSvn, 0, 2) },
    policy: taking(['UpToDate', 'OutOfDate'], 'INTEL-SA-01036', 'INTEL-SA-01099'),
  }),
  accepts(
    'T22',
    'module-converged',
    'an outdated module on a platform that needs configuration, where policy takes both at once',
    {
      fields: { teeTcbSvn: outOfDateModule },
      collateral: best('ConfigurationNeeded'),
      policy: taking(['UpToDate', 'OutOfDateConfigurationNeeded'], 'INTEL-SA-01192'),
    },
  ),
  accepts(
    'T22',
    'relaunch-advised',
    'a trust domain launched under an outdated module that was updated since, where policy takes that',
    {
      fields: { ...TD15, teeTcbSvn: outOfDateModule },
      policy: taking(['UpToDate', 'TDRelaunchAdvised'], 'INTEL-SA-01192'),
    },
  ),
  accepts(
    'T22',
    'relaunch-advised-configuration',
    'such a trust domain on a platform that needs configuration, where policy takes that',
    {
      fields: { ...TD15, teeTcbSvn: outOfDateModule },
      collateral: best('ConfigurationNeeded'),
      policy: taking(['UpToDate', 'TDRelaunchAdvisedConfigurationNeeded'], 'INTEL-SA-01192'),
    },
  ),
  accepts('T22', 'relaunch-not-needed', 'a good launch, whatever runs now', {
    fields: { ...TD15, teeTcbSvn2: outOfDateModule },
  }),
  accepts('T22', 'qe-old-accepted', 'an outdated quoting enclave where policy takes OutOfDate with its advisories', {
    fields: { qeIsvSvn: 3 },
    policy: taking(['UpToDate', 'OutOfDate'], 'INTEL-SA-00615'),
  }),
  ...rejects(
    'T23',
    'TDX_TCB_NONE',
    ['level-none', 'a platform below every level', { platform: { cpuSvn: put(cpuSvn, 0, 0) } }],
    ['level-none-pce', 'a provisioning enclave below every level', { platform: { pceSvn: 4 } }],
    ['level-sgx-last', 'a platform whose last SGX component is too low', asking({ sgx: [...cpuSvn.slice(0, 15), 1] })],
    ['level-pce', 'a platform whose PCESVN is too low', asking({ pceSvn: 14 })],
    ['level-tdx-loader', 'a platform whose TDX loader is too low', asking({ tdx: components(5, 0, 4) })],
    [
      'level-tdx-last',
      'a platform whose last TDX component is too low',
      asking({ tdx: [...components(5, 0, 3).slice(0, 15), 1] }),
    ],
    [
      'level-as-one-number',
      'a platform whose levels are higher as one number, and lower in one component',
      { platform: { cpuSvn: put(cpuSvn, 0, 9, 0) } },
    ],
    [
      'module-0-none',
      'a module of major version 0 below every level of the platform',
      { fields: { teeTcbSvn: svns(2, 0, 3) } },
    ],
  ),
  accepts('T23', 'levels-reversed', 'levels in the opposite order', levels([...SIMULATED_LEVELS].reverse())),
  accepts(
    'T23',
    'levels-worst-in-front',
    'the worst level in front',
    levels([2, 0, 1].flatMap((index) => SIMULATED_LEVELS.slice(index, index + 1))),
  ),
  accepts('T23', 'levels-of-modules-reversed', 'levels of modules in the opposite order', {
    collateral: {
      tcbInfo: {
        modules: [...SIMULATED_MODULES]
          .reverse()
          .map((module) => ({ ...module, levels: [...module.levels].reverse() })),
      },
    },
  }),
  accepts(
    'T23',
    'module-1-skips-two',
    'a platform whose first two TDX components the module identity judges',
    asking({ tdx: components(9, 9, 3) }),
  ),
  ...rejects(
    'T9',
    'TDX_MODULE',
    ['module-none', 'a module below every level of its identity', { fields: { teeTcbSvn: svns(1, 1, 3) } }],
    [
      'module-now-none',
      'a present module below every level of its identity',
      { fields: { ...TD15, teeTcbSvn2: svns(1, 1, 3) } },
    ],
    [
      'module-unknown',
      'a module of a major version that the TCB info does not know',
      { fields: { teeTcbSvn: svns(5, 2, 3) } },
    ],
    [
      'module-now-unknown',
      'a present module of a major version that the TCB info does not know',
      { fields: { ...TD15, teeTcbSvn2: svns(5, 2, 3) } },
    ],
    [
      'module-identities-none',
      'a module of major version 1 where the TCB info knows no identities',
      { collateral: { tcbInfo: { modules: [] } } },
    ],
    [
      'mr-seam-not-listed',
      'a module whose measurement policy does not list',
      { policy: { mrSeams: ['ab'.repeat(48)] } },
    ],
    [
      'module-below-floor',
      'a module below the floor of policy',
      { policy: { minimumTeeTcbSvn: [6, ...components().slice(1)] } },
    ],
    [
      'loader-below-floor',
      'a loader below the floor of policy, under a higher module',
      { policy: { minimumTeeTcbSvn: [1, 1, 4, ...components().slice(3)] } },
    ],
    [
      'module-floor-version',
      'a module of a lower major version than the floor of policy',
      { policy: { minimumTeeTcbSvn: [0, 2, ...components().slice(2)] } },
    ],
    [
      'last-below-floor',
      'the last component below the floor of policy',
      { policy: { minimumTeeTcbSvn: [...components().slice(1), 1] } },
    ],
  ),
  accepts('T9', 'module-3', 'a module of major version 3', { fields: { teeTcbSvn: svns(3, 3, 3) } }),
  accepts('T9', 'mr-seam-listed', 'a module whose measurement policy lists, at the floor of policy', {
    fields: { mrSeam: filled(48, 0xab) },
    policy: { mrSeams: ['00'.repeat(48), 'ab'.repeat(48)], minimumTeeTcbSvn: [5, 1, 3, ...components().slice(3)] },
  }),
  ...rejects(
    'T7',
    'TDX_SEAM_IDENTITY',
    [
      'seam-signer-first',
      'a module with a signer other in the first byte',
      { fields: { mrSignerSeam: put(filled(48, 0), 0, 1) } },
    ],
    [
      'seam-signer-last',
      'a module with a signer other in the last byte',
      { fields: { mrSignerSeam: put(filled(48, 0), 47, 1) } },
    ],
    ['seam-attributes-debug', 'a module with an attribute', { fields: { seamAttributes: 1n } }],
    ['seam-attributes-last', 'a module with the last attribute', { fields: { seamAttributes: 1n << 63n } }],
    [
      'seam-signer-named',
      'another signer of the module, even if the TCB info names it',
      {
        fields: { mrSignerSeam: filled(48, 0xab) },
        collateral: {
          tcbInfo: { modules: SIMULATED_MODULES.map((module) => ({ ...module, mrSigner: 'AB'.repeat(48) })) },
        },
      },
    ],
    [
      'seam-signer-of-identity',
      'a module whose identity names another signer',
      {
        collateral: {
          tcbInfo: { modules: SIMULATED_MODULES.map((module) => ({ ...module, mrSigner: 'AB'.repeat(48) })) },
        },
      },
    ],
    [
      'seam-attributes-of-identity',
      'a module whose identity asks for an attribute',
      {
        collateral: {
          tcbInfo: { modules: SIMULATED_MODULES.map((module) => ({ ...module, attributes: '0100000000000000' })) },
        },
      },
    ],
    [
      'seam-signer-module-0',
      'a module of major version 0 where the TCB info names another signer',
      {
        fields: { teeTcbSvn: svns(5, 0, 3) },
        collateral: {
          tcbInfo: {
            module: { mrSigner: 'AB'.repeat(48), attributes: '0000000000000000', attributesMask: 'FFFFFFFFFFFFFFFF' },
          },
        },
      },
    ],
  ),
  ...rejects(
    'T15',
    'QE_IDENTITY_MISMATCH',
    ['qe-signer', 'a quoting enclave of another signer', { fields: { qeMrSigner: filled(32, 0xab) } }],
    ['qe-product', 'another product of the same signer', { fields: { qeIsvProdId: 1 } }],
    ['qe-misc-select', 'another MISCSELECT', { fields: { qeMiscSelect: 1 } }],
    ['qe-misc-select-high', 'another MISCSELECT in its last octet', { fields: { qeMiscSelect: 0x80000000 } }],
    ['qe-attributes-init', 'an attribute that is due and not set', qeAttributes([0, 0x14])],
    ['qe-attributes-other', 'an attribute that is set and not due', qeAttributes([7, 0x01])],
  ),
  accepts('T15', 'qe-attributes-masked', 'attributes that the mask leaves open', qeAttributes([0, 0x11], [9, 0x06])),
  ...rejects(
    'T16',
    'QE_DEBUG',
    ['qe-debug', 'a quoting enclave in debug mode', qeAttributes([0, 0x17])],
    [
      'qe-debug-masked',
      'a quoting enclave in debug mode where the identity leaves that open',
      {
        ...qeAttributes([0, 0x17]),
        collateral: { qeIdentity: { attributesMask: 'F9FFFFFFFFFFFFFF0000000000000000' } },
      },
    ],
  ),
  ...rejects(
    'T16',
    'QE_TCB_STATUS',
    ['qe-old', 'an outdated quoting enclave', { fields: { qeIsvSvn: 3 } }],
    ['qe-revoked', 'a revoked quoting enclave, whatever policy takes', { fields: { qeIsvSvn: 2 }, policy: anything }],
    ['qe-none', 'a quoting enclave below every level', { fields: { qeIsvSvn: 1 }, policy: anything }],
    ['qe-below-floor', 'a quoting enclave below the floor of policy', { policy: { minimumQeSvn: 7 } }],
  ),
  accepts('T16', 'qe-levels-reversed', 'levels of the quoting enclave in the opposite order', {
    collateral: { qeIdentity: { levels: [...SIMULATED_QE_LEVELS].reverse() } },
  }),
  accepts('T16', 'floors-met', 'a quoting enclave and a provisioning enclave at the floors of policy', {
    policy: { minimumQeSvn: 6, minimumPceSvn: 13 },
  }),
  ...rejects(
    'T20',
    'TDX_FMSPC',
    ['fmspc-first', 'a platform of another kind', { platform: { fmspc: put(SIMULATED_PLATFORM.fmspc, 0, 1) } }],
    [
      'fmspc-last',
      'a platform whose kind differs in its last octet',
      { platform: { fmspc: put(SIMULATED_PLATFORM.fmspc, 5, 1) } },
    ],
    ['pce-id', 'another provisioning enclave', { platform: { pceId: Uint8Array.of(0, 1) } }],
  ),
  accepts('T20', 'fmspc-lower-case', 'an FMSPC in lower case', {
    collateral: { tcbInfo: { fmspc: encodeHex(SIMULATED_PLATFORM.fmspc) } },
  }),
  ...rejects('minimum', 'TDX_TCB_STATUS', [
    'pce-below-floor',
    'a provisioning enclave below the floor of policy',
    { policy: { minimumPceSvn: 14 } },
  ]),
]
