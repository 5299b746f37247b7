/** Ways to slip a weaker pin through a lock, each refused. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { approvalFault, extendLock, revokeRow, rotateLock, rowId } from '../../../src/core/lock/index.ts'
import { decodeLock, type Lock, type LockRow } from '../../../src/core/lock.ts'
import { failureOf } from '../../kit/failure-of.ts'

const at = new Date('2027-01-15T08:00:00Z')
const lock = decodeLock(readFileSync('attestation-fixtures/policy/lock.json', 'utf8'))
const [row] = lock.rows
const [model] = row?.models ?? []
if (row?.platform !== 'snp' || model === undefined) throw new Error('the fixture has a row with a model')
const other: LockRow = { ...row, measurements: { measurement: 'e'.repeat(96) }, status: 'next' }
const PROVENANCE = {
  issuer: 'https://issuer.example',
  identity: 'https://github.com/example/gateway',
  bundle: `sha256:${'b'.repeat(64)}`,
  subject: `sha256:${'c'.repeat(64)}`,
}
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

  it('but not with one name for two digests: two servers may call theirs so', () => {
    const models = [model, { ...model, digest: `sha256:${'7'.repeat(64)}` }]
    expect(decodeLock(spelled({ models })).rows[0]?.models).toEqual(models)
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
    ['a member that nobody knows', JSON.stringify({ ...lock, dangerouslyTrustAll: true })],
    ['another version', JSON.stringify({ ...lock, version: 2 })],
    ['a register that is any', spelled({ measurements: { measurement: '*' } })],
    ['a builder by a pattern', spelled({ provenance: { ...PROVENANCE, identity: 'https://github.com/*' } })],
    ['a builder without the digest of what says so', spelled({ provenance: { ...PROVENANCE, bundle: 'none' } })],
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

  it('[P5] that admits any weights of a model where a revoked row pinned one', () => {
    const revoked = revokeRow(lock, rowId(row), at)
    const models = [{ ...model, digest: 'none' }]
    expect(failureOf(() => extendLock(revoked, [{ ...row, status: 'next', models }], at))).toBe('POLICY_INVALID')
  })

  it('[P5] of a configuration that was revoked whatever its models', () => {
    const revoked = { ...lock, rows: [{ ...row, status: 'revoked' as const, models: [] }] }
    expect(failureOf(() => extendLock(revoked, [{ ...row, status: 'next' }], at))).toBe('POLICY_INVALID')
  })

  it('[P5] as one of several that together bring a revoked row back', () => {
    const second = { name: 'second', digest: `sha256:${'8'.repeat(64)}` }
    const both: LockRow = { ...row, models: [model, second] }
    const revoked = revokeRow({ ...lock, rows: [both] }, rowId(both), at)
    const part = (models: LockRow['models'], config = row.config): LockRow => ({
      ...row,
      status: 'next',
      models,
      config,
    })
    expect(extendLock(revoked, [part([model])], at).rows).toHaveLength(2)
    expect(extendLock(revoked, [part([model]), part([second], second.digest)], at).rows).toHaveLength(3)
    expect(failureOf(() => extendLock(revoked, [part([model]), part([second])], at))).toBe('POLICY_INVALID')
    const other = { name: 'third', digest: 'none' }
    expect(extendLock(revoked, [part([model]), part([other])], at).rows).toHaveLength(3)
  })

  const extra = { name: 'extra', digest: 'none' }
  const unmeasured = [{ ...model, digest: 'none' }]
  it.each<[string, Lock, LockRow]>([
    ['as active, of other code than what runs', lock, { ...other, status: 'active' }],
    ['of other code, with configuration and models of a revoked row', revokeRow(lock, rowId(row), at), other],
    ['with a model more than what runs', lock, { ...row, status: 'next', models: [model, extra] }],
    ['in its last instant', lock, { ...other, notAfter: at }],
    [
      'of a model that nobody measured, beside one that names it so too',
      { ...lock, rows: [{ ...row, models: unmeasured }] },
      { ...row, status: 'next', models: unmeasured, config: model.digest },
    ],
    [
      'of another model, where a row of before brings a revoked one back already',
      {
        ...lock,
        rows: [
          { ...row, status: 'revoked' },
          { ...row, models: [model, extra] },
        ],
      },
      { ...row, status: 'next', models: [{ name: 'third', digest: 'none' }] },
    ],
  ])('but is %s', (_, before, added) => {
    expect(extendLock(before, [added], at).rows.at(-1)).toEqual(added)
  })

  it('that is there with its models in another order', () => {
    const second = { name: 'second', digest: `sha256:${'8'.repeat(64)}` }
    const [one, two]: readonly LockRow[] = [
      { ...row, models: [model, second] },
      { ...row, status: 'next', models: [second, model] },
    ]
    if (one === undefined || two === undefined) throw new Error('two rows are due')
    expect(rowId(one)).toBe(rowId(two))
    expect(failureOf(() => extendLock({ ...lock, rows: [one] }, [two], at))).toBe('POLICY_INVALID')
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

describe('a row that is retired', () => {
  it('is not kept until a time that is none', () => {
    const keepUntil = new Date(Number.NaN)
    expect(failureOf(() => rotateLock({ ...lock, rows: [row, other] }, { at, keepUntil }))).toBe('POLICY_INVALID')
  })

  it('keeps the day on which it was revoked, through rotations', () => {
    const revoked = revokeRow({ ...lock, rows: [row, other] }, rowId(row), at)
    expect(revoked.rows[0]?.notAfter).toEqual(at)
    const later = new Date('2027-03-01T00:00:00Z')
    expect(rotateLock(revoked, { at: later }).rows[0]).toEqual(revoked.rows[0])
  })
})

describe('a revocation', () => {
  it.each(['', rowId(row).slice(0, 11), rowId(row).toUpperCase(), `${rowId(row)}0`])('is of no row by "%s"', (id) => {
    expect(() => revokeRow(lock, id, at)).toThrow('no row is')
  })

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
    ['that project by http', `${project.replace('https', 'http')}//.gitlab-ci.yml@refs/tags/v1`],
    [
      'another spelling of that project',
      `${project.toUpperCase().replace('HTTPS', 'https')}//.gitlab-ci.yml@refs/tags/v1`,
    ],
  ])('[B6] is seen through %s', (_, identity) => {
    expect(fault(identity)).toBe('PIN_SELF_APPROVED')
  })

  it('[B6] is seen through a slash at the end of a name that is no workflow', () => {
    const robot = { ...provenance, identity: 'https://build.example/robot' }
    const approver = { issuer, identity: `${robot.identity}/` }
    expect(approvalFault({ rows: [{ ...row, provenance: robot }] }, approver, { approvers: [approver] })).toBe(
      'PIN_SELF_APPROVED',
    )
  })

  it('[B6] does not count by the name of one approver and the issuer of another', () => {
    const approvers = [
      { issuer, identity: 'security@example.com' },
      { issuer: 'https://accounts.example', identity: 'audit@example.com' },
    ]
    const mixed = { issuer, identity: 'audit@example.com' }
    expect(approvalFault({ rows: [row] }, mixed, { approvers })).toBe('PROVENANCE_IDENTITY')
  })

  it('is not seen in a project whose name goes on', () => {
    expect(fault(`${project}-approvals//.gitlab-ci.yml@refs/heads/main`)).toBeUndefined()
  })
})
