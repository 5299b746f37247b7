/** What a gateway does every ten minutes: thins evidence, ends retention, reads its logs back. In a time that the test moves. */
import { afterEach, describe, expect, it } from 'vitest'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { expiryDay } from '../../../src/server/context/memory/expire-states.ts'
import { writeState } from '../../../src/server/context/memory/sealed-states.ts'
import { beginLineage, createFileStore, nodeProcess, type ObjectStore } from '../../../src/storage/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { ask, attestArchive, type GatewayFixture, HOST, PLAIN_MODEL, ridOf, startFixture } from './gateway-fixture.ts'
import { call } from './http-client.ts'

const TICK_MS = 600_000
const HOUR_MS = 3_600_000
const PROCESS = { ...nodeProcess(), isAlive: async () => false }
const CMW = { accept: 'application/cmw+json' }

const open: GatewayFixture[] = []
afterEach(async () => {
  for (const fixture of open.splice(0)) await fixture.close()
})

interface Kept {
  readonly files: MemoryFiles
  readonly store: ObjectStore
  boot(operational?: object): Promise<GatewayFixture>
  /** Ends the newest boot. */
  end(): Promise<void>
  /** Lets hours pass and the upkeep be done, until nothing of it is under way. */
  pass(hours: number): Promise<void>
}

async function keep(): Promise<Kept> {
  const files = new MemoryFiles()
  const store = createFileStore('/data', files)
  await beginLineage(store, { name: 'main', host: HOST })
  let aheadMs = 0
  let armed: (() => void)[] = []
  let onArmed = (): void => {}
  const timers = {
    after(ms: number, run: () => void) {
      if (ms === TICK_MS) {
        armed = [run]
        onArmed()
        return () => {}
      }
      const timer = setTimeout(run, ms)
      return () => clearTimeout(timer)
    },
  }
  const clock = {
    now: () => new Date(Date.now() + aheadMs),
    monotonicMs: () => performance.now() + aheadMs,
  }
  const tick = async (): Promise<void> => {
    const done = new Promise<void>((resolve) => {
      onArmed = resolve
    })
    for (const run of armed.splice(0)) run()
    await done
  }
  return {
    files,
    store,
    async boot(operational = {}) {
      const deps = { store, process: PROCESS, clock, timers }
      const fixture = await startFixture({ lineage: 'there', operational, deps })
      open.push(fixture)
      return fixture
    },
    end: async () => open.pop()?.stop(),
    async pass(hours) {
      // A leap of more than a day is not believed.
      for (let left = hours; left > 0; left -= 12) {
        aheadMs += Math.min(left, 12) * HOUR_MS
        await tick()
      }
    },
  }
}

/** Receipts one after the other, each quoted before the next. */
async function quoted(fixture: GatewayFixture, count: number): Promise<readonly string[]> {
  const rids: string[] = []
  for (let i = 0; i < count; i++) {
    const reply = await fixture.chat(ask(PLAIN_MODEL), { headers: { prefer: 'receipt=quoted, wait=20' } })
    rids.push(ridOf(reply))
  }
  return rids
}

const sizesOf = async (fixture: GatewayFixture, id: string): Promise<readonly number[]> =>
  JSON.parse((await fixture.get(`/log/${id}/evidence`)).text)

async function expectProven(
  fixture: GatewayFixture,
  rids: readonly string[],
  { trust }: GatewayFixture,
): Promise<void> {
  for (const rid of rids) {
    const reply = await fixture.get(`/v1/receipts/${rid}`, CMW)
    const archive = decodeArchive(reply.octets)
    await attestArchive({ ...fixture, trust }, archive)
    expect(archive.proof).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex [1-9][0-9]*\n/)
  }
}

