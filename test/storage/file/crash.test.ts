/** A disk that stops at any step, forgets, fills up or errs: objects are old or new and whole, and whoever won has won. @module */
import { describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../src/storage/index.ts'
import { type Crash, diskError, MemoryFiles, type Step } from '../../kit/memory-files.ts'
import { createMemoryStore, MEMORY_ROOT } from '../../kit/memory-store.ts'
import { rejectionOf } from '../../kit/rejection-of.ts'

const octets = (text: string) => new TextEncoder().encode(text)
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)

/** What a crash may leave: nothing that was not promised, all of it, or some octets of each. */
const CRASHES: readonly { readonly survives: (place: number) => boolean; readonly crash: Crash }[] = (
  ['synced', 'all'] as const
).flatMap((names) =>
  (['written', 'synced'] as const).flatMap((size) => [
    { survives: () => false, crash: { names, size } },
    { survives: () => true, crash: { names, size } },
    { survives: (place: number) => place % 2 === 0, crash: { names, size } },
  ]),
)

/** The disk before the run, made anew each time. */
type Prepare = () => Promise<MemoryFiles>

const prepare: Prepare = async () => {
  const files = new MemoryFiles()
  await createMemoryStore(files).write(OLD)
  return files
}

const OLD = ['log/a/checkpoint', 'log/a/tile/0/000', 'top'].map((name) => ({ name, bytes: octets(`old ${name}`) }))
const NEW = [...OLD.map(({ name }) => name), 'log/b/genesis', 'log/a/tile/1/000'].map((name) => ({
  name,
  bytes: octets(`new, and longer: ${name}`),
}))

async function countSteps(run: (store: ObjectStore) => Promise<unknown>, from: Prepare): Promise<number> {
  const files = await from()
  const before = files.steps.length
  await run(createMemoryStore(files))
  return files.steps.length - before
}

/** Ends the process before the step behind `last`. @returns what it had been told by then */
async function runUntil<T>(
  files: MemoryFiles,
  last: number,
  run: (store: ObjectStore) => Promise<T>,
): Promise<{ readonly result: T } | undefined> {
  const before = files.steps.length
  return new Promise((resolve, reject) => {
    files.onStep = (_step, count) => {
      if (count - before <= last) return
      resolve(undefined)
      return new Promise<void>(() => {})
    }
    run(createMemoryStore(files)).then((result) => resolve({ result }), reject)
  })
}

/** Lets one step fail, once. */
function failAt(files: MemoryFiles, fails: (step: Step, count: number) => boolean, code: string): void {
  const before = files.steps.length
  let isOver = false
  files.onStep = (step, count) => {
    if (isOver || !fails(step, count - before)) return
    isOver = true
    throw diskError(code, step.path)
  }
}

const leftovers = (files: MemoryFiles) => files.paths().filter((path) => path.includes('~pending'))

describe('writing objects', () => {
  const write = (store: ObjectStore) => store.write(NEW)

  it('leaves each as it was or whole, whatever step is the last one', async () => {
    const count = await countSteps(write, prepare)
    expect(count).toBeGreaterThan(20)
    for (let last = 0; last <= count; last++)
      for (const { survives, crash } of CRASHES) {
        const files = await prepare()
        const told = await runUntil(files, last, write)
        expect(told === undefined).toBe(last < count)
        const store = createMemoryStore(files.afterCrash(survives, crash))
        for (const { name, bytes } of NEW) {
          const old = OLD.find((each) => each.name === name)
          const found = text(await store.read(name))
          expect(told ? [text(bytes)] : [text(bytes), text(old?.bytes)]).toContain(found)
        }
      }
  })

  it.each(['ENOSPC', 'EDQUOT', 'EIO'])(
    'leaves no part behind when any step fails with %s, and works later',
    async (code) => {
      const count = await countSteps(write, prepare)
      for (let failing = 1; failing <= count; failing++) {
        const files = await prepare()
        const store = createMemoryStore(files)
        failAt(files, (_step, at) => at === failing, code)
        const error = await rejectionOf(store.write(NEW))
        expect(store.isFull(error)).toBe(code !== 'EIO')
        expect(leftovers(files)).toEqual([])
        const found = await Promise.all(OLD.map(({ name }) => store.read(name)))
        for (const bytes of found) expect(text(bytes)).toMatch(/^(?:old|new, and longer:) /)
        await store.write(NEW)
        for (const { survives, crash } of CRASHES) {
          const reopened = createMemoryStore(files.afterCrash(survives, crash))
          for (const { name, bytes } of NEW) expect(text(await reopened.read(name))).toBe(text(bytes))
        }
      }
    },
  )

  it('never syncs a file again whose sync failed', async () => {
    const files = await prepare()
    const store = createMemoryStore(files)
    const synced: string[] = []
    files.onStep = ({ operation, path }) => {
      if (operation !== 'sync') return
      synced.push(path)
      throw diskError('EIO', path)
    }
    for (let i = 0; i < 3; i++) await rejectionOf(store.write(NEW.slice(0, 1)))
    expect(new Set(synced).size).toBe(3)
  })

  it('syncs each directory once for many objects', async () => {
    const files = await prepare()
    const store = createMemoryStore(files)
    await store.write(NEW)
    const before = files.steps.length
    await store.write(Array.from({ length: 100 }, (_, i) => ({ name: `log/a/tile/0/${i}`, bytes: octets(`${i}`) })))
    const operations = files.steps.slice(before).map(({ operation }) => operation)
    expect(operations.filter((operation) => operation === 'syncDirectory')).toHaveLength(1)
    expect(operations.filter((operation) => operation === 'sync')).toHaveLength(100)
  })

  it('removes what an earlier process left, and nothing of its own', async () => {
    const files = await prepare()
    await runUntil(files, 12, write)
    const disk = files.afterCrash(() => true, { names: 'all' })
    expect(leftovers(disk).length).toBeGreaterThan(0)
    const store = createMemoryStore(disk)
    const writing = store.write(NEW)
    await store.removeLeftovers()
    await writing
    expect(leftovers(disk)).toEqual([])
    expect(text(await store.read('top'))).toBe('new, and longer: top')
    expect(await store.list('')).toEqual(['log/', 'top'])
  })
})

