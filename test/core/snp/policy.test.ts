/** The SEV-SNP policy: complete, known and well-formed, or refused. */
import { describe, expect, it } from 'vitest'
import { isJsonObject, type JsonObject } from '../../../src/core/encoding/json.ts'
import { createSnpRoots, decodeSnpPolicy } from '../../../src/core/snp/index.ts'
import { basePolicy } from './fixture.ts'

const base = basePolicy()

function objectAt(key: string): JsonObject {
  const value = base[key]
  if (!isJsonObject(value)) throw new TypeError(`${key} is not an object`)
  return value
}

function leaveOut(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key))
}

describe('decodeSnpPolicy', () => {
  it('reads the policy of the fixtures', () => {
    expect(decodeSnpPolicy(base)).toEqual(base)
  })

  for (const key of Object.keys(base)) {
    it(`[P1] rejects a policy without ${key}`, () => {
      expect(() => decodeSnpPolicy(leaveOut(base, key))).toThrow(
        expect.objectContaining({ failure: 'POLICY_INCOMPLETE' }),
      )
    })
  }

  it('[P1] rejects a part without one of its fields', () => {
    const platformInfo = leaveOut(objectAt('platformInfo'), 'ecc')
    expect(() => decodeSnpPolicy({ ...base, platformInfo })).toThrow(
      expect.objectContaining({ failure: 'POLICY_INCOMPLETE' }),
    )
    const minimumTcb = leaveOut(objectAt('minimumTcb'), 'Genoa')
    expect(() => decodeSnpPolicy({ ...base, minimumTcb })).toThrow(
      expect.objectContaining({ failure: 'POLICY_INCOMPLETE' }),
    )
  })

  it('[P1] asks for floors of the listed products alone', () => {
    const floors = { Turin: { fmc: 0, bootLoader: 0, tee: 0, snp: 0, microcode: 0 } }
    const policy = {
      ...base,
      products: ['Turin'],
      minimumTcb: floors,
      minimumLaunchTcb: floors,
      minimumCommittedTcb: 'unchecked',
    }
    expect(decodeSnpPolicy(policy)).toMatchObject({ minimumTcb: floors, minimumCommittedTcb: 'unchecked' })
  })

  it.each([
    ['a typing error', { alowDebug: true }],
    ['debugging, which has no key', { debug: 'allowed' }],
    ['a key inside a part', { platformInfo: { ...objectAt('platformInfo'), eccc: 'required' } }],
    ['a key inside an ABI version', { minimumAbi: { major: 1, minor: 55, build: 1 } }],
    ['a key inside a firmware version', { minimumFirmware: { major: 1, minor: 55, build: 1, spl: 1 } }],
    ['a product without a name here', { minimumTcb: { ...objectAt('minimumTcb'), Rome: {} } }],
    [
      'an FMC level where there is none',
      { minimumTcb: { ...objectAt('minimumTcb'), Milan: { fmc: 1, bootLoader: 1, tee: 0, snp: 1, microcode: 1 } } },
    ],
  ])('[P3] rejects %s', (_, changes) => {
    expect(() => decodeSnpPolicy({ ...base, ...changes })).toThrow(
      expect.objectContaining({ failure: 'POLICY_UNKNOWN_KEY' }),
    )
  })

  it.each([
    ['an empty list of products', { products: [] }],
    ['an unknown product', { products: ['Rome'] }],
    ['a product twice', { products: ['Milan', 'Milan'] }],
    ['unchecked products', { products: 'unchecked' }],
    ['an empty list of versions', { reportVersions: [] }],
    ['a version without a layout', { reportVersions: [6] }],
    ['a VMPL above 3', { vmpls: [4] }],
    ['an empty list of VMPLs', { vmpls: [] }],
    ['allowed migration', { migration: 'allowed' }],
    ['unchecked migration', { migration: 'unchecked' }],
    ['a signer of no kind', { signerKinds: ['vmek'] }],
    ['an empty list of signers', { signerKinds: [] }],
    ['an empty list of cloud providers', { cspIds: [] }],
    ['a wildcard for a cloud provider', { cspIds: ['*'] }],
    ['a revocation that is neither required nor unchecked', { revocation: 'preferred' }],
    ['an empty list of denied products', { deniedProducts: [] }],
    ['an empty list of denied chips', { deniedChipIds: [] }],
    ['a mitigation mask that asks for nothing', { minimumLaunchMitigations: '0000000000000000' }],
    ['a mitigation mask of another length', { minimumCurrentMitigations: '1' }],
    ['an ABI version that is a string', { minimumAbi: '1.55' }],
    ['an empty list of guests', { reportIds: [] }],
    ['an author key that is neither required nor unchecked', { authorKey: 'forbidden' }],
    ['a platform bit without a name', { platformInfo: { ...objectAt('platformInfo'), allowed: ['bit6'] } }],
    [
      'unknown platform bits left unchecked',
      { platformInfo: { ...objectAt('platformInfo'), unknownBits: 'unchecked' } },
    ],
    ['an empty list of chips', { chipIds: [] }],
    ['a chip id of another size', { chipIds: ['00'] }],
    ['upper-case hex', { hostData: ['AB'.repeat(32)] }],
    ['a wildcard', { hostData: ['*'] }],
    [
      'a level above 255',
      { minimumTcb: { ...objectAt('minimumTcb'), Milan: { bootLoader: 256, tee: 0, snp: 1, microcode: 1 } } },
    ],
    ['a level that is no integer', { minimumGuestSvn: 1.5 }],
    ['a flag that is no word', { smt: true }],
  ])('[P3] rejects %s', (_, changes) => {
    expect(() => decodeSnpPolicy({ ...base, ...changes })).toThrow(
      expect.objectContaining({ failure: 'POLICY_INVALID' }),
    )
  })
})

describe('createSnpRoots', () => {
  it('[X1] narrows the built-in roots and never adds to them', () => {
    const all = createSnpRoots({ roots: 'built-in', simulated: [] })
    expect(all.vendor).toHaveLength(3)
    const [first = ''] = all.vendor
    const foreign = `sha256:${'11'.repeat(32)}`
    expect(createSnpRoots({ roots: [first, foreign], simulated: [foreign] })).toEqual({
      vendor: [first],
      simulated: [foreign],
    })
    expect(createSnpRoots({ roots: [], simulated: [] }).vendor).toEqual([])
  })

  it('[P4] never calls a root of AMD simulated', () => {
    const { vendor } = createSnpRoots({ roots: 'built-in', simulated: [] })
    expect(createSnpRoots({ roots: [], simulated: vendor })).toEqual({ vendor: [], simulated: [] })
  })
})
