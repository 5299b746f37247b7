/** `countersign pin`: what it writes, from what, and when it writes nothing. */
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { command } from '../../../src/cli/commands/pin.ts'
import { command as verify } from '../../../src/cli/commands/verify.ts'
import { openExistingLock, openLockFile, writeLockFile } from '../../../src/cli/pin/lock-file.ts'
import { rowId } from '../../../src/core/lock/index.ts'
import { decodeLock, encodeLock } from '../../../src/core/lock.ts'
import { failureOf } from '../../kit/failure-of.ts'
import { startTestGateway, type TestGateway } from '../../kit/gateway.ts'
import { runCommand } from '../run-command.ts'

let gateway: TestGateway
let folder: string
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.close())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-pin-'))
  writeFileSync(join(folder, 'policy.json'), gateway.policyText)
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = (name: string): string => join(folder, name)
const read = (name = 'lock.json'): string => readFileSync(file(name), 'utf8')
const changed = (change: object): void =>
  writeFileSync(file('policy.json'), JSON.stringify({ ...JSON.parse(gateway.policyText), ...change }))

const run = (args: readonly string[], of = command) => runCommand(of, args)
const pin = (...args: readonly string[]) => run([...args, '--policy', file('policy.json'), '--lock', file('lock.json')])
const onLock = (...args: readonly string[]) => run([...args, '--lock', file('lock.json')])

