/** One history, one writer. @module */
import { beforeEach, describe, expect, it } from 'vitest'
import { adoptLineage, beginLineage, openLineage } from '../../../src/storage/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { createMemoryStore, memoryPath } from '../../kit/memory-store.ts'
import { rejectionOf } from '../../kit/rejection-of.ts'
import { endProcess, type Machine, startProcess, Time } from './machine.ts'

const HOST = 'gw.example.com'
const NAMES = { name: 'main', host: HOST }
const fenced = { code: 'ERR_STATE', failure: 'LOG_FENCED' }
const octets = (text: string) => new TextEncoder().encode(text)

describe('a lineage', () => {
  let time: Time
  let here: Machine
  let elsewhere: Machine
  let files: MemoryFiles
  beforeEach(async () => {
    time = new Time()
    here = { bootId: 'kernel-1', living: new Set() }
    elsewhere = { bootId: 'kernel-2', living: new Set() }
    files = new MemoryFiles()
    await beginLineage(createMemoryStore(files), { ...NAMES, process: startProcess(time, here, 1) })
  })
  const open = (process = startProcess(time, here, 2)) => openLineage(createMemoryStore(files), { ...NAMES, process })
  /** The files as another folder. */
  const copy = () => {
    const found = new MemoryFiles()
    // Inode numbers of the copy are others, as they are on a disk.
    found.put('/other', octets(''))
    for (const path of files.paths()) found.put(path, files.read(path) ?? octets(''))
    return found
  }

  it('is not begun by a gateway that finds an empty store', async () => {
    const refused = await rejectionOf(
      openLineage(createMemoryStore(), { ...NAMES, process: startProcess(time, here, 2) }),
    )
    expect(refused).toMatchObject({ code: 'ERR_CONFIG' })
    expect(String(refused)).toContain('countersign log init')
  })

  it('begins once', async () => {
    const again = beginLineage(createMemoryStore(files), { ...NAMES, process: startProcess(time, here, 3) })
    expect(await rejectionOf(again)).toMatchObject({ code: 'ERR_USAGE' })
  })

  it('does not begin where logs of a lost one are', async () => {
    const store = createMemoryStore()
    await store.write([{ name: 'log/abc/checkpoint', bytes: octets('x') }])
    expect(await rejectionOf(beginLineage(store, { ...NAMES, process: startProcess(time, here, 3) }))).toMatchObject({
      code: 'ERR_USAGE',
    })
  })

  it('is refused to a gateway of another name', async () => {
    const other = openLineage(createMemoryStore(files), {
      name: 'main',
      host: 'other.example.com',
      process: startProcess(time, here, 2),
    })
    expect(await rejectionOf(other)).toMatchObject({ code: 'ERR_CONFIG' })
  })

  it('is refused when its inception is damaged', async () => {
    files.put(memoryPath('lineage/main/inception'), octets('{"version":1,"host":"gw'))
    expect(await rejectionOf(open())).toMatchObject({ code: 'ERR_STATE' })
  })

  it('hands its head from one writer to the next', async () => {
    const first = await open()
    expect(first.token).toBe(1)
    expect(await first.head()).toBeUndefined()
    await first.moveHead('log-a')
    await first.moveHead('log-b')
    expect(await first.head()).toEqual({ log: 'log-b' })
    await first.release()
    const second = await open(startProcess(time, here, 3))
    expect(second.token).toBe(2)
    expect(await second.head()).toEqual({ log: 'log-b' })
    await second.fence()
  })

  it('refuses a head that names no log', async () => {
    const lineage = await open()
    expect(await rejectionOf(lineage.moveHead('../log'))).toMatchObject({ code: 'ERR_USAGE' })
  })

  it('[L13] refuses a second writer while the first lives, at once', async () => {
    await open()
    const began = time.nowMs
    expect(await rejectionOf(open(startProcess(time, here, 3)))).toMatchObject(fenced)
    expect(time.nowMs).toBe(began)
  })

  it('[L13] lets one of many writers win that start at the same time', async () => {
    const started = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => open(startProcess(time, here, 10 + i))),
    )
    expect(started.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const each of started) if (each.status === 'rejected') expect(each.reason).toMatchObject(fenced)
  })

  it('[L13] is taken over at once from a process that is dead, of which no lease stays', async () => {
    const first = startProcess(time, here, 2)
    await open(first)
    endProcess(here, first)
    const began = time.nowMs
    const second = await open(startProcess(time, here, 3))
    expect(time.nowMs).toBe(began)
    expect(second.token).toBe(2)
    const store = createMemoryStore(files)
    expect(await store.list('lineage/main/writer')).toEqual(['2'])
    expect(await store.list('lineage/main/heartbeat')).toEqual(['2'])
  })

  it('[L13] takes a process with the id of a dead one for another', async () => {
    const first = startProcess(time, here, 2, '100')
    await open(first)
    endProcess(here, first)
    startProcess(time, here, 2, '999')
    expect((await open(startProcess(time, here, 3))).token).toBe(2)
  })

  it('[L13] refuses a second writer on another machine while the heart of the first beats', async () => {
    await open()
    expect(await rejectionOf(open(startProcess(time, elsewhere, 2)))).toMatchObject(fenced)
  })

  it('[L13] never takes a process id of another container for its own', async () => {
    await open(startProcess(time, here, 7, '100'))
    const neighbour: Machine = { bootId: 'kernel-1', pidNamespace: 'pid:[2]', living: new Set() }
    expect(await rejectionOf(open(startProcess(time, neighbour, 7, '200')))).toMatchObject(fenced)
  })

  it('[L13] never takes an unknown kernel for its own', async () => {
    const unknown: Machine = { bootId: '', living: new Set() }
    await open(startProcess(time, unknown, 7, '100'))
    const other: Machine = { bootId: '', living: new Set() }
    expect(await rejectionOf(open(startProcess(time, other, 8, '200')))).toMatchObject(fenced)
  })

  it('[L13] is taken over from another machine after some seconds of silence', async () => {
    const first = startProcess(time, here, 2)
    await open(first)
    endProcess(here, first)
    const began = time.nowMs
    expect((await open(startProcess(time, elsewhere, 2))).token).toBe(2)
    expect(time.nowMs - began).toBeGreaterThanOrEqual(3000)
    expect(time.nowMs - began).toBeLessThanOrEqual(10_000)
  })

  it('[L13] fences a holder that was paused and replaced, for good, and tells it', async () => {
    const first = startProcess(time, here, 2)
    const told: unknown[] = []
    const paused = await openLineage(createMemoryStore(files), {
      ...NAMES,
      process: first,
      onLost: (error) => told.push(error),
    })
    await paused.moveHead('log-a')
    await paused.fence()
    first.isPaused = true
    const second = await open(startProcess(time, elsewhere, 2))
    first.isPaused = false
    await time.wait(2000)
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject(fenced)
    expect(await rejectionOf(paused.fence())).toMatchObject(fenced)
    expect(await rejectionOf(paused.moveHead('log-b'))).toMatchObject(fenced)
    expect(await second.head()).toEqual({ log: 'log-a' })
    // Its end must not end the other one.
    await paused.release()
    await second.fence()
    expect(await rejectionOf(paused.fence())).toMatchObject(fenced)
    expect(await createMemoryStore(files).list('lineage/main/heartbeat')).toEqual(['2'])
  })

  it('[L13] fences a holder whose lease somebody removed', async () => {
    const lineage = await open()
    await createMemoryStore(files).remove(['lineage/main/writer/1'])
    expect(await rejectionOf(lineage.fence())).toMatchObject(fenced)
  })

  it('[L13] fences whoever makes a lease below the one that counts', async () => {
    const first = startProcess(time, here, 2)
    await open(first)
    endProcess(here, first)
    const store = createMemoryStore(files)
    let isLate = false
    const late = openLineage(
      {
        ...store,
        read: store.read.bind(store),
        list: store.list.bind(store),
        remove: store.remove.bind(store),
        isMarked: store.isMarked.bind(store),
        create: async (name, bytes) => {
          // All that others did while this one was asleep.
          if (!isLate) {
            isLate = true
            const second = startProcess(time, here, 3)
            const lineage = await open(second)
            await lineage.release()
            endProcess(here, second)
            await open(startProcess(time, here, 4))
          }
          return store.create(name, bytes)
        },
      },
      { ...NAMES, process: startProcess(time, here, 5) },
    )
    expect(await rejectionOf(late)).toMatchObject(fenced)
    expect(await store.list('lineage/main/writer')).toEqual(['3'])
  })

  it('[L13] does not move a head that a later writer moved', async () => {
    const lineage = await open()
    await lineage.moveHead('log-a')
    files.put(memoryPath('lineage/main/head'), octets('{"version":1,"log":"log-z","token":9}\n'))
    expect(await rejectionOf(lineage.moveHead('log-b'))).toMatchObject(fenced)
    expect(await rejectionOf(lineage.fence())).toMatchObject(fenced)
  })

  it('goes on when its heart cannot beat for want of space', async () => {
    const lineage = await open()
    files.onStep = ({ operation }) => {
      if (operation === 'write') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    }
    await time.wait(3000)
    files.onStep = () => {}
    await lineage.fence()
  })

  it('beats each second while it is held and not after', async () => {
    const lineage = await open()
    const beat = () => Buffer.from(files.read(memoryPath('lineage/main/heartbeat/1')) ?? []).toString()
    const seen = new Set([beat()])
    for (let i = 0; i < 5; i++) {
      await time.wait(1000)
      seen.add(beat())
    }
    expect(seen.size).toBe(6)
    await lineage.release()
    await time.wait(5000)
    expect(beat()).toBe('')
  })

  it('[L13] refuses a copy of its folder, and says what to do', async () => {
    const original = await open()
    await original.moveHead('log-a')
    files = copy()
    const refused = await rejectionOf(open(startProcess(time, elsewhere, 2)))
    expect(refused).toMatchObject(fenced)
    expect(String(refused)).toContain('is a copy of')
    expect(String(refused)).toContain('countersign log adopt DIR')
  })

  it('[L13] continues a copy that was adopted, which works once', async () => {
    const original = await open()
    await original.moveHead('log-a')
    files = copy()
    const store = createMemoryStore(files)
    const process = startProcess(time, elsewhere, 2)
    const adopted = await adoptLineage(store, { name: 'main', process })
    expect(adopted).toMatchObject({ host: HOST, restored: process.seconds() })
    expect(await rejectionOf(adoptLineage(store, { name: 'main', process }))).toMatchObject({ code: 'ERR_USAGE' })
    const lineage = await open(process)
    expect(lineage.token).toBeGreaterThan(original.token)
    expect(lineage.inception.restored).toBe(process.seconds())
    expect(await lineage.head()).toEqual({ log: 'log-a' })
  })

  it('adopts neither the original nor nothing', async () => {
    const process = startProcess(time, here, 2)
    expect(await rejectionOf(adoptLineage(createMemoryStore(files), { name: 'main', process }))).toMatchObject({
      code: 'ERR_USAGE',
    })
    expect(await rejectionOf(adoptLineage(createMemoryStore(), { name: 'main', process }))).toMatchObject({
      code: 'ERR_USAGE',
    })
  })

  it('is adopted wherever an adoption was interrupted', async () => {
    const original = await open()
    await original.moveHead('log-a')
    const count = await stepsOf(async (disk) => {
      await adoptLineage(createMemoryStore(disk), { name: 'main', process: startProcess(time, elsewhere, 2) })
    }, copy())
    expect(count).toBeGreaterThan(20)
    for (let last = 0; last <= count; last++)
      for (const names of ['synced', 'all'] as const) {
        const disk = copy()
        await untilStep(disk, last, () =>
          adoptLineage(createMemoryStore(disk), { name: 'main', process: startProcess(time, elsewhere, 2) }),
        )
        files = disk.afterCrash(() => names === 'all', { names })
        const process = startProcess(time, elsewhere, 3)
        // Whether it had come to its end or not, the same command helps.
        await adoptLineage(createMemoryStore(files), { name: 'main', process }).catch(() => {})
        const lineage = await open(process)
        expect(await lineage.head()).toEqual({ log: 'log-a' })
        expect(lineage.token).toBeGreaterThan(original.token)
      }
  })

  it('has one writer or none, wherever a boot was interrupted', async () => {
    const count = await stepsOf(
      async (disk) => {
        files = disk
        await open()
      },
      await begun(),
    )
    for (let last = 0; last <= count; last++) {
      const disk = await begun()
      files = disk
      const first = startProcess(time, here, 2)
      await untilStep(disk, last, () => open(first))
      endProcess(here, first)
      files = disk.afterCrash(() => false)
      const lineage = await open(startProcess(time, here, 3))
      await lineage.fence()
      expect(await createMemoryStore(files).list('lineage/main/writer')).toEqual([String(lineage.token)])
    }
  })

  async function begun(): Promise<MemoryFiles> {
    const disk = new MemoryFiles()
    await beginLineage(createMemoryStore(disk), { ...NAMES, process: startProcess(time, here, 1) })
    return disk
  }
})

async function stepsOf(run: (files: MemoryFiles) => Promise<void>, files: MemoryFiles): Promise<number> {
  const before = files.steps.length
  await run(files)
  return files.steps.length - before
}

/** Runs until so many steps were made; the process ends there. */
async function untilStep(files: MemoryFiles, last: number, run: () => Promise<unknown>): Promise<void> {
  const before = files.steps.length
  await new Promise<void>((resolve) => {
    files.onStep = (_step, count) => {
      if (count - before <= last) return
      resolve()
      return new Promise<void>(() => {})
    }
    void run().then(
      () => resolve(),
      () => resolve(),
    )
  })
}
