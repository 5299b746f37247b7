/** Ways to slip a weaker pin through a lock, each refused. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { approvalFault, extendLock, revokeRow, rotateLock, rowId } from '../../../src/core/lock/index.ts'
import { decodeLock, type LockRow } from '../../../src/core/lock.ts'
import { failureOf } from '../../kit/failure-of.ts'

const at = new Date('2027-01-15T08:00:00Z')
const lock = decodeLock(readFileSync('attestation-fixtures/policy/lock.json', 'utf8'))
const [row] = lock.rows
const [model] = row?.models ?? []
if (row?.platform !== 'snp' || model === undefined) throw new Error('the fixture has a row with a model')
const other: LockRow = { ...row, measurements: { measurement: 'e'.repeat(96) }, status: 'next' }
const spelled = (change: object): string =>
  JSON.stringify({ ...lock, rows: [{ ...row, measurements: row.measurements, ...change }] })

describe('a lock file is refused', () => {
  it.each([
    ['with a model once by its digest and once by none', [model, { ...model, digest: 'none' }]],
    ['with one model twice', [model, model]],
    ['with a name of look-alike letters', [{ ...model, name: 'dem\u043e' }]],
    ['with a name that ends in a blank', [{ ...model, name: 'demo ' }]],
    ['with a name that hides letters', [{ ...model, name: 'de\u200bmo' }]],
    ['with a name that reads like two models', [{ ...model, name: `demo, ${model.digest}` }]],
    ['with a name that is empty', [{ ...model, name: '' }]],
  ])('%s', (_, models) => {
    expect(failureOf(() => decodeLock(spelled({ models })))).toBe('POLICY_INVALID')
  })

  it('where one tuple is in force by repeating a model of the row that revokes it', () => {
    const rows = [
      { ...row, status: 'revoked' },
      { ...row, models: [model, model] },
    ]
    expect(failureOf(() => decodeLock(JSON.stringify({ ...lock, rows })))).toBe('POLICY_INVALID')
  })

  it('[P5] where what the caller remembers of its revision is no number', () => {
    expect(failureOf(() => decodeLock(spelled({}), { atLeast: Number.NaN }))).toBe('PIN_ROLLBACK')
  })

  it.each([
    ['a member twice', spelled({}).replace('"status"', '"status":"revoked","status"')],
    ['$schema that is no text', spelled({}).replace('{', '{"$schema":{"const":1},')],
    ['$schema in a row', spelled({ $schema: 'x' })],
    ['a register in capitals', spelled({ measurements: { measurement: row.measurements.measurement.toUpperCase() } })],
    ['a register more', spelled({ measurements: { ...row.measurements, pcr0: '0'.repeat(96) } })],
    ['a wildcard for its configuration', spelled({ config: '*' })],
    ['no rows', JSON.stringify({ ...lock, rows: [] })],
    ['a last day that is none', spelled({ notAfter: '2027-02-30T00:00:00Z' })],
    ['a last day with an offset', spelled({ notAfter: '2027-02-20T00:00:00+01:00' })],
  ])('with %s', (_, text) => {
    expect(failureOf(() => decodeLock(text))).toMatch(/^(?:POLICY|JSON)_/)
  })
})

describe('a row is not added', () => {
  it.each<[string, readonly LockRow['models'][number][]]>([
    ['names a model twice', [model, model]],
    ['admits any weights of a model that it pins', [{ ...model, digest: 'none' }, model]],
  ])('that %s', (_, models) => {
    expect(failureOf(() => extendLock(lock, [{ ...other, models }], at))).toBe('POLICY_INVALID')
  })

  it.each(['active', 'next'] as const)('[P5] as %s that brings a revoked row back with a model more', (status) => {
    const revoked = revokeRow(lock, rowId(row), at)
    const models = [...row.models, { name: 'extra', digest: 'none' }]
    expect(failureOf(() => extendLock(revoked, [{ ...row, status, models }], at))).toBe('POLICY_INVALID')
  })

  it('but for new weights under the configuration of a revoked row, which are another thing', () => {
    const revoked = revokeRow(lock, rowId(row), at)
    const models = [{ ...model, digest: `sha256:${'7'.repeat(64)}` }]
    expect(extendLock(revoked, [{ ...row, models }], at).rows).toHaveLength(2)
  })
})

describe('a rotation', () => {
  it('does not retire what runs for a row that is past its last day', () => {
    const late: LockRow = { ...other, notAfter: new Date('2027-01-14T00:00:00Z') }
    expect(failureOf(() => rotateLock({ ...lock, rows: [row, late] }, { at }))).toBe('POLICY_INVALID')
  })
})

describe('a revocation', () => {
  // Twelve digits collide after some ten million tries: whoever proposes two rows can have them share an id.
  const twins: readonly LockRow[] = ['28e7828d0eaf', 'c291484a8b0d'].map((digits) => ({
    ...row,
    config: `sha256:${digits.padStart(64, '0')}`,
  }))

  it('by an id that two rows share ends both', () => {
    const [one, two] = twins.map(rowId)
    expect(one).toBe(two)
    expect(revokeRow({ ...lock, rows: twins }, one ?? '', at).rows.map(({ status }) => status)).toEqual([
      'revoked',
      'revoked',
    ])
  })
})

describe('an approval by whoever built it', () => {
  const issuer = 'https://gitlab.com'
  const project = 'https://gitlab.com/group/sub/gateway'
  const provenance = {
    issuer,
    identity: `${project}//.gitlab-ci.yml@refs/tags/v1`,
    bundle: `sha256:${'b'.repeat(64)}`,
    subject: `sha256:${'c'.repeat(64)}`,
  }
  const fault = (identity: string) =>
    approvalFault({ rows: [{ ...row, provenance }] }, { issuer, identity }, { approvers: [{ issuer, identity }] })

  it.each([
    ['the same pipeline from another ref', `${project}//.gitlab-ci.yml@refs/heads/main`],
    ['another pipeline of that project', `${project}//ci/approve.yml@refs/heads/main`],
    [
      'another spelling of that project',
      `${project.toUpperCase().replace('HTTPS', 'https')}//.gitlab-ci.yml@refs/tags/v1`,
    ],
  ])('[B6] is seen through %s', (_, identity) => {
    expect(fault(identity)).toBe('PIN_SELF_APPROVED')
  })

  it('is not seen in a project whose name goes on', () => {
    expect(fault(`${project}-approvals//.gitlab-ci.yml@refs/heads/main`)).toBeUndefined()
  })
})
