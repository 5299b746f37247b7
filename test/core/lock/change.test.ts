/** Changes of a lock: what may be added, how it moves on, what differs, who may approve it. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  approvalFault,
  createApprovalJudge,
  diffLocks,
  extendLock,
  revokeRow,
  rotateLock,
  rowId,
} from '../../../src/core/lock/index.ts'
import { decodeLock, encodeLock, type Lock, type LockRow, matchMeasurements } from '../../../src/core/lock.ts'
import { failureOf } from '../../kit/failure-of.ts'
import { judgeFixture, readFixture } from '../receipt/fixture.ts'

const at = new Date('2027-01-15T08:00:00.250Z')
const digest = (digit: string): string => `sha256:${digit.repeat(64)}`
const lock = decodeLock(readFileSync('attestation-fixtures/policy/lock.json', 'utf8'))
const [active] = lock.rows
if (active?.platform !== 'snp') throw new Error('the fixture has a row')
const other: LockRow = { ...active, measurements: { measurement: 'e'.repeat(96) }, status: 'next' }
const both = extendLock(lock, [other], at)
const statuses = ({ rows }: Lock): readonly string[] => rows.map(({ status }) => status)
const built = (identity: string, issuer = 'https://issuer.example') =>
  ({ issuer, identity, bundle: digest('b'), subject: digest('c') }) as const

describe('a row is added', () => {
  it('with the revision one later, and the file still decodes', () => {
    expect(both.revision).toBe(lock.revision + 1)
    expect(decodeLock(encodeLock(both)).rows).toHaveLength(2)
  })

  it.each<[string, readonly LockRow[]]>([
    ['there is none', []],
    ['its tuple is there', [{ ...active, status: 'next', shape: 'another name for it' }]],
    ['its tuple is there, revoked or not', [{ ...other }, { ...other, status: 'active' }]],
    ['it names no model', [{ ...other, models: [] }]],
    ['it is revoked', [{ ...other, status: 'revoked' }]],
    ['its last day has passed', [{ ...other, notAfter: new Date('2027-01-15T08:00:00Z') }]],
    ['its last day is none', [{ ...other, notAfter: new Date(Number.NaN) }]],
    [
      'another row of its measurement pins the weights that it admits',
      [{ ...active, status: 'next', models: [{ name: 'demo', digest: 'none' }] }],
    ],
    ['it is active beside a row of its measurement', [{ ...active, config: digest('d') }]],
  ])('but not where %s', (_, rows) => {
    expect(failureOf(() => extendLock(lock, rows, at))).toBe('POLICY_INVALID')
  })

  it('and counts beside what runs, though it is next', () => {
    expect(matchMeasurements(both, { seen: other, at }).ok).toBe(true)
  })

  it('with another configuration of the same code as next', () => {
    const [, added] = extendLock(lock, [{ ...active, status: 'next', config: digest('d') }], at).rows
    expect(added?.status).toBe('next')
  })
})

describe('a rotation', () => {
  it('makes what is next active, and revokes what was, from that second on', () => {
    const rotated = rotateLock(both, { at })
    expect(statuses(rotated)).toEqual(['revoked', 'active'])
    expect(rotated.rows[0]?.notAfter).toEqual(new Date('2027-01-15T08:00:00Z'))
    expect(rotated.revision).toBe(both.revision + 1)
    expect(new Set(rotated.rows.map(rowId)).size).toBe(2)
    expect(decodeLock(encodeLock(rotated))).toEqual(rotated)
  })

  it('keeps what was active for audits, where asked, and ends it at its day', () => {
    const keepUntil = new Date('2027-02-15T00:00:00Z')
    const rotated = rotateLock(both, { at, keepUntil })
    expect(statuses(rotated)).toEqual(['active', 'active'])
    expect(matchMeasurements(rotated, { seen: active, at: keepUntil }).ok).toBe(true)
    expect(matchMeasurements(rotated, { seen: active, at: new Date(keepUntil.getTime() + 1) })).toMatchObject({
      code: 'MEASUREMENT_RETIRED',
    })
  })

  it('makes no row last longer than it did', () => {
    const notAfter = new Date('2027-01-20T00:00:00Z')
    const short = { ...both, rows: [{ ...active, notAfter }, other] }
    expect(rotateLock(short, { at, keepUntil: new Date('2028-01-01T00:00:00Z') }).rows[0]?.notAfter).toEqual(notAfter)
  })

  it('leaves platforms alone that have no successor', () => {
    const register = 'f'.repeat(96)
    const tdx: LockRow = {
      ...active,
      platform: 'tdx',
      measurements: { mrTd: register, rtMr0: register, rtMr1: register, rtMr2: register },
    }
    expect(statuses(rotateLock({ ...both, rows: [...both.rows, tdx] }, { at }))).toEqual([
      'revoked',
      'active',
      'active',
    ])
  })

  it.each<[string, () => Lock]>([
    ['nothing is next', () => rotateLock(lock, { at })],
    ['what was is kept until a day that has passed', () => rotateLock(both, { at, keepUntil: at })],
    ['no row is meant', () => revokeRow(lock, '*', at)],
    ['the row is revoked already', () => revokeRow(revokeRow(lock, rowId(active), at), rowId(active), at)],
  ])('is refused where %s', (_, change) => {
    expect(failureOf(change)).toBe('POLICY_INVALID')
  })

  it('is not needed to revoke a row at once', () => {
    const revoked = revokeRow(both, rowId(active), at)
    expect(statuses(revoked)).toEqual(['revoked', 'next'])
    expect(matchMeasurements(revoked, { seen: active, at })).toMatchObject({ code: 'MEASUREMENT_RETIRED' })
  })
})

describe('a comparison', () => {
  it('finds nothing where rows only stand in another order', () => {
    expect(diffLocks(both, { ...both, rows: [...both.rows].reverse() })).toEqual({ rows: [], members: [] })
  })

  it('shows rows that came, went and changed', () => {
    const added: LockRow = { ...other, config: digest('d') }
    const after = { ...rotateLock(both, { at }), rows: [...rotateLock(both, { at }).rows.slice(1), added] }
    expect(diffLocks(both, after)).toMatchObject({
      rows: [
        { kind: 'removed', id: rowId(active) },
        { kind: 'changed', members: [{ name: 'status', from: 'next', to: 'active' }] },
        { kind: 'added', sameCode: true },
      ],
      members: [{ name: 'revision', from: '2', to: '3' }],
    })
  })

  const shown = built('https://example.com/a')
  it.each<[string, Partial<Pick<LockRow, 'notAfter' | 'shape' | 'status' | 'provenance'>>]>([
    ['notAfter', { notAfter: new Date('2027-06-01T00:00:00Z') }],
    ['shape', { shape: 'another machine' }],
    ['status', { status: 'next' }],
    ['provenance', { provenance: { ...shown, bundle: digest('d') } }],
    ['provenance', { provenance: { ...shown, subject: digest('d') } }],
    ['provenance', { provenance: { ...shown, issuer: 'https://other.example' } }],
  ])('shows another %s of a row', (name, change) => {
    const before = { ...lock, rows: [{ ...active, provenance: shown }] }
    const after = { ...lock, rows: [{ ...active, provenance: shown, ...change }] }
    expect(diffLocks(before, after).rows).toMatchObject([{ kind: 'changed', members: [{ name }] }])
  })

  it('shows that an older policy is enough', () => {
    const { members } = diffLocks({ ...lock, minimumPolicyRevision: 2 }, { ...lock, minimumPolicyRevision: 1 })
    expect(members).toEqual([{ name: 'minimumPolicyRevision', from: '2', to: '1' }])
  })

  it('shows provenance that was put in', () => {
    const after = { ...lock, rows: [{ ...active, provenance: built('https://example.com/a') }] }
    expect(diffLocks(lock, after).rows[0]?.members[0]).toMatchObject({ name: 'provenance', from: 'none' })
  })
})

describe('an approval', () => {
  const repository = 'https://github.com/example/gateway/.github/workflows'
  const builder = built(`${repository}/release.yml@refs/tags/v1`, 'https://token.actions.githubusercontent.com')
  const pinned = { ...lock, rows: [{ ...active, provenance: builder }] }
  const approver = { issuer: 'https://accounts.example', identity: 'security@example.com' }
  const named = (...approvers: readonly { issuer: string; identity: string }[]) => ({ approvers })

  it('counts by an identity that policy names', () => {
    expect(approvalFault(pinned, approver, named(approver))).toBeUndefined()
  })

  it.each([
    ['nobody named', { ...approver, identity: 'security@example.com.evil' }],
    ['another issuer', { ...approver, issuer: 'https://accounts.example.evil' }],
    ['a beginning of a name', { ...approver, identity: 'security@example' }],
  ])('does not count by %s', (_, signer) => {
    expect(approvalFault(pinned, signer, named(approver))).toBe('PROVENANCE_IDENTITY')
  })

  it.each([
    ['the builder', { issuer: builder.issuer, identity: builder.identity }],
    ['the builder, vouched for by another issuer', { issuer: 'https://accounts.example', identity: builder.identity }],
    ['the same workflow from another ref', { ...approver, identity: `${repository}/release.yml@refs/heads/main` }],
    ['another workflow of that repository', { ...approver, identity: `${repository}/approve.yml@refs/heads/main` }],
  ])('[B6] does not count by %s, though policy names it', (_, signer) => {
    expect(approvalFault(pinned, signer, named(signer))).toBe('PIN_SELF_APPROVED')
  })

  const fixture = readFixture('quoted')
  const judge = (judges: object) =>
    judgeFixture({
      ...fixture,
      trust: { ...fixture.trust, policy: { ...fixture.trust.policy, lockApproval: named(approver) }, ...judges },
    })

  it('is shown in the verdict, of exactly the lock that was signed', async () => {
    const given = fixture.trust.lock
    if (given === undefined) throw new Error('the fixture has a lock')
    const passed = await judge({ approval: createApprovalJudge(given, approver) })
    expect(passed.ok).toBe(true)
    expect(passed.checks.find(({ name }) => name === 'evidence.lock-approval')).toMatchObject({ status: 'pass' })
    const another = createApprovalJudge({ ...given, revision: given.revision + 1 }, approver)
    expect(await judge({ approval: another })).toMatchObject({ ok: false, code: 'PROVENANCE_DIGEST' })
    const rows = given.rows.map((row) => ({ ...row, provenance: { ...builder, identity: approver.identity } }))
    const own = { ...given, rows }
    expect(await judge({ lock: own, approval: createApprovalJudge(own, approver) })).toMatchObject({
      code: 'PIN_SELF_APPROVED',
    })
  })

  it('that policy asks for and nobody gave is not performed', async () => {
    expect(await judge({})).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
  })
})
