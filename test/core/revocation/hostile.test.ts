/** Ways to have a list of revocations count that should not, or not count that should. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Revocable } from '../../../src/core/evidence/given-judges.ts'
import {
  decodeRevocationList,
  encodeRevocationList,
  openRevocations,
  type RevocationList,
  signRevocations,
} from '../../../src/core/revocation/index.ts'
import { failedCheck, judge } from '../../../src/core/verdict.ts'
import { failureOf } from '../../kit/failure-of.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const key = publicKey.export({ format: 'jwk' }).x ?? ''
const octetsSigner = { key, sign: async (octets: Uint8Array) => new Uint8Array(sign(null, octets, privateKey)) }
const session = `sha256:${'5'.repeat(64)}`
const digest = `sha256:${'d'.repeat(64)}`
const NOW = new Date('2027-01-15T12:00:00Z')
const LIST: RevocationList = {
  version: 1,
  number: 7,
  issuedAt: new Date('2027-01-15T08:00:00Z'),
  expiresAt: new Date('2027-01-20T00:00:00Z'),
  boots: [{ session, reason: 'its host was seized' }],
  chips: [],
  measurements: [],
  models: [{ digest, reason: 'weights were stolen' }],
}

interface Given {
  readonly change?: Partial<RevocationList>
  readonly token?: (jws: string) => string
  readonly keys?: readonly string[]
  readonly now?: Date
  readonly atLeast?: number
  readonly subject?: Revocable
}

async function decided({
  change,
  token = (jws) => jws,
  keys = [key],
  now = NOW,
  atLeast = 0,
  subject = {},
}: Given = {}) {
  const jws = token(await signRevocations({ ...LIST, ...change }, octetsSigner))
  const given = await openRevocations(jws, keys, { now: () => now, atLeast })
  const verdict = await judge(['revocation'], async (check): Promise<object> => {
    given.judge(check, { keys, maximumAgeSeconds: 86_400 }, subject)
    return {}
  })
  return {
    outcome: verdict.ok ? 'ok' : verdict.code,
    detail: failedCheck(verdict.checks)?.detail,
    number: given.number,
  }
}

describe('a list of revocations', () => {
  it('counts, and its entries do', async () => {
    expect(await decided()).toMatchObject({ outcome: 'ok', number: 7 })
    expect(await decided({ subject: { session } })).toMatchObject({ outcome: 'REVOKED' })
    expect(await decided({ subject: { model: digest } })).toMatchObject({ outcome: 'REVOKED' })
  })

  it('of tomorrow does not count for a day more than policy lets it', async () => {
    const issuedAt = new Date('2027-01-18T00:00:00Z')
    expect(await decided({ change: { issuedAt } })).toMatchObject({ outcome: 'REVOCATIONS_EXPIRED' })
    expect(await decided({ change: { issuedAt: new Date(NOW.getTime() + 240_000) } })).toMatchObject({ outcome: 'ok' })
  })

  it.each([
    ['the number before', 8],
    ['a memory that is no number', Number.NaN],
  ])('does not count by %s', async (_, atLeast) => {
    expect(await decided({ atLeast })).toMatchObject({ outcome: 'REVOCATIONS_ROLLBACK' })
  })

  it('does not count by a clock that says nothing', async () => {
    expect(await decided({ now: new Date(Number.NaN) })).toMatchObject({ outcome: 'REVOCATIONS_EXPIRED' })
  })

  it('signed by whom another policy names counts for nothing, and its number is not remembered', async () => {
    const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? ''
    expect(await decided({ keys: [other] })).toMatchObject({ outcome: 'REVOCATIONS_SIGNATURE', number: undefined })
  })

  it('is not signed by a key of small order, or by a point that is on no curve', async () => {
    for (const weak of ['A'.repeat(43), `AQ${'A'.repeat(41)}`, `B${'A'.repeat(86)}`])
      expect(await decided({ keys: [weak] })).toMatchObject({ outcome: 'REVOCATIONS_SIGNATURE', number: undefined })
  })

  it('has one header', async () => {
    const spaced = ([, ...rest]: readonly string[], header: string): string =>
      [Buffer.from(header).toString('base64url'), ...rest].join('.')
    const token = (change: (header: string) => string) => (jws: string) => {
      const parts = jws.split('.')
      return spaced(parts, change(Buffer.from(parts[0] ?? '', 'base64url').toString()))
    }
    for (const change of [
      (header: string) => header.replace('Ed25519', 'none'),
      (header: string) => header.replace('Ed25519', 'EdDSA'),
      (header: string) => header.replace('{', '{ '),
      (header: string) => header.replace('}', ',"crit":[]}'),
    ])
      expect(await decided({ token: token(change) })).toMatchObject({ outcome: 'REVOCATIONS_SIGNATURE' })
  })

  it('has three parts', async () => {
    const jws = await signRevocations(LIST, octetsSigner)
    for (const text of [`${jws}.AA`, `${jws}.`, jws.slice(0, jws.lastIndexOf('.')), ''])
      await expect(openRevocations(text, [key], { now: () => NOW, atLeast: 0 })).rejects.toMatchObject({
        failure: 'JOSE_HEADER',
      })
  })

  it('may end its line, and be of two megabytes, but not of more than four', async () => {
    const jws = await signRevocations(LIST, octetsSigner)
    expect((await openRevocations(`${jws}\n`, [key], { now: () => NOW, atLeast: 0 })).number).toBe(7)
    const padded = (size: number): Uint8Array => Buffer.concat([Buffer.alloc(size, ' '), encodeRevocationList(LIST)])
    expect(decodeRevocationList(padded(2 << 20)).number).toBe(7)
    expect(failureOf(() => decodeRevocationList(padded(4 << 20)))).toBe('EVIDENCE_TOO_LARGE')
  })

  it('is not signed where no verifier would read it', async () => {
    await expect(signRevocations({ ...LIST, number: -1 }, octetsSigner)).rejects.toMatchObject({
      failure: 'POLICY_INVALID',
    })
  })

  it('has one spelling of its signature', async () => {
    const signer = async (octets: Uint8Array) => Uint8Array.of(...(await octetsSigner.sign(octets)), 0)
    const jws = await signRevocations(LIST, { key, sign: signer })
    expect((await openRevocations(jws, [key], { now: () => NOW, atLeast: 0 })).number).toBeUndefined()
  })
})

describe('the entries of a list', () => {
  const chip = 'ab'.repeat(64)
  const base = {
    ...LIST,
    issuedAt: '2027-01-15T08:00:00Z',
    expiresAt: '2027-01-20T00:00:00Z',
    chips: [{ platform: 'snp', id: chip, reason: 'x' }],
  }
  const text = (change: object): string => JSON.stringify({ ...base, ...change })
  const one = (member: object): object => ({ chips: [{ platform: 'snp', id: chip, reason: 'x', ...member }] })

  it.each([
    ['a chip in capitals', text(one({ id: chip.toUpperCase() }))],
    ['a chip without its zeros', text(one({ id: 'ab'.repeat(8) }))],
    ['a chip with a blank', text(one({ id: ` ${chip}` }))],
    ['a chip of another platform', text(one({ platform: 'tdx' }))],
    ['no chip', text(one({ id: '' }))],
    ['an entry that names nothing', text({ boots: [{ reason: 'x' }] })],
    ['an entry that names more', text(one({ until: '2027-01-16T00:00:00Z' }))],
    ['a session by a pattern', text({ boots: [{ session: '*', reason: 'x' }] })],
    ['a model without its algorithm', text({ models: [{ digest: 'd'.repeat(64), reason: 'x' }] })],
    ['a model none', text({ models: [{ digest: 'none', reason: 'x' }] })],
    ['an unknown list', text({ keys: [] })],
    ['$schema that hides a list', text({ $schema: 'x', boots: undefined })],
    ['a list twice', text({}).replace('"models":', '"chips":[],"models":')],
    ['a reason that turns the line', text(one({ reason: 'a\u202eb' }))],
    ['a number that is not exact', text({}).replace('"number":7', '"number":7e300')],
    ['a number below zero', text({ number: -1 })],
  ])('are refused with %s', (_, source) => {
    expect(failureOf(() => decodeRevocationList(source))).toMatch(/^(?:POLICY|JSON)_/)
  })
})
