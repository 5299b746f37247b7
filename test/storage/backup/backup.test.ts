/** Copies of a store: whole, of one moment, and never a second writer by themselves. @module */
import { beforeEach, describe, expect, it } from 'vitest'
import {
  adoptLineage,
  backupStore,
  beginLineage,
  type ObjectStore,
  openLineage,
  restoreStore,
} from '../../../src/storage/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { createMemoryStore, memoryPath } from '../../kit/memory-store.ts'
import { rejectionOf } from '../../kit/rejection-of.ts'
import { type Machine, startProcess, Time } from '../lineage/machine.ts'

const NAMES = { name: 'main', host: 'gw.example.com' }
const TAKEN = { taken: 1_700_000_000 }
const octets = (text: string) => new TextEncoder().encode(text)
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)
const MIB = 1024 * 1024

describe('a backup', () => {
  const time = new Time()
  const here: Machine = { bootId: 'kernel-1', living: new Set() }
  let files: MemoryFiles
  let store: ObjectStore
  beforeEach(async () => {
    files = new MemoryFiles()
    store = createMemoryStore(files)
    await beginLineage(store, { ...NAMES, process: startProcess(time, here, 1) })
    const lineage = await openLineage(store, { ...NAMES, process: startProcess(time, here, 2) })
    await lineage.moveHead('log-a')
    await store.write(
      [
        'log/log-a/checkpoint',
        'log/log-a/tile/0/000',
        'log/log-a/evidence/7',
        'endorsements/ab',
        'private/log-a/erased',
        'private/memory/ab/abcd',
      ].map((name) => ({ name, bytes: octets(name) })),
    )
    const journal = await store.createJournal('private/log-a/wal/0')
    await journal.reserve(3 * MIB)
    await journal.append(new Uint8Array(2 * MIB).fill(5))
    await journal.append(octets('\0\0the end'))
    await journal.sync()
  })
  const isOfWriters = (name: string) => name.startsWith(memoryPath('lineage/')) || name.includes('~pending')

  it('holds every object and journal, and nothing that makes a writer', async () => {
    const copy = new MemoryFiles()
    const seen: number[] = []
    const copied = await backupStore(store, createMemoryStore(copy), {
      ...TAKEN,
      onProgress: ({ objects }) => seen.push(objects),
    })
    const expected = files.paths().filter((name) => !isOfWriters(name))
    expect(copy.paths()).toEqual([memoryPath('backup'), ...expected].sort())
    for (const name of expected) {
      const found = copy.read(name) ?? octets('')
      // What was only reserved is not copied.
      expect(Buffer.compare(found, (files.read(name) ?? octets('')).subarray(0, found.length))).toBe(0)
    }
    expect(copy.read(memoryPath('private/log-a/wal/0'))?.length).toBe(2 * MIB + 9)
    expect(copied.objects).toBe(expected.length + 1)
    expect(seen.at(-1)).toBe(copied.objects)
  })

  it('[L13] is refused to every gateway until it is restored and adopted', async () => {
    const copy = createMemoryStore()
    await backupStore(store, copy, TAKEN)
    const process = startProcess(time, here, 3)
    expect(await rejectionOf(openLineage(copy, { ...NAMES, process }))).toMatchObject({ code: 'ERR_CONFIG' })
    expect(await rejectionOf(beginLineage(copy, { ...NAMES, process }))).toMatchObject({ code: 'ERR_USAGE' })
    const restored = createMemoryStore()
    await restoreStore(copy, restored, {})
    expect(await rejectionOf(openLineage(restored, { ...NAMES, process }))).toMatchObject({ code: 'ERR_CONFIG' })
    await adoptLineage(restored, { name: 'main', process })
    expect(await rejectionOf(adoptLineage(restored, { name: 'main', process }))).toMatchObject({ code: 'ERR_USAGE' })
    const lineage = await openLineage(restored, { ...NAMES, process })
    expect(await lineage.head()).toEqual({ log: 'log-a' })
    expect(lineage.inception.restored).toBe(process.seconds())
    expect(text(await restored.read('log/log-a/checkpoint'))).toBe('log/log-a/checkpoint')
    // The backup can be restored again.
    await restoreStore(copy, createMemoryStore(), {})
  })

  it('goes into an empty folder only, and is taken of a gateway only', async () => {
    const target = createMemoryStore()
    await target.write([{ name: 'x', bytes: octets('x') }])
    expect(await rejectionOf(backupStore(store, target, TAKEN))).toMatchObject({ code: 'ERR_USAGE' })
    expect(await rejectionOf(backupStore(createMemoryStore(), createMemoryStore(), TAKEN))).toMatchObject({
      code: 'ERR_USAGE',
    })
    expect(await rejectionOf(restoreStore(store, createMemoryStore(), {}))).toMatchObject({ code: 'ERR_USAGE' })
    const copy = createMemoryStore()
    await backupStore(store, copy, TAKEN)
    expect(await rejectionOf(restoreStore(copy, target, {}))).toMatchObject({ code: 'ERR_USAGE' })
  })

  it('is none when it was interrupted, wherever', async () => {
    const whole = new MemoryFiles()
    await backupStore(store, createMemoryStore(whole), TAKEN)
    for (let last = 0; last < whole.steps.length; last += 3) {
      const copy = new MemoryFiles()
      await new Promise<void>((resolve) => {
        copy.onStep = (_step, count) => {
          if (count <= last) return
          resolve()
          return new Promise<void>(() => {})
        }
        void backupStore(store, createMemoryStore(copy), TAKEN).then(() => resolve())
      })
      const found = createMemoryStore(copy.afterCrash(() => false))
      if ((await found.read('backup')) !== undefined) {
        expect(await found.read('log/log-a/checkpoint')).toEqual(await store.read('log/log-a/checkpoint'))
        continue
      }
      expect(await rejectionOf(restoreStore(found, createMemoryStore(), {}))).toMatchObject({ code: 'ERR_USAGE' })
    }
  })

  it.each(['log/log-a/tile/0/000', 'private/log-a/wal/0'])(
    'notices that its copy of %s does not read as written',
    async (name) => {
      const copy = new MemoryFiles()
      const damage = (): void => {
        const found = copy.read(memoryPath(name))
        if (found === undefined) return
        found[0] = (found[0] ?? 0) ^ 1
        copy.put(memoryPath(name), found)
      }
      let opened = 0
      const open = copy.open.bind(copy)
      copy.open = async (path) => {
        if (path === memoryPath(name) && ++opened === 1) damage()
        return open(path)
      }
      expect(await rejectionOf(backupStore(store, createMemoryStore(copy), TAKEN))).toMatchObject({ code: 'ERR_STATE' })
    },
  )

  it('of a growing log holds all that its checkpoint needs, and no hole in a journal', async () => {
    // A log whose checkpoint is the number of its entries, each of which is in a tile and in the journal first.
    const journal = await store.createJournal('private/log-a/wal/1')
    let size = 0
    const grow = async (): Promise<void> => {
      size++
      await journal.append(octets(`entry ${size};`))
      await journal.sync()
      const partial = `log/log-a/tile/1/000.p/${size}`
      await store.write([{ name: size % 4 === 0 ? `log/log-a/tile/1/${size / 4}` : partial, bytes: octets('tile') }])
      if (size % 4 === 0) await store.remove([1, 2, 3].map((back) => `log/log-a/tile/1/000.p/${size - back}`))
      await store.write([{ name: 'log/log-a/checkpoint', bytes: octets(String(size)) }])
      await store.write([{ name: `log/log-a/evidence/${size}`, bytes: octets('evidence') }])
    }
    await grow()
    for (let slow = 0; slow < 4; slow++) {
      const copy = new MemoryFiles()
      let reads = slow
      const growing = new Proxy(store, {
        get(target, key) {
          const method = Reflect.get(target, key)
          if (typeof method !== 'function') return method
          return async (...args: readonly unknown[]) => {
            // Something happens between any two looks at the source.
            if (key === 'list' || key === 'read' || key === 'openJournal')
              for (let i = 0; i < 1 + (reads % 3) && reads++ < 90; i++) await grow()
            return Reflect.apply(method, target, args)
          }
        },
      })
      await backupStore(growing, createMemoryStore(copy), TAKEN)
      const found = createMemoryStore(copy)
      const published = Number(text(await found.read('log/log-a/checkpoint')))
      expect(published).toBeGreaterThan(0)
      const wal = text(copy.read(memoryPath('private/log-a/wal/1'))) ?? ''
      const entries = wal.split(';').slice(0, -1)
      expect(entries).toEqual(entries.map((_entry, i) => `entry ${i + 1}`))
      expect(entries.length).toBeGreaterThanOrEqual(published)
      for (let full = 1; full * 4 <= published; full++)
        expect(text(await found.read(`log/log-a/tile/1/${full}`))).toBe('tile')
      if (published % 4 !== 0) {
        const partial = await found.read(`log/log-a/tile/1/000.p/${published}`)
        const replaced = await found.read(`log/log-a/tile/1/${Math.ceil(published / 4)}`)
        expect(text(partial ?? replaced)).toBe('tile')
      }
      for (const each of await found.list('log/log-a/evidence'))
        if (each !== '7') expect(Number(each)).toBeLessThanOrEqual(published)
    }
    await journal.close()
  })
})
