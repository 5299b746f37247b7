/** The contract of receipt stores, for each place that octets can lie in; and what is particular to each. */
import { chmod, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileReceiptStore, createFileRecords } from '../../src/client-node/receipt-files.ts'
import {
  createIndexedDbRecords,
  createIndexedDbStore,
  createMemoryRecords,
  createMemoryStore,
} from '../../src/receipt-store/index.ts'
import { answerOf, describeStore } from './store-contract.ts'

describe('answers in memory', () => {
  let records = createMemoryRecords()
  beforeEach(() => {
    records = createMemoryRecords()
  })
  describeStore(async () => records)

  it('are bounded by a whole number', () => {
    expect(() => createMemoryStore({ maxEntries: 0 })).toThrow('maxEntries')
  })
})

describe('answers in IndexedDB', () => {
  let indexedDB = new IDBFactory()
  beforeEach(() => {
    indexedDB = new IDBFactory()
  })
  describeStore(async () => createIndexedDbRecords({ indexedDB }))

  it('are of one database alone', async () => {
    await createIndexedDbStore({ indexedDB, name: 'one' }).keep(answerOf('a'))
    expect(await createIndexedDbStore({ indexedDB, name: 'two' }).list()).toEqual([])
  })

  it('are refused by name where there is no database', async () => {
    await expect(createIndexedDbStore().keep(answerOf('a'))).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})

describe('answers in files', () => {
  let parent = ''
  let folder = ''
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'countersign-receipts-'))
    folder = join(parent, 'receipts')
  })
  afterEach(() => rm(parent, { recursive: true, force: true }))
  describeStore(() => createFileRecords(folder))

  it('are for their owner alone, under names that say nothing', async () => {
    await (await createFileReceiptStore(folder)).keep(answerOf('a'))
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    const names = await readdir(folder)
    expect(names).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.answer$/)])
    expect((await stat(join(folder, names[0] ?? ''))).mode & 0o777).toBe(0o600)
  })

  it('are not laid where others may look', async () => {
    await createFileReceiptStore(folder)
    await chmod(folder, 0o750)
    await expect(createFileReceiptStore(folder)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  it('are not confused by what a crash left half written', async () => {
    const store = await createFileReceiptStore(folder)
    await writeFile(join(folder, '.0000.draft'), 'half of an answ')
    await writeFile(join(folder, '.1111.draft'), 'of a writer at work')
    await utimes(join(folder, '.0000.draft'), 1, 1)
    await store.keep(answerOf('a'))
    expect(await (await createFileReceiptStore(folder)).list()).toEqual(['a'])
    expect((await readdir(folder)).filter((name) => name.endsWith('.draft'))).toEqual(['.1111.draft'])
  })

  it('say which folder fails, and leave no draft behind', async () => {
    const store = await createFileReceiptStore(folder)
    await rm(folder, { recursive: true })
    await expect(store.keep(answerOf('a'))).rejects.toThrow(folder)
  })
})
