/** One boot after another on one disk: what is carried over, what genesis says of it, and what is refused. */
import { afterEach, describe, expect, it } from 'vitest'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeEntry, decodeEntryBundle, encodeTilePath } from '../../../src/core/log/index.ts'
import { receiptEntry } from '../../../src/core/receipt/receipt.ts'
import { beginLineage, createFileStore, nodeProcess, type ObjectStore } from '../../../src/storage/index.ts'
import { MemoryFiles, type Step } from '../../kit/memory-files.ts'
import { CHAT_COMPLETION, json } from '../upstream/mock-answers.ts'
import { createGate } from '../upstream/mock-upstream.ts'
import {
  ask,
  attest,
  type FixtureOptions,
  type GatewayFixture,
  HOST,
  PLAIN_MODEL,
  receiptOf,
  startFixture,
} from './gateway-fixture.ts'

/** Another process than the one that held the lease: that one is gone. */
const PROCESS = { ...nodeProcess(), isAlive: async () => false }
/** The first quote comes, no other does. */
const failsAfterFirst = (call: number): 'none' | 'error' => (call === 0 ? 'none' : 'error')

const open: GatewayFixture[] = []
afterEach(async () => {
  for (const fixture of open.splice(0)) await fixture.close()
})

async function boot(files: MemoryFiles, options: FixtureOptions = {}): Promise<GatewayFixture> {
  const store = createFileStore('/data', files)
  const fixture = await startFixture({
    lineage: 'there',
    ...options,
    deps: { ...options.deps, store, process: PROCESS },
  })
  open.push(fixture)
  return fixture
}

async function newDisk(): Promise<MemoryFiles> {
  const files = new MemoryFiles()
  await beginLineage(createFileStore('/data', files), { name: 'main', host: HOST })
  return files
}

interface Genesis {
  readonly session: string
  readonly previous: Readonly<Record<string, unknown>>
}

async function genesisOf(fixture: GatewayFixture): Promise<Genesis> {
  return JSON.parse((await fixture.get(`/log/${fixture.gateway.log.id}/genesis`)).text)
}

async function entriesOf({ gateway }: GatewayFixture, size: number): Promise<readonly Uint8Array[]> {
  await gateway.log.checkpoint()
  const bundle = await gateway.log.readFile(encodeTilePath({ level: 'entries', index: 0, width: size }))
  return decodeEntryBundle(bundle ?? new Uint8Array(0))
}

const headOf = async (store: ObjectStore): Promise<string> =>
  JSON.parse(Buffer.from((await store.read('lineage/main/head')) ?? []).toString()).log

/** A disk on which a boot ended with receipts that no quote covers, and one request open. */
async function crashed(): Promise<{
  readonly files: MemoryFiles
  readonly receipts: readonly string[]
  readonly first: GatewayFixture
}> {
  const files = await newDisk()
  const gate = createGate()
  let pending = false
  const answer = () => (pending ? [{ until: gate.opened }, ...json(CHAT_COMPLETION)] : json(CHAT_COMPLETION))
  const first = await boot(files, { answer, faults: failsAfterFirst })
  const receipts: string[] = []
  for (let i = 0; i < 3; i++) receipts.push(receiptOf(await first.chat(ask(PLAIN_MODEL))))
  pending = true
  const unanswered = first.chat(ask(PLAIN_MODEL))
  await first.mock.request(4)
  const found = files.afterCrash(() => true, { names: 'all' })
  gate.open()
  await unanswered
  return { files: found, receipts, first }
}

const digestOf = (token: string): string => encodeHex(receiptEntry(token.split('~')[0] ?? '').subarray(1))

