/** The Nitro policy and the rows of measurements: complete, known and well-formed, or refused. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/core/encoding/json.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import {
  AWS_NITRO_ROOT_G1,
  createNitroRoots,
  decodeNitroDocument,
  decodeNitroMeasurements,
  decodeNitroPolicy,
  nitroConfigurationRegister,
  nitroMeasurements,
} from '../../../src/core/nitro/index.ts'
import { failureOf } from '../../kit/failure-of.ts'
import { basePolicy, readFixture } from './fixture.ts'

const base = basePolicy()
const HEX = 'ab'.repeat(48)
const CODES = { missing: 'POLICY_INCOMPLETE', unknown: 'POLICY_UNKNOWN_KEY', invalid: 'POLICY_INVALID' } as const

function objectAt(key: string): JsonObject {
  const value = base[key]
  if (!isJsonObject(value)) throw new TypeError(`${key} is not an object`)
  return value
}

function leaveOut(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key))
}

const pins = (changes: Readonly<Record<string, JsonValue>>): JsonObject => ({ ...objectAt('pcrs'), ...changes })
const rowOf = (row: JsonObject) => decodeNitroMeasurements(new ObjectReader(row, 'lock.rows[0].measurements', CODES))

describe('decodeNitroPolicy', () => {
  it('reads the policy of the fixtures', () => {
    expect(decodeNitroPolicy(base)).toEqual(base)
  })

  it('reads pins of registers, in the order of their numbers', () => {
    const pcrs = { others: 'unchecked', 31: [HEX], 3: [HEX, 'cd'.repeat(48)], 16: [HEX] }
    expect(decodeNitroPolicy({ ...base, pcrs })).toEqual({ ...base, pcrs })
  })

  it('lets a NitroTPM have in use what an enclave has reserved', () => {
    const policy = { ...base, document: 'nitrotpm', pcrs: pins({ 0: [HEX], 9: [HEX] }) }
    expect(decodeNitroPolicy(policy)).toEqual(policy)
  })

  for (const key of Object.keys(base)) {
    it(`[P1] rejects a policy without ${key}`, () => {
      expect(failureOf(() => decodeNitroPolicy(leaveOut(base, key)))).toBe('POLICY_INCOMPLETE')
    })
  }

  it.each([
    ['a time without maximum age', { time: { futureSkewSeconds: 0 } }],
    ['a time without skew', { time: { maxAgeSeconds: 300 } }],
    ['registers without a word on the others', { pcrs: { 3: [HEX] } }],
  ])('[P1] rejects %s', (_, changes) => {
    expect(failureOf(() => decodeNitroPolicy({ ...base, ...changes }))).toBe('POLICY_INCOMPLETE')
  })

  it.each([
    ['a typing error', { alowDebug: true }],
    ['debugging, which has no key', { debug: 'allowed' }],
    ['a key inside a part', { time: { ...objectAt('time'), maxAge: 1 } }],
    ['a register that does not exist', { pcrs: pins({ 32: [HEX] }) }],
    ['a register with a leading zero', { pcrs: pins({ '08': [HEX] }) }],
    ['a register by another name', { pcrs: pins({ pcr8: [HEX] }) }],
  ])('[P3] rejects %s', (_, changes) => {
    expect(failureOf(() => decodeNitroPolicy({ ...base, ...changes }))).toBe('POLICY_UNKNOWN_KEY')
  })

  it.each([
    ['an unknown kind of document', { document: 'any' }],
    ['a kind that is left out', { document: 'unchecked' }],
    ['a maximum age of zero', { time: { maxAgeSeconds: 0, futureSkewSeconds: 0 } }],
    ['a skew beyond five minutes', { time: { maxAgeSeconds: 300, futureSkewSeconds: 301 } }],
    ['a skew that is left out', { time: { maxAgeSeconds: 300, futureSkewSeconds: 'unchecked' } }],
    ['an empty list of values', { pcrs: pins({ 8: [] }) }],
    ['a value twice', { pcrs: pins({ 8: [HEX, HEX] }) }],
    ['a value of SHA-256', { pcrs: pins({ 8: ['ab'.repeat(32)] }) }],
    ['upper-case hex', { pcrs: pins({ 8: [HEX.toUpperCase()] }) }],
    ['a wildcard', { pcrs: pins({ 8: ['*'] }) }],
    ['a register that is left out by name', { pcrs: pins({ 8: 'unchecked' }) }],
    ['PCR0, which belongs into a row', { pcrs: pins({ 0: [HEX] }) }],
    ['a reserved register of an enclave', { pcrs: pins({ 9: [HEX] }) }],
    ['PCR4 of a NitroTPM, which belongs into a row', { document: 'nitrotpm', pcrs: pins({ 4: [HEX] }) }],
    ['others that are checked', { pcrs: { others: 'zero' } }],
    ['revocation, which AWS asks not to judge', { revocation: 'required' }],
  ])('[P3] rejects %s', (_, changes) => {
    expect(failureOf(() => decodeNitroPolicy({ ...base, ...changes }))).toBe('POLICY_INVALID')
  })
})

describe('decodeNitroMeasurements', () => {
  const enclave = { document: 'enclave', pcr0: HEX, pcr1: HEX, pcr2: HEX }
  const nitrotpm = { document: 'nitrotpm', pcr4: HEX, pcr7: HEX, pcr12: HEX }

  it('reads a row of either kind', () => {
    expect(rowOf(enclave)).toEqual(enclave)
    expect(rowOf(nitrotpm)).toEqual(nitrotpm)
  })

  it('[N13] rejects a row that lists PCR0 only', () => {
    expect(failureOf(() => rowOf({ document: 'enclave', pcr0: HEX }))).toBe('POLICY_INCOMPLETE')
  })

  for (const row of [enclave, nitrotpm]) {
    for (const key of Object.keys(row)) {
      it(`[N13] rejects a row of ${row.document} without ${key}`, () => {
        expect(failureOf(() => rowOf(leaveOut(row, key)))).toBe('POLICY_INCOMPLETE')
      })
    }
  }

  it('[N13] rejects registers that are not of the row', () => {
    expect(failureOf(() => rowOf({ ...enclave, pcr8: HEX }))).toBe('POLICY_UNKNOWN_KEY')
    expect(failureOf(() => rowOf({ ...nitrotpm, pcr0: HEX }))).toBe('POLICY_UNKNOWN_KEY')
  })

  it.each([['*'], [''], ['AB'.repeat(48)], ['ab'.repeat(32)]])('[P3] rejects the value "%s"', (pcr1) => {
    expect(failureOf(() => rowOf({ ...enclave, pcr1 }))).toBe('POLICY_INVALID')
  })

  it('makes of a document the row that it matches', () => {
    for (const name of ['enclave', 'nitrotpm']) {
      const { document, expectations } = readFixture(name)
      expect([nitroMeasurements(decodeNitroDocument(document))]).toEqual(expectations.measurements)
    }
  })
})

describe('nitroConfigurationRegister', () => {
  it('is one extension of a zero register with the digest of the digest', () => {
    const digest = new Uint8Array(createHash('sha256').update('{"a":1}').digest())
    const extension = createHash('sha384').update(digest).digest()
    const register = createHash('sha384').update(new Uint8Array(48)).update(extension).digest('hex')
    expect(encodeHex(nitroConfigurationRegister(digest))).toBe(register)
  })
})

describe('createNitroRoots', () => {
  it('[X1] narrows the built-in root and never adds to it', () => {
    const foreign = `sha256:${'11'.repeat(32)}`
    expect(createNitroRoots({ roots: 'built-in', simulated: [] }).vendor).toEqual([AWS_NITRO_ROOT_G1])
    expect(createNitroRoots({ roots: [foreign], simulated: [foreign] })).toEqual({ vendor: [], simulated: [foreign] })
  })

  it('[P4] never calls the root of AWS simulated', () => {
    expect(createNitroRoots({ roots: [], simulated: [AWS_NITRO_ROOT_G1] })).toEqual({ vendor: [], simulated: [] })
  })
})