describe('countersign pin URL', () => {
  it('writes the row that the gateway proves, marked as simulated', async () => {
    const { exit, out } = await pin(gateway.base)
    expect(exit).toBe(0)
    const lock = decodeLock(read())
    const [known] = gateway.trust.lock?.rows ?? []
    expect(lock).toMatchObject({ revision: 1, minimumPolicyRevision: 1 })
    expect(lock.rows).toEqual([{ ...known, shape: 'simulated' }])
    expect(out).toContain(rowId(lock.rows[0] ?? gatewayRow()))
    expect(readdirSync(folder).sort()).toEqual(['lock.json', 'policy.json'])
  })

  it('writes what verify then takes, frozen', async () => {
    await pin(gateway.base, '--shape', 'one simulated vCPU')
    expect(decodeLock(read()).rows[0]?.shape).toBe('simulated: one simulated vCPU')
    const before = readdirSync(folder)
    const args = [gateway.base, '--policy', file('policy.json'), '--lock', file('lock.json'), '--frozen']
    expect((await run(args, verify)).exit).toBe(0)
    expect(readdirSync(folder)).toEqual(before)
  })

  it('pins an archive by what its gateway shows', async () => {
    const archive = await fetch(`${gateway.base}/attestation?nonce=${'A'.repeat(43)}&wait=10`)
    writeFileSync(file('gateway.cmw.json'), new Uint8Array(await archive.arrayBuffer()))
    expect((await pin(file('gateway.cmw.json'))).exit).toBe(0)
    expect(decodeLock(read()).rows).toHaveLength(1)
  })

  it('pins no archive that fails, then or now', async () => {
    const archive = await fetch(`${gateway.base}/attestation?nonce=${'A'.repeat(43)}&wait=10`)
    writeFileSync(file('gateway.cmw.json'), new Uint8Array(await archive.arrayBuffer()))
    const args = [file('gateway.cmw.json'), '--policy', file('policy.json'), '--lock', file('lock.json')]
    const late = await runCommand(command, args, new Date('2126-01-01T00:00:00Z'))
    expect([late.exit, late.err]).toEqual([1, expect.stringContaining('nothing is pinned')])
    changed({ dangerouslyTrustSimulatedRoots: [] })
    expect((await pin(...args.slice(0, 1))).exit).toBe(1)
    expect(readdirSync(folder).sort()).toEqual(['gateway.cmw.json', 'policy.json'])
  })

  it('writes nothing where a check fails', async () => {
    changed({ dangerouslyTrustSimulatedRoots: [] })
    const { exit, err, out } = await pin(gateway.base)
    expect(exit).toBe(1)
    expect(out).toContain('SIMULATED_EVIDENCE')
    expect(err).toContain('nothing is pinned')
    expect(readdirSync(folder)).toEqual(['policy.json'])
  })

  it('writes nothing where a check that is due could not be performed', async () => {
    changed({ revocations: { keys: ['A'.repeat(43)], maximumAgeSeconds: 60 } })
    expect((await pin(gateway.base)).exit).toBe(3)
    expect(readdirSync(folder)).toEqual(['policy.json'])
  })

  it.each([
    ['any weights of a model that the evidence measures', 'countersign-demo-2m=none'],
    ['a model whose name looks like another', 'countersign-dem\u043e-2m=none'],
  ])('writes nothing that admits %s', async (_, model) => {
    await expect(pin(gateway.base, '--model', model)).rejects.toMatchObject({ failure: 'POLICY_INVALID' })
    expect(readdirSync(folder)).toEqual(['policy.json'])
  })

  it('writes nothing over a file that is no lock', async () => {
    writeFileSync(file('lock.json'), '{"rows":[]}')
    await expect(pin(gateway.base)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
    expect(read()).toBe('{"rows":[]}')
  })

  it('writes nothing for a row that is there', async () => {
    await pin(gateway.base)
    const before = read()
    await expect(pin(gateway.base)).rejects.toMatchObject({ failure: 'POLICY_INVALID' })
    expect(read()).toBe(before)
  })

  it('writes nothing by a policy that is older than the lock asks for', async () => {
    const lock = decodeLock(gateway.lockText)
    writeFileSync(file('lock.json'), encodeLock({ ...lock, minimumPolicyRevision: 9 }))
    await expect(pin(gateway.base)).rejects.toMatchObject({ failure: 'POLICY_ROLLBACK' })
  })
})

function gatewayRow() {
  const [row] = decodeLock(gateway.lockText).rows
  if (row === undefined) throw new Error('the gateway has a row')
  return row
}

const measured = (change: object = {}): string => {
  const { rows } = JSON.parse(gateway.lockText)
  return `${JSON.stringify({ ...rows[0], measurements: { measurement: 'e'.repeat(96) }, status: 'next', ...change })}\n`
}

describe('countersign pin --measured', () => {
  beforeEach(() => writeFileSync(file('lock.json'), gateway.lockText))

  it('adds rows that were calculated, as next', async () => {
    writeFileSync(file('rows'), measured() + measured({ measurements: { measurement: 'f'.repeat(96) } }))
    expect((await pin('--measured', file('rows'))).exit).toBe(0)
    expect(decodeLock(read()).rows.map(({ status }) => status)).toEqual(['active', 'next', 'next'])
    expect(decodeLock(read()).revision).toBe(2)
  })

  it.each(['', '\n'])('asks whether the calculation failed where the file is %j', async (text) => {
    writeFileSync(file('rows'), text)
    await expect(pin('--measured', file('rows'))).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: 'no row is measured there',
    })
    expect(read()).toBe(gateway.lockText)
  })

  it.each<[string, () => string, string]>([
    ['a wildcard', () => measured({ measurements: { measurement: '*' } }), 'POLICY_INVALID'],
    ['a row that counts at once', () => measured({ status: 'active' }), 'POLICY_INVALID'],
    ['a row twice', () => measured() + measured(), 'POLICY_INVALID'],
    ['a row without models', () => measured({ models: [] }), 'POLICY_INVALID'],
    ['a row without its configuration', () => measured({ config: undefined }), 'POLICY_INCOMPLETE'],
    ['a row past its last day', () => measured({ notAfter: '2020-01-01T00:00:00Z' }), 'POLICY_INVALID'],
    [
      'provenance that nothing proves',
      () =>
        measured({
          provenance: {
            issuer: 'https://issuer.example',
            identity: 'https://example.com/a',
            bundle: `sha256:${'b'.repeat(64)}`,
            subject: `sha256:${'c'.repeat(64)}`,
          },
        }),
      'PROVENANCE_FORMAT',
    ],
    [
      'the code that runs, with any weights',
      () => measured({ ...gatewayJson(), status: 'next', models: [{ name: 'countersign-demo-2m', digest: 'none' }] }),
      'POLICY_INVALID',
    ],
  ])('writes nothing for %s', async (_, rows, failure) => {
    writeFileSync(file('rows'), rows())
    await expect(pin('--measured', file('rows'))).rejects.toMatchObject({ failure })
    expect(read()).toBe(gateway.lockText)
  })
})

function gatewayJson() {
  return JSON.parse(gateway.lockText).rows[0]
}