describe('upkeep', () => {
  it('thins the evidence of its log and of those before it, and every receipt stays proven', async () => {
    const { boot, end, pass } = await keep()
    const first = await boot()
    const earlier = await quoted(first, 4)
    const { id } = first.gateway.log
    await end()
    const second = await boot()
    const newer = await quoted(second, 4)
    const before = await sizesOf(second, id)
    expect(before.length).toBeGreaterThanOrEqual(4)
    expect((await sizesOf(second, second.gateway.log.id)).length).toBeGreaterThanOrEqual(4)
    await pass(30)
    // They were all made within two buckets of an hour at most.
    expect((await sizesOf(second, id)).length).toBeLessThan(before.length)
    expect((await sizesOf(second, id)).at(-1)).toBe(before.at(-1))
    await expectProven(second, earlier, first)
    await expectProven(second, newer, second)
    expect(second.lines.filter(({ event }) => event === 'history-damaged')).toEqual([])
  })

  it('ends retention in the last segment of an earlier log too, never in that of its own', async () => {
    const { boot, end, pass } = await keep()
    const first = await boot()
    const [earlier] = await quoted(first, 1)
    await end()
    const second = await boot({ retentionDays: 1 })
    const [newer] = await quoted(second, 1)
    await pass(12)
    expect((await second.get(`/v1/receipts/${earlier}`)).status).toBe(200)
    await pass(24)
    const lapsed = await second.get(`/v1/receipts/${earlier}`)
    expect([lapsed.status, JSON.parse(lapsed.text).error.code]).toEqual([410, 'receipt_lapsed'])
    expect((await second.get(`/v1/receipts/${earlier}/proof`)).status).toBe(200)
    expect((await second.get(`/v1/receipts/${newer}`)).status).toBe(200)
  })

  it('removes remembered conversations on their day, whether or not the gateway still remembers any', async () => {
    const { boot, files, store, pass } = await keep()
    const kept = () => files.paths().filter((path) => path.startsWith('/data/private/memory/'))
    const created = Math.floor(Date.now() / 1000)
    const receipt = `sha256:${'0'.repeat(64)}`
    const state = { created, turns: 1, elements: 1, receipt, octets: new Uint8Array(2) }
    for (const days of [1, 30]) {
      const more = { expires: expiryDay(created, days), iv: new Uint8Array(12) }
      await writeState(store, { apiKey: 'cs_a', tenant: 'a' }, { responseId: `${days}`, state, ...more })
    }
    await boot()
    await pass(12)
    expect(kept()).toHaveLength(2)
    await pass(60)
    expect(kept()).toHaveLength(1)
  })

  it('leaves logs of others in the store alone', async () => {
    const { boot, files, store, pass } = await keep()
    const fixture = await boot({ retentionDays: 1, scrubHours: 1 })
    const id = Buffer.alloc(32, 7).toString('base64url')
    const names = [`log/${id}/evidence/9`, `private/${id}/wal/0`, `private/${id}/wal/1`]
    await store.write(names.map((name) => ({ name, bytes: new Uint8Array(200) })))
    const steps = files.steps.length
    await pass(48)
    expect(files.steps.slice(steps).filter(({ path }) => path.includes(id))).toEqual([])
    expect(fixture.lines.filter((line) => line.event === 'scrub' && line.detail.includes(id))).toEqual([])
  })

  it('reads the log that is written without finding fault, and names what is damaged', async () => {
    const { boot, end, files, pass } = await keep()
    const first = await boot()
    const [erased] = await quoted(first, 3)
    await call(`${first.url}/v1/receipts/${erased}`, { method: 'DELETE' })
    await end()
    const second = await boot({ scrubHours: 1 })
    const traffic = quoted(second, 12)
    await pass(2)
    await traffic
    const said = (): readonly string[] => second.lines.flatMap((line) => (line.event === 'scrub' ? [line.detail] : []))
    expect(said()).toEqual([
      expect.stringMatching(`^log ${second.gateway.log.id}: [0-9]+ leaves read, 0 damaged$`),
      expect.stringMatching(`^log ${first.gateway.log.id}: [0-9]+ leaves read, 0 damaged$`),
    ])
    for (const tile of files.paths().filter((path) => path.includes(`${first.gateway.log.id}/tile/0/`)))
      files.put(
        tile,
        (files.read(tile) ?? new Uint8Array(0)).map((octet) => octet ^ 1),
      )
    await pass(2)
    expect(said().slice(2).join('\n')).toMatch(/tile\/0\/.*: restored/)
  })
})
