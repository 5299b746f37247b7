/** What a question costs that has no answer: receipts and sessions that never were, asked of many logs. */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { Turns } from '../../../src/server/routes/turns.ts'
import { beginLineage, createFileStore, type ObjectStore } from '../../../src/storage/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { createGate } from '../upstream/mock-upstream.ts'
import { ask, type GatewayFixture, HOST, PLAIN_MODEL, ridOf, startFixture } from './gateway-fixture.ts'

const open: GatewayFixture[] = []
afterEach(async () => {
  for (const fixture of open.splice(0)) await fixture.close()
})

interface Watched {
  readonly store: ObjectStore
  /** Names that were read or listed, since it was emptied. */
  readonly asked: string[]
}

function watch(inner: ObjectStore): Watched {
  const asked: string[] = []
  const store: ObjectStore = new Proxy(inner, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: readonly unknown[]) => {
        if (name === 'read' || name === 'readRange' || name === 'list') asked.push(String(args[0]))
        return Reflect.apply(member, target, args)
      }
    },
  })
  return { store, asked }
}

/** Boots that ended, each with a receipt, and one that runs. */
async function startAfter(ended: number) {
  const files = new MemoryFiles()
  const { store, asked } = watch(createFileStore('/data', files))
  await beginLineage(store, { name: 'main', host: HOST })
  const past: { readonly id: string; readonly rid: string }[] = []
  const boot = async (): Promise<GatewayFixture> => {
    const fixture = await startFixture({ lineage: 'there', deps: { store } })
    open.push(fixture)
    return fixture
  }
  for (let i = 0; i < ended; i++) {
    const fixture = await boot()
    past.push({ id: fixture.gateway.log.id, rid: ridOf(await fixture.chat(ask(PLAIN_MODEL))) })
    await fixture.stop()
    open.pop()
  }
  const fixture = await boot()
  return { fixture, files, asked, past }
}

const ofEarlier = (asked: readonly string[], past: readonly { readonly id: string }[]): readonly string[] =>
  asked.filter((name) => past.some(({ id }) => name.includes(id)))

describe('a receipt that never was', () => {
  it('opens no earlier log, and what is no id looks nowhere', async () => {
    const { fixture, asked, past } = await startAfter(3)
    const unknown = (): string => randomBytes(16).toString('base64url')
    expect((await fixture.get(`/v1/receipts/${unknown()}`)).status).toBe(404)
    asked.length = 0
    expect((await fixture.get(`/v1/receipts/${unknown()}`)).status).toBe(404)
    expect(ofEarlier(asked, past)).toHaveLength(3)
    expect(ofEarlier(asked, past).filter((name) => !name.includes('/index/'))).toEqual([])
    asked.length = 0
    expect((await fixture.get('/v1/receipts/AAAA')).status).toBe(404)
    expect(ofEarlier(asked, past)).toEqual([])
    for (const { rid } of past) expect((await fixture.get(`/v1/receipts/${rid}`)).status).toBe(200)
  })

  it('is looked for by each tenant one by one, and so many may wait', async () => {
    const turns = new Turns(2)
    const gate = createGate()
    const began: string[] = []
    const search = (name: string) => async (): Promise<string> => {
      began.push(name)
      await gate.opened
      return name
    }
    const taken = [turns.take('a', search('a1')), turns.take('a', search('a2'))]
    expect(turns.take('a', search('a3'))).toBeUndefined()
    const other = turns.take('b', search('b1'))
    await Promise.resolve()
    expect(began).toEqual(['a1', 'b1'])
    gate.open()
    expect(await Promise.all([...taken, other])).toEqual(['a1', 'a2', 'b1'])
    expect(await turns.take('a', search('a4'))).toBe('a4')
  })
})

it('a receipt is found though the index of another log was cut', async () => {
  const { fixture, files, past } = await startAfter(2)
  const [older, newer] = past
  const name = files.paths().find((path) => path.startsWith(`/data/private/${newer?.id}/index/`)) ?? ''
  files.put(name, files.read(name)?.subarray(0, -20) ?? new Uint8Array(0))
  expect((await fixture.get(`/v1/receipts/${older?.rid}`)).status).toBe(200)
  const told = fixture.lines.filter(({ event }) => event === 'history-damaged')
  expect(JSON.stringify(told)).toContain(newer?.id)
})

it('a session that never was is looked for once', async () => {
  const { fixture, asked, past } = await startAfter(2)
  const hexOf = async (id: string): Promise<string> =>
    JSON.parse((await fixture.get(`/log/${id}/genesis`)).text).session.slice('sha256:'.length)
  for (const { id } of past) expect((await fixture.get(`/v1/sessions/${await hexOf(id)}`)).status).toBe(200)
  asked.length = 0
  for (let i = 0; i < 5; i++)
    expect((await fixture.get(`/v1/sessions/${randomBytes(32).toString('hex')}`)).status).toBe(404)
  expect(ofEarlier(asked, past)).toEqual([])
})