describe('countersign pin rotate, revoke, diff', () => {
  beforeEach(async () => {
    writeFileSync(file('lock.json'), gateway.lockText)
    writeFileSync(file('rows'), measured())
    await pin('--measured', file('rows'))
    writeFileSync(file('before.json'), read())
  })

  it('rotates to what is next, in one step', async () => {
    expect((await onLock('rotate', '--to', 'next')).exit).toBe(0)
    expect(decodeLock(read()).rows.map(({ status }) => status)).toEqual(['revoked', 'active'])
    await expect(onLock('rotate', '--to', 'next')).rejects.toMatchObject({ failure: 'POLICY_INVALID' })
    expect(readdirSync(folder).sort()).toEqual(['before.json', 'lock.json', 'policy.json', 'rows'])
  })

  it('revokes a row by its id', async () => {
    expect((await onLock('revoke', rowId(gatewayRow()))).exit).toBe(0)
    expect(decodeLock(read()).rows[0]?.status).toBe('revoked')
  })

  it('compares two locks, and says by its exit code whether they differ', async () => {
    expect(await run(['diff', file('lock.json'), file('before.json')])).toMatchObject({ exit: 0, out: '' })
    await onLock('rotate', '--to', 'next')
    const { exit, out } = await run(['diff', file('before.json'), file('lock.json')])
    expect(exit).toBe(1)
    expect(out).toMatch(/^~ revision: 2 -> 3\n~ [0-9a-f]{12} {2}snp {2}revoked/)
    expect(out).toContain('status: next -> active')
    const json = await run(['diff', file('before.json'), file('lock.json'), '--json'])
    expect(JSON.parse(json.out).rows).toHaveLength(2)
  })

  it('refuses an older lock than one that was in use', async () => {
    expect(failureOf(() => decodeLock(read('before.json'), { atLeast: 3 }))).toBe('PIN_ROLLBACK')
    const args = [gateway.base, '--policy', file('policy.json'), '--lock', file('before.json'), '--lock-at-least', '3']
    await expect(run(args, verify)).rejects.toThrow('PIN_ROLLBACK')
  })

  it('writes through a link, so that who reads the file itself sees a revocation', async () => {
    symlinkSync(file('before.json'), file('link.json'))
    expect((await run(['revoke', rowId(gatewayRow()), '--lock', file('link.json')])).exit).toBe(0)
    expect(lstatSync(file('link.json')).isSymbolicLink()).toBe(true)
    expect(decodeLock(read('before.json')).rows[0]?.status).toBe('revoked')
  })

  it('writes nothing while somebody else does, and leaves what that one writes', async () => {
    writeFileSync(file('lock.json.draft'), 'half')
    await expect(onLock('revoke', rowId(gatewayRow()))).rejects.toThrow('somebody writes the lock')
    expect([read(), read('lock.json.draft')]).toEqual([read('before.json'), 'half'])
  })

  it('undoes nothing that somebody else wrote meanwhile', async () => {
    const opened = await openExistingLock(file('lock.json'))
    await onLock('revoke', rowId(gatewayRow()))
    const revoked = read()
    await expect(writeLockFile(opened, opened.lock)).rejects.toThrow('changed meanwhile')
    await expect(writeLockFile({ ...opened, text: undefined }, opened.lock)).rejects.toThrow('changed meanwhile')
    expect(read()).toBe(revoked)
    expect(readdirSync(folder)).not.toContain('lock.json.draft')
  })

  it('says what it cannot write', async () => {
    const { lock } = await openExistingLock(file('lock.json'))
    const nowhere = await openLockFile(file('nowhere/lock.json'))
    await expect(writeLockFile(nowhere, lock)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  it.each([[['rotate']], [['rotate', '--to', 'active']], [['revoke']], [['diff', 'one.json']], [[]]])(
    'says what %j lacks',
    async (args) => {
      await expect(run(args)).rejects.toMatchObject({ code: 'ERR_USAGE' })
    },
  )
})

describe('countersign verify --frozen', () => {
  const frozen = (...args: readonly string[]) =>
    run([gateway.base, '--policy', file('policy.json'), '--frozen', ...args], verify)

  it('refuses to judge without a lock file', async () => {
    await expect(frozen()).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })

  it('refuses what would write a cache', async () => {
    writeFileSync(file('lock.json'), gateway.lockText)
    const cache = ['--fetch', '--cache', file('cache')]
    await expect(frozen('--lock', file('lock.json'), ...cache)).rejects.toMatchObject({ code: 'ERR_USAGE' })
    expect(readdirSync(folder).sort()).toEqual(['lock.json', 'policy.json'])
  })
})