describe('making an object', () => {
  const race = (store: ObjectStore) =>
    Promise.all(['one', 'two', 'three'].map((content) => store.create('lineage/main/writer/7', octets(content))))

  it('has one winner, whole, whatever step is the last one', async () => {
    const count = await countSteps(race, prepare)
    for (let last = 0; last <= count; last++)
      for (const { survives, crash } of CRASHES) {
        const files = await prepare()
        const told = await runUntil(files, last, race)
        const store = createMemoryStore(files.afterCrash(survives, crash))
        const found = text(await store.read('lineage/main/writer/7'))
        if (told) {
          expect(told.result.filter(Boolean)).toHaveLength(1)
          expect(found).toBe(['one', 'two', 'three'][told.result.indexOf(true)])
        } else {
          expect([undefined, 'one', 'two', 'three']).toContain(found)
          expect(await store.create('lineage/main/writer/7', octets('four'))).toBe(found === undefined)
        }
      }
  })

  it('tells nobody of an object that a crash could take away', async () => {
    const files = await prepare()
    const store = createMemoryStore(files)
    let isHeld = true
    let goOn = () => {}
    files.onStep = ({ operation, path }) => {
      if (operation !== 'syncDirectory' || !path.endsWith('/writer') || !isHeld) return
      isHeld = false
      return new Promise<void>((resolve) => {
        goOn = resolve
      })
    }
    const first = store.create('lineage/main/writer/7', octets('one'))
    // The first has its name, and waits for the directory.
    for (let turns = 0; isHeld && turns < 1000; turns++) await Promise.resolve()
    expect(isHeld).toBe(false)
    expect(await store.create('lineage/main/writer/7', octets('two'))).toBe(false)
    expect(text(await createMemoryStore(files.afterCrash(() => false)).read('lineage/main/writer/7'))).toBe('one')
    goOn()
    expect(await first).toBe(true)
  })

  it.each(['ENOSPC', 'EIO'])('leaves a whole object or none when a step fails with %s', async (code) => {
    const create = (store: ObjectStore) => store.create('lineage/main/writer/7', octets('one'))
    const count = await countSteps(create, prepare)
    for (let failing = 1; failing <= count; failing++) {
      const files = await prepare()
      const store = createMemoryStore(files)
      failAt(files, (_step, at) => at === failing, code)
      const made = await create(store).catch(() => undefined)
      const found = text(await createMemoryStore(files.afterCrash(() => false)).read('lineage/main/writer/7'))
      if (made === true) expect(found).toBe('one')
      else expect([undefined, 'one']).toContain(found)
    }
  })
})

describe('swapping an object', () => {
  it('leaves the old or the new octets, whatever step is the last one', async () => {
    const swap = (store: ObjectStore) => store.swap('top', octets('old top'), octets('new top'))
    const count = await countSteps(swap, prepare)
    for (let last = 0; last <= count; last++)
      for (const { survives, crash } of CRASHES) {
        const files = await prepare()
        const told = await runUntil(files, last, swap)
        const found = text(await createMemoryStore(files.afterCrash(survives, crash)).read('top'))
        expect(told ? ['new top'] : ['old top', 'new top']).toContain(found)
      }
  })
})

describe('removing objects', () => {
  it('stays done once it is done', async () => {
    const files = await prepare()
    await createMemoryStore(files).remove(['top', 'log/a/checkpoint'])
    const found = files.afterCrash(() => true)
    expect(found.paths()).toEqual([`${MEMORY_ROOT}/log/a/tile/0/000`])
  })
})
