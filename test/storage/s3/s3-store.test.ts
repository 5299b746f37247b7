/** The bucket driver keeps the contract on a real server, and lets one of two writers go on. @module */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  adoptLineage,
  backupStore,
  beginLineage,
  createStore,
  openLineage,
  restoreStore,
} from '../../../src/storage/index.ts'
import { createMemoryStore } from '../../kit/memory-store.ts'
import { rejectionOf } from '../../kit/rejection-of.ts'
import { hasS3Server, type S3Server, startS3Server } from '../../kit/s3-server.ts'
import { type Machine, startProcess, Time } from '../lineage/machine.ts'
import { describeStore } from '../store-contract.ts'

const NAMES = { name: 'main', host: 'gw.example.com' }
const octets = (text: string) => new TextEncoder().encode(text)
let server: S3Server
let stores = 0

/** An empty part of the bucket. */
const openStore = (prefix = `store-${++stores}/`) => createStore({ kind: 's3', ...server.place, prefix }, '')

describe.runIf(hasS3Server)('a bucket', () => {
  beforeAll(async () => {
    server = await startS3Server()
  })
  afterAll(() => server.stop())

  describeStore('bucket', () => openStore())

  it('[L13] fences the second of two writers of one journal', async () => {
    const prefix = `store-${++stores}/`
    const store = await openStore(prefix)
    const journal = await store.createJournal('private/a/wal/0')
    await journal.append(octets('one'))
    await journal.sync()
    // What a second process would make, that took itself for the writer.
    await (await openStore(prefix)).write([{ name: 'x', bytes: octets('x') }])
    const { Bucket } = await import('../../../src/storage/s3/bucket.ts')
    await new Bucket(server.place).put(`${prefix}private/a/wal/0~/0000000000000003`, octets('theirs'))
    await journal.append(octets('two'))
    expect(await rejectionOf(journal.sync())).toMatchObject({ failure: 'LOG_FENCED' })
    expect(await rejectionOf(journal.append(octets('x')))).toMatchObject({ code: 'ERR_LOG_APPEND' })
  })

  it('[L13] has one writer of a lineage, from machine to machine', async () => {
    const time = new Time()
    const machines = ['kernel-1', 'kernel-2'].map((bootId): Machine => ({ bootId, living: new Set() }))
    const [here = { bootId: '', living: new Set<string>() }, there = here] = machines
    const store = await openStore()
    await beginLineage(store, { ...NAMES, process: startProcess(time, here, 1) })
    const first = startProcess(time, here, 2)
    const lineage = await openLineage(store, { ...NAMES, process: first })
    await lineage.moveHead('log-a')
    expect(await rejectionOf(openLineage(store, { ...NAMES, process: startProcess(time, there, 2) }))).toMatchObject({
      failure: 'LOG_FENCED',
    })
    first.isPaused = true
    const next = await openLineage(store, { ...NAMES, process: startProcess(time, there, 3) })
    expect(await next.head()).toEqual({ log: 'log-a' })
    expect(await rejectionOf(lineage.fence())).toMatchObject({ failure: 'LOG_FENCED' })
  })

  it('is backed up to a folder and restored from it', async () => {
    const process = startProcess(new Time(), { bootId: 'kernel-1', living: new Set() }, 1)
    const store = await openStore()
    await beginLineage(store, { ...NAMES, process })
    await store.write([{ name: 'log/log-a/checkpoint', bytes: octets('x') }])
    const journal = await store.createJournal('private/log-a/wal/0')
    await journal.append(octets('entries'))
    await journal.sync()
    const copy = createMemoryStore()
    await backupStore(store, copy, { taken: 1_700_000_000 })
    const restored = await openStore()
    await restoreStore(copy, restored, {})
    await adoptLineage(restored, { name: 'main', process })
    const reader = await restored.openJournal('private/log-a/wal/0')
    expect(await reader?.read(0, 100)).toEqual(octets('entries'))
    await (await openLineage(restored, { ...NAMES, process })).release()
  })
})
