/** `countersign revocations`, and the list that commands are given. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { command as pin } from '../../src/cli/commands/pin.ts'
import { command as revocations } from '../../src/cli/commands/revocations.ts'
import { command as verify } from '../../src/cli/commands/verify.ts'
import { readProxyTrust } from '../../src/cli/proxy/trust.ts'
import { createNumberMemory, type FollowOptions, followRevocations } from '../../src/cli/revocations/follow.ts'
import { createFileRecords } from '../../src/client-node/index.ts'
import { decodePolicy } from '../../src/core/policy.ts'
import { judge } from '../../src/core/verdict.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { runCommand } from './run-command.ts'

const DAY_MS = 86_400_000
const MEASUREMENT = 'e'.repeat(96)

let gateway: TestGateway
let folder: string
let key: string
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.close())
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-revocations-'))
  key = (await runCommand(revocations, ['keygen', '--out', file('key')])).out.trim()
  writeFileSync(file('lock.json'), gateway.lockText)
  demand({ keys: [key], maximumAgeSeconds: 3600 })
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = (name: string): string => join(folder, name)
const second = (offsetMs: number): string => new Date(Date.now() + offsetMs).toISOString().replace(/\.\d{3}/, '')
const demand = (given: object | 'unchecked'): void =>
  writeFileSync(file('policy.json'), JSON.stringify({ ...JSON.parse(gateway.policyText), revocations: given }))
const policy = () => decodePolicy(readFileSync(file('policy.json'), 'utf8'))

function write(change: object = {}): void {
  const list = {
    version: 1,
    number: 7,
    issuedAt: second(-1000),
    expiresAt: second(DAY_MS),
    boots: [],
    chips: [],
    measurements: [{ platform: 'snp', measurements: { measurement: MEASUREMENT }, reason: 'a hole in its kernel' }],
    models: [],
    ...change,
  }
  writeFileSync(file('list.json'), JSON.stringify(list))
}

const sign = (...more: readonly string[]) =>
  runCommand(revocations, ['sign', file('list.json'), '--key', file('key'), '--out', file('list.jws'), ...more])
const inspect = (...more: readonly string[]) => runCommand(revocations, ['inspect', file('list.jws'), ...more])
const firstLine = (text: string): string => text.slice(0, text.indexOf('\n'))
const files = (): readonly string[] => ['--policy', file('policy.json'), '--lock', file('lock.json')]
const given = (...more: readonly string[]): readonly string[] => [
  ...files(),
  '--revocations',
  file('list.jws'),
  ...more,
]

async function publish(change: object = {}): Promise<void> {
  write(change)
  await sign()
}

describe('countersign revocations keygen', () => {
  it('makes a key for its owner alone, prints what policy wants, and never the key', async () => {
    const { out, err } = await runCommand(revocations, ['keygen', '--out', file('other')])
    expect(out).toMatch(/^[\w-]{43}\n$/)
    expect(statSync(file('other')).mode & 0o777).toBe(0o600)
    const secret = readFileSync(file('other'), 'utf8').split('\n')[1] ?? ''
    expect(secret.length).toBeGreaterThan(40)
    expect(`${out}${err}`).not.toContain(secret)
    demand({ keys: [out.trim()], maximumAgeSeconds: 60 })
    expect(policy().revocations).toEqual({ keys: [out.trim()], maximumAgeSeconds: 60 })
  })

  it('never replaces a key', async () => {
    const before = readFileSync(file('key'))
    await expect(runCommand(revocations, ['keygen', '--out', file('key')])).rejects.toMatchObject({
      code: 'ERR_CONFIG',
    })
    expect(readFileSync(file('key'))).toEqual(before)
  })
})

describe('countersign revocations sign', () => {
  it('signs a list that verifies, and the next one over it', async () => {
    write()
    expect(await sign()).toMatchObject({ exit: 0, out: '' })
    expect(firstLine((await inspect('--policy', file('policy.json'))).out)).toMatch(/^verified/)
    write({ number: 8, measurements: [] })
    expect((await sign()).err).toContain(`no longer revoked: measurement snp {"measurement":"${MEASUREMENT}"}`)
  })

  it.each<[string, () => object]>([
    ['an end that has passed', () => ({ issuedAt: second(-2 * DAY_MS), expiresAt: second(-1000) })],
    ['an end more than a year away', () => ({ expiresAt: second(367 * DAY_MS) })],
    ['a beginning that is to come', () => ({ issuedAt: second(60_000) })],
  ])('refuses %s', async (_, change) => {
    write(change())
    await expect(sign()).rejects.toMatchObject({ code: 'ERR_USAGE' })
    expect(readdirSync(folder)).not.toContain('list.jws')
  })

  it.each([
    ['an unknown member', { note: 'x' }],
    ['a wildcard', { models: [{ digest: '*', reason: 'x' }] }],
    ['an entry without a reason', { models: [{ digest: `sha256:${'0'.repeat(64)}` }] }],
  ])('refuses a list with %s', async (_, change) => {
    write(change)
    await expect(sign()).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  it.each([6, 7])('refuses number %i after 7, of the file before or the one that it would replace', async (number) => {
    await publish()
    write({ number })
    await expect(sign()).rejects.toThrow('number 7')
    const elsewhere = ['sign', file('list.json'), '--key', file('key'), '--out', file('new.jws')]
    await expect(runCommand(revocations, [...elsewhere, '--previous', file('list.jws')])).rejects.toThrow('number 7')
    expect(readdirSync(folder)).not.toContain('new.jws')
  })

  it('replaces no newer list, and no file that is no list, whatever list before is named', async () => {
    await publish()
    writeFileSync(file('first.jws'), readFileSync(file('list.jws')))
    await publish({ number: 9 })
    const newest = readFileSync(file('list.jws'))
    write({ number: 8 })
    await expect(sign('--previous', file('first.jws'))).rejects.toThrow('number 9')
    expect(readFileSync(file('list.jws'))).toEqual(newest)
    const secret = readFileSync(file('key'))
    const over = ['sign', file('list.json'), '--key', file('key'), '--out', file('key')]
    await expect(runCommand(revocations, [...over, '--previous', file('first.jws')])).rejects.toMatchObject({
      code: 'ERR_CONFIG',
    })
    expect(readFileSync(file('key'))).toEqual(secret)
  })

  it('goes by no list before that another key signed, unless policy names both', async () => {
    await publish()
    const other = (await runCommand(revocations, ['keygen', '--out', file('other')])).out.trim()
    write({ number: 8 })
    const rotate = ['sign', file('list.json'), '--key', file('other'), '--out', file('list.jws')]
    await expect(runCommand(revocations, rotate)).rejects.toThrow('not signed by this key')
    await expect(runCommand(revocations, [...rotate, '--policy', file('policy.json')])).rejects.toThrow('does not name')
    demand({ keys: [key, other], maximumAgeSeconds: 3600 })
    expect((await runCommand(revocations, [...rotate, '--policy', file('policy.json')])).exit).toBe(0)
  })

  it('takes no key that others may read, nor one of another kind', async () => {
    write()
    writeFileSync(file('loose'), readFileSync(file('key')), { mode: 0o644 })
    const by = (name: string) =>
      runCommand(revocations, ['sign', file('list.json'), '--key', file(name), '--out', file('list.jws')])
    await expect(by('loose')).rejects.toThrow('chmod 600')
    mkdirSync(file('folder'), { mode: 0o700 })
    await expect(by('folder')).rejects.toMatchObject({ code: 'ERR_CONFIG' })
    writeFileSync(file('garbage'), 'SECRET', { mode: 0o600 })
    await expect(by('garbage')).rejects.toThrow(/^(?!.*SECRET)/)
  })
})

describe('countersign revocations inspect', () => {
  it('shows entries, and first that nobody vouches for them', async () => {
    await publish()
    const { exit, out } = await inspect()
    expect(exit).toBe(0)
    expect(firstLine(out)).toBe('not verified: no policy is given')
    expect(out).toContain(`measurement  snp measurement ${MEASUREMENT}  a hole in its kernel`)
  })

  it.each<[string, () => object | 'unchecked', string]>([
    [
      'names another key',
      () => ({ keys: ['Q'.repeat(42).concat('A')], maximumAgeSeconds: 60 }),
      'REVOCATIONS_SIGNATURE',
    ],
    ['names nobody', () => 'unchecked', 'nobody who may revoke'],
  ])('says not verified where policy %s', async (_, revoking, words) => {
    await publish()
    demand(revoking())
    const { exit, out } = await inspect('--policy', file('policy.json'))
    expect(exit).toBe(1)
    expect(firstLine(out)).toMatch(/^not verified: /)
    expect(firstLine(out)).toContain(words)
  })

  it('says not verified of a list that is too old', async () => {
    await publish()
    const late = new Date(Date.now() + 7_200_000)
    const { exit, out } = await runCommand(
      revocations,
      ['inspect', file('list.jws'), '--policy', file('policy.json')],
      late,
    )
    expect(exit).toBe(1)
    expect(firstLine(out)).toContain('REVOCATIONS_EXPIRED')
    expect(JSON.parse((await inspect('--json', '--policy', file('policy.json'))).out)).toMatchObject({ verified: true })
  })
})

describe('--revocations', () => {
  it('is what a policy that asks wants, and verify says so', async () => {
    const without = await runCommand(verify, [gateway.base, ...files()])
    expect(without.exit).toBe(3)
    expect(without.out).toContain('--revocations FILE')
    await publish()
    expect((await runCommand(verify, [gateway.base, ...given('--frozen')])).exit).toBe(0)
  })

  it('revokes what a lock still pins, for verify and pin alike', async () => {
    const [row] = JSON.parse(gateway.lockText).rows
    await publish({ measurements: [{ platform: 'snp', measurements: row.measurements, reason: 'a hole' }] })
    for (const command of [verify, pin]) {
      const { exit, out } = await runCommand(command, [gateway.base, ...given()])
      expect(exit).toBe(1)
      expect(out).toContain('REVOKED')
    }
    expect(readFileSync(file('lock.json'), 'utf8')).toBe(gateway.lockText)
  })

  it('pins where the list names others', async () => {
    await publish()
    rmSync(file('lock.json'))
    expect((await runCommand(pin, [gateway.base, ...given()])).exit).toBe(0)
  })

  it('is refused where it is older than --revocations-at-least', async () => {
    await publish()
    const { exit, out } = await runCommand(verify, [gateway.base, ...given('--revocations-at-least', '8')])
    expect(exit).toBe(1)
    expect(out).toContain('REVOCATIONS_ROLLBACK')
    expect((await runCommand(verify, [gateway.base, ...given('--revocations-at-least', '7')])).exit).toBe(0)
  })

  it('writes nothing where the caller has no place for it', async () => {
    await publish()
    const before = readdirSync(folder)
    await runCommand(verify, [gateway.base, ...given('--frozen')])
    expect(readdirSync(folder)).toEqual(before)
  })

  it.each<[string, () => readonly string[]]>([
    ['a policy that names nobody', () => given()],
    ['a number without a list', () => [...files(), '--revocations-at-least', '7']],
    ['a number that is none', () => given('--revocations-at-least', '1e3')],
  ])('is refused with %s', async (name, args) => {
    await publish()
    if (name.startsWith('a policy')) demand('unchecked')
    await expect(runCommand(verify, [gateway.base, ...args()])).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })

  it('is refused where it is no list', async () => {
    writeFileSync(file('list.jws'), 'x.y.z')
    await expect(runCommand(verify, [gateway.base, ...given()])).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})

describe('a list that is followed', () => {
  const warnings: string[] = []
  const open = (more: Partial<FollowOptions> = {}) =>
    followRevocations({
      policy: policy(),
      atLeast: 0,
      memory: undefined,
      readList: async () => ({ file: 'list.jws', octets: readFileSync(file('list.jws')) }),
      warn: (message) => warnings.push(message),
      now: () => new Date(),
      ...more,
    })

  async function shown({ judge: decide }: Awaited<ReturnType<typeof open>>): Promise<string> {
    const demanded = policy().revocations
    if (demanded === 'unchecked') throw new Error('policy asks')
    const verdict = await judge(['revocation'], async (check): Promise<object> => {
      decide(check, demanded, {})
      return {}
    })
    return verdict.ok ? (verdict.checks[0]?.detail ?? '') : verdict.code
  }

  it('is taken over when it is newer, and kept when the new one is older, or nobody signed it', async () => {
    await publish()
    const list = await open()
    const old = readFileSync(file('list.jws'))
    await publish({ number: 8 })
    await list.reload()
    expect(await shown(list)).toContain('list 8')
    writeFileSync(file('list.jws'), old)
    await list.reload()
    expect(await shown(list)).toContain('list 8')
    expect(warnings.at(-1)).toContain('older than 8')
    writeFileSync(file('list.jws'), 'x')
    await list.reload()
    expect(await shown(list)).toContain('list 8')
    const [, payload] = old.toString().split('.')
    writeFileSync(file('list.jws'), [Buffer.from('{}').toString('base64url'), payload, 'AA'].join('.'))
    await list.reload()
    expect(await shown(list)).toContain('list 8')
    expect(warnings.at(-1)).toContain('no key')
  })

  it('is held to the highest number of an earlier run', async () => {
    const memory = createNumberMemory(await createFileRecords(file('store')), () => new Date())
    await publish()
    const old = readFileSync(file('list.jws'))
    await publish({ number: 8 })
    expect(await shown(await open({ memory }))).toContain('list 8')
    writeFileSync(file('list.jws'), old)
    expect(await shown(await open({ memory }))).toBe('REVOCATIONS_ROLLBACK')
    expect(await memory.read()).toBe(8)
    writeFileSync(join(file('store'), 'revocations.seen'), 'eight')
    await expect(open({ memory })).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  it('is what a proxy judges by, with its memory in the store', async () => {
    await publish()
    const io = {
      out: () => undefined,
      err: () => undefined,
      colour: false,
      progress: false,
      env: {},
      now: () => new Date(),
    }
    const values = { policy: file('policy.json'), lock: file('lock.json'), revocations: file('list.jws') }
    const { trust, close } = await readProxyTrust({ ...values, store: file('store') }, io)
    close()
    expect(trust.revocations).toBeTypeOf('function')
    expect(readFileSync(join(file('store'), 'revocations.seen'), 'utf8')).toBe('7')
  })
})
