/** The TDX policy: complete, known and well-formed, or refused. */
import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/core/encoding/json.ts'
import { createTdxRoots, decodeTdxPolicy } from '../../../src/core/tdx/index.ts'
import { TDX_POLICY } from '../../kit/permissive-policies.ts'

const REGISTER = 'ab'.repeat(48)
/** Every check on. */
const STRICT: JsonObject = {
  quoteVersions: [4, 5],
  bodyTypes: [2, 3],
  tcb: 'required',
  tcbStatuses: ['UpToDate', 'SWHardeningNeeded'],
  advisories: ['INTEL-SA-01036', 'INTEL-DOC-10001'],
  minimumEvaluationDataNumber: 18,
  revocation: 'required',
  platformInstanceIds: ['ab'.repeat(16)],
  deniedFmspcs: ['50806f000000'],
  minimumQeSvn: 4,
  minimumPceSvn: 13,
  minimumTeeTcbSvn: [5, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  mrSeams: [REGISTER],
  septVeDisable: 'required',
  allowedAttributes: ['PKS', 'MIGRATABLE'],
  tdAttributes: ['0000001000000000'],
  xfams: ['e702060000000000'],
  serviceTds: [REGISTER],
  mrConfigIds: [REGISTER],
  mrOwners: [REGISTER],
  mrOwnerConfigs: [REGISTER],
}

const failing = (failure: string) => expect.objectContaining({ failure })

describe('decodeTdxPolicy', () => {
  it('reads a policy with every check on, and one with every check off that can be', () => {
    expect(decodeTdxPolicy(STRICT)).toEqual(STRICT)
    expect(decodeTdxPolicy(TDX_POLICY)).toEqual(TDX_POLICY)
    const words = { advisories: 'none', allowedAttributes: 'none', serviceTds: 'forbidden' }
    expect(decodeTdxPolicy({ ...STRICT, ...words })).toMatchObject(words)
  })

  it.each(Object.keys(STRICT))('[P1] rejects a policy without %s', (key) => {
    const rest = Object.fromEntries(Object.entries(STRICT).filter(([name]) => name !== key))
    expect(() => decodeTdxPolicy(rest)).toThrow(failing('POLICY_INCOMPLETE'))
  })

  it.each([
    ['a typing error', { tcbStatus: ['UpToDate'] }],
    ['debugging, which has no key', { debug: 'allowed' }],
    ['a vendor of quoting enclaves, which is no choice', { qeVendorIds: 'unchecked' }],
    ['RTMR3, which is judged by its events', { rtMr3: [REGISTER] }],
  ])('[P3] rejects %s', (_, changes) => {
    expect(() => decodeTdxPolicy({ ...STRICT, ...changes })).toThrow(failing('POLICY_UNKNOWN_KEY'))
  })

  it.each(Object.keys(STRICT).filter((key) => Array.isArray(STRICT[key])))(
    '[P3] rejects an empty list of %s',
    (key) => {
      expect(() => decodeTdxPolicy({ ...STRICT, [key]: [] })).toThrow(failing('POLICY_INVALID'))
    },
  )

  it.each(Object.keys(STRICT).filter((key) => Array.isArray(STRICT[key]) && key !== 'minimumTeeTcbSvn'))(
    '[P3] rejects %s that name one thing twice',
    (key) => {
      const value: JsonValue = STRICT[key] ?? null
      const list = typeof value === 'object' && value !== null && 'map' in value ? value : []
      expect(() => decodeTdxPolicy({ ...STRICT, [key]: [...Object.values(list), ...Object.values(list)] })).toThrow(
        failing('POLICY_INVALID'),
      )
    },
  )

  it.each<readonly [string, JsonObject]>([
    ['version 3', { quoteVersions: [3] }],
    ['unchecked versions', { quoteVersions: 'unchecked' }],
    ['the body of an enclave', { bodyTypes: [1] }],
    ['unchecked bodies', { bodyTypes: 'unchecked' }],
    ['platforms that are revoked', { tcbStatuses: ['UpToDate', 'Revoked'] }],
    ['a status of another case', { tcbStatuses: ['uptodate'] }],
    ['unchecked statuses', { tcbStatuses: 'unchecked' }],
    ['an optional TCB', { tcb: 'optional' }],
    ['a TCB by yes or no', { tcb: true }],
    ['optional revocation', { revocation: 'optional' }],
    ['an advisory of another form', { advisories: ['intel-sa-1'] }],
    ['a wildcard of advisories', { advisories: ['*'] }],
    ['an evaluation number below zero', { minimumEvaluationDataNumber: -1 }],
    ['an evaluation number that is no integer', { minimumEvaluationDataNumber: 18.5 }],
    ['an instance id of another size', { platformInstanceIds: ['ab'] }],
    ['an FMSPC in upper case', { deniedFmspcs: ['50806F000000'] }],
    ['a QE SVN above 65535', { minimumQeSvn: 65_536 }],
    ['a PCE SVN that is text', { minimumPceSvn: '13' }],
    ['fifteen levels', { minimumTeeTcbSvn: Array<number>(15).fill(0) }],
    ['seventeen levels', { minimumTeeTcbSvn: Array<number>(17).fill(0) }],
    ['a level above 255', { minimumTeeTcbSvn: [256, ...Array<number>(15).fill(0)] }],
    ['a level that is text', { minimumTeeTcbSvn: ['5', ...Array<number>(15).fill(0)] }],
    ['an MRSEAM of another size', { mrSeams: ['ab'.repeat(47)] }],
    ['an optional SEPT_VE_DISABLE', { septVeDisable: true }],
    ['an attribute without a name here', { allowedAttributes: ['DEBUG'] }],
    ['attributes of another size', { tdAttributes: ['10000000'] }],
    ['a wildcard of XFAM', { xfams: ['*'] }],
    ['allowed service trust domains', { serviceTds: 'allowed' }],
    ['an owner that is no list', { mrOwners: REGISTER }],
  ])('[P3] rejects %s', (_, changes) => {
    expect(() => decodeTdxPolicy({ ...STRICT, ...changes })).toThrow(failing('POLICY_INVALID'))
  })

  it.each(['forbidden', 'unchecked'])(
    '[T6] rejects a policy that allows migration with %s service trust domains',
    (serviceTds) => {
      expect(() => decodeTdxPolicy({ ...STRICT, serviceTds })).toThrow(failing('POLICY_INVALID'))
      expect(decodeTdxPolicy({ ...STRICT, serviceTds, allowedAttributes: ['PKS'] })).toMatchObject({ serviceTds })
    },
  )

  it.each([null, [], 'unchecked', 1])('[P3] rejects %s in the place of a policy', (value) => {
    expect(() => decodeTdxPolicy(value)).toThrow(failing('POLICY_INVALID'))
  })
})

describe('createTdxRoots', () => {
  it('[X1] narrows the built-in root and never adds to it', () => {
    const { vendor } = createTdxRoots({ roots: 'built-in', simulated: [] })
    expect(vendor).toEqual(['sha256:44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3'])
    const foreign = `sha256:${'11'.repeat(32)}`
    expect(createTdxRoots({ roots: [foreign], simulated: [foreign] })).toEqual({ vendor: [], simulated: [foreign] })
    expect(createTdxRoots({ roots: [], simulated: [] }).vendor).toEqual([])
  })

  it('[P4] never calls the root of Intel simulated', () => {
    const { vendor } = createTdxRoots({ roots: 'built-in', simulated: [] })
    expect(createTdxRoots({ roots: [], simulated: vendor })).toEqual({ vendor: [], simulated: [] })
  })
})