describe('a boot', () => {
  it('carries the receipts that no quote covered behind its genesis, and says how many requests were open', async () => {
    const { files, receipts, first } = await crashed()
    const second = await boot(files)
    const { previous, session } = await genesisOf(second)
    expect(previous).toMatchObject({ source: 'disk', origin: first.gateway.log.origin, recovered: 3, open: 1 })
    expect((await second.get(`/log/${first.gateway.log.id}/checkpoint`)).text).toBe(previous['checkpoint'])
    expect(session).toBe((await attest(second)).sessionDigest)
    const entries = (await entriesOf(second, 5)).map(decodeEntry)
    expect(entries.map(({ type }) => type)).toEqual(['genesis', 'recovered', 'recovered', 'recovered', 'quote'])
    expect(entries.slice(1, 4).map(({ digest }) => encodeHex(digest))).toEqual(receipts.map(digestOf))
    expect(second.gateway.log.counts).toEqual({ intents: 0, receipts: 0, open: 0 })
  })

  it('carries nothing over that was quoted', async () => {
    const files = await newDisk()
    const first = await boot(files)
    await first.chat(ask(PLAIN_MODEL))
    await first.stop()
    const second = await boot(files)
    expect((await genesisOf(second)).previous).toMatchObject({
      source: 'disk',
      origin: first.gateway.log.origin,
      recovered: 0,
      open: 0,
    })
  })

  it('carries over from the log before when the one between ended before its first quote', async () => {
    const { files, receipts } = await crashed()
    const second = await boot(files, { unready: true, faults: () => 'error' })
    const third = await boot(files.afterCrash(() => true, { names: 'all' }))
    expect((await genesisOf(third)).previous).toMatchObject({
      origin: second.gateway.log.origin,
      recovered: receipts.length,
    })
  })

  it('carries over from as many logs before as a failing disk may have left without a quote', async () => {
    const { files, receipts, first } = await crashed()
    const store = createFileStore('/data', files)
    let previous = first.gateway.log.id
    const { token } = JSON.parse(Buffer.from((await store.read('lineage/main/head')) ?? []).toString())
    for (let i = 0; i < 200; i++) {
      const id = Buffer.alloc(32, i).toString('base64url')
      const genesis = { session: `sha256:${'0'.repeat(64)}`, previous: { origin: `${HOST}/log/${previous}` } }
      await store.write([{ name: `log/${id}/genesis`, bytes: Buffer.from(JSON.stringify(genesis)) }])
      previous = id
    }
    const head = { version: 1, log: previous, token }
    await store.write([{ name: 'lineage/main/head', bytes: Buffer.from(JSON.stringify(head)) }])
    const second = await boot(files)
    expect((await genesisOf(second)).previous).toMatchObject({ recovered: receipts.length })
  })

  it('goes on behind a log whose checkpoint is damaged, from the newest one that was quoted, and tells of it', async () => {
    const { files, receipts, first } = await crashed()
    const store = createFileStore('/data', files)
    const { id } = first.gateway.log
    const [size = ''] = (await store.list(`log/${id}/evidence`)).slice(-1)
    const note = Buffer.from((await store.read(`log/${id}/checkpoint`)) ?? []).toString()
    await store.write([{ name: `log/${id}/checkpoint`, bytes: Buffer.from(note.replace(/\n[0-9]+\n/, '\n9\n')) }])
    const second = await boot(files)
    const { previous } = await genesisOf(second)
    expect(previous).toMatchObject({ source: 'disk', origin: first.gateway.log.origin, recovered: receipts.length })
    expect(String(previous['checkpoint']).split('\n')[1]).toBe(size)
    expect(JSON.stringify(second.lines.filter(({ event }) => event === 'history-damaged'))).toContain(id)
    expect((await second.get(`/log/${id}/checkpoint`)).status).toBe(500)
  })

  it('believes no evidence of an earlier log that does not verify: it names that log and carries nothing over', async () => {
    const { files, first } = await crashed()
    const store = createFileStore('/data', files)
    const folder = `log/${first.gateway.log.id}/evidence`
    for (const name of await store.list(folder)) {
      const bytes = Uint8Array.from((await store.read(`${folder}/${name}`)) ?? [])
      const text = Buffer.from(bytes).toString('latin1').replace('"statement"', '"statemenT"')
      await store.write([{ name: `${folder}/${name}`, bytes: Buffer.from(text, 'latin1') }])
    }
    const second = await boot(files)
    expect((await genesisOf(second)).previous).toMatchObject({
      origin: first.gateway.log.origin,
      recovered: 0,
      open: 0,
    })
  })

  it('that cannot make its genesis durable leaves the lineage as it was, and no trace of itself', async () => {
    const { files, receipts } = await crashed()
    const store = createFileStore('/data', files)
    const head = await headOf(store)
    files.onStep = ({ path }) => {
      if (path.includes('genesis')) throw new Error('EIO')
    }
    await expect(boot(files)).rejects.toMatchObject({ code: 'ERR_LOG_APPEND' })
    files.onStep = () => {}
    expect(await headOf(store)).toBe(head)
    expect(files.paths().filter((path) => /[/](?:log|private)[/]/.test(path) && !path.includes(head))).toEqual([])
    expect((await genesisOf(await boot(files))).previous).toMatchObject({ recovered: receipts.length })
  })

  it('that is killed at any of its steps loses nothing for the next one', async () => {
    const { files, receipts, first } = await crashed()
    const steps = await stepsOfBoot(files.afterCrash(() => true, { names: 'all' }))
    expect(steps).toBeGreaterThan(20)
    for (let at = 1; at < steps; at += 19) {
      const disk = files.afterCrash(() => true, { names: 'all' })
      const begin = disk.steps.length
      const reached = createGate()
      disk.onStep = (_: Step, count: number) => {
        if (count - begin < at) return undefined
        reached.open()
        return new Promise(() => {})
      }
      void boot(disk, { unready: true }).catch(() => {})
      await reached.opened
      const next = await boot(disk.afterCrash(() => true, { names: 'all' }))
      const { previous } = await genesisOf(next)
      expect(previous, `killed at step ${at}`).toMatchObject({ recovered: receipts.length })
      if (previous['origin'] === first.gateway.log.origin) expect(previous).toMatchObject({ open: 1 })
    }
  })
})

async function stepsOfBoot(files: MemoryFiles): Promise<number> {
  const fixture = await boot(files, { unready: true, faults: () => 'error' })
  const { length } = files.steps
  await fixture.get('/livez')
  return length
}

describe('a gateway does not begin', () => {
  it('in a folder without a lineage', async () => {
    await expect(startFixture({ lineage: 'there' })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('has no lineage main'),
    })
  })

  it('[L13] beside another one, which goes on', async () => {
    const first = await startFixture()
    open.push(first)
    await expect(startFixture({ dataDir: first.dataDir })).rejects.toMatchObject({ failure: 'LOG_FENCED' })
    expect((await first.chat(ask(PLAIN_MODEL))).status).toBe(200)
  })

  it('under another host than that of its lineage', async () => {
    const files = new MemoryFiles()
    await beginLineage(createFileStore('/data', files), { name: 'main', host: 'other.example.com' })
    await expect(boot(files)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})
