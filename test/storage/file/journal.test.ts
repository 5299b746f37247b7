/** Journals on a disk that stops, forgets, fills up or errs. @module */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Journal, ObjectStore } from '../../../src/storage/index.ts'
import { diskError, MemoryFiles, type Step } from '../../kit/memory-files.ts'
import { createMemoryStore, memoryPath } from '../../kit/memory-store.ts'
import { rejectionOf } from '../../kit/rejection-of.ts'

const octets = (text: string) => new TextEncoder().encode(text)
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)
const NAME = 'private/a/wal/0'
const KIB = 1024

describe('a journal', () => {
  let files: MemoryFiles
  let store: ObjectStore
  let journal: Journal
  beforeEach(async () => {
    files = new MemoryFiles()
    store = createMemoryStore(files)
    journal = await store.createJournal(NAME)
  })
  const fail = (operation: Step['operation'], code: string, times = Number.POSITIVE_INFINITY) => {
    let left = times
    files.onStep = (step) => {
      if (step.operation === operation && left-- > 0) throw diskError(code, step.path)
    }
  }
  const found = async (disk: MemoryFiles, length: number) => {
    const reader = await createMemoryStore(disk).openJournal(NAME)
    return text(await reader?.read(0, length))
  }

  it('has a name that is durable before anything is in it', async () => {
    expect(files.afterCrash(() => false).paths()).toEqual([memoryPath(NAME)])
  })

  it('keeps what was synced, whatever octets behind it a crash takes', async () => {
    for (const reserve of [false, true]) {
      if (reserve) expect(await journal.reserve(100)).toBe(true)
      await journal.append(octets('synced '))
      await journal.sync()
      await journal.append(octets('not synced '))
      for (const size of ['written', 'synced'] as const)
        for (const survives of [() => false, () => true, (place: number) => place % 3 === 0]) {
          const disk = files.afterCrash(survives, { size })
          expect(await found(disk, reserve ? 25 : 7)).toBe(reserve ? 'synced not synced synced ' : 'synced ')
        }
      await journal.sync()
    }
  })

  it('appends and syncs within a reservation without growing the file', async () => {
    expect(await journal.reserve(200)).toBe(true)
    const size = await journal.size()
    const before = files.steps.length
    for (let i = 0; i < 20; i++) {
      expect(await journal.reserve(10)).toBe(true)
      await journal.append(octets('0123456789'))
      await journal.sync()
    }
    expect(await journal.size()).toBe(size)
    const operations = files.steps.slice(before).map(({ operation }) => operation)
    expect(operations).toEqual(Array.from({ length: 20 }, () => ['write', 'sync']).flat())
  })

  it('reserves in large steps, durably', async () => {
    expect(await journal.reserve(1)).toBe(true)
    const size = await journal.size()
    expect(size).toBeGreaterThanOrEqual(64 * KIB)
    expect(files.afterCrash(() => false, { size: 'synced' }).read(memoryPath(NAME))?.length).toBe(size)
    expect(await journal.reserve(size + 1)).toBe(true)
    expect(await journal.size()).toBe(2 * size)
  })

  it('never writes zeros over what was appended beyond a reservation', async () => {
    await journal.append(octets('before '))
    const [, reserved] = await Promise.all([
      journal.append(octets('first ')),
      journal.reserve(10),
      journal.append(octets('second ')),
      journal.reserve(3 * KIB * KIB),
      journal.append(octets('third')),
    ])
    expect(reserved).toBe(true)
    await journal.sync()
    expect(
      await found(
        files.afterCrash(() => false),
        25,
      ),
    ).toBe('before first second third')
  })

  it('says that there is no room, tears nothing, and goes on when there is some', async () => {
    expect(await journal.reserve(10)).toBe(true)
    await journal.append(octets('0123456789'))
    fail('write', 'ENOSPC')
    expect(await journal.reserve(2 * KIB * KIB)).toBe(false)
    files.onStep = () => {}
    // What was reserved before is still there.
    await journal.append(octets('abc'))
    await journal.sync()
    expect(await journal.reserve(2 * KIB * KIB)).toBe(true)
    await journal.append(octets('def'))
    await journal.sync()
    expect(
      await found(
        files.afterCrash(() => false),
        16,
      ),
    ).toBe('0123456789abcdef')
  })

  it('takes as much as is needed where there is no room for more', async () => {
    // A disk of 64 KiB.
    let left = 64 * KIB
    const small = new MemoryFiles()
    const tight = createMemoryStore(limited(small, () => left))
    const wal = await tight.createJournal(NAME)
    expect(await wal.reserve(40 * KIB)).toBe(true)
    await wal.append(new Uint8Array(40 * KIB).fill(1))
    await wal.sync()
    expect(await wal.reserve(40 * KIB)).toBe(false)
    left = 4 * KIB * KIB
    expect(await wal.reserve(40 * KIB)).toBe(true)
  })

  it('says that there is no room when the disk says so only at the sync', async () => {
    fail('sync', 'ENOSPC', 2)
    expect(await journal.reserve(10)).toBe(false)
    expect(await journal.reserve(10)).toBe(true)
    await journal.append(octets('x'))
    await journal.sync()
    expect(
      await found(
        files.afterCrash(() => false),
        1,
      ),
    ).toBe('x')
  })

  it('is over when such a sync may have lost what was appended', async () => {
    await journal.append(octets('not synced'))
    fail('sync', 'ENOSPC', 1)
    expect(store.isFull(await rejectionOf(journal.reserve(10)))).toBe(true)
    expect(await rejectionOf(journal.sync())).toMatchObject({ code: 'ERR_LOG_APPEND' })
  })

  it('overwrites what fitted of an append without room', async () => {
    await journal.append(octets('one '))
    fail('write', 'ENOSPC', 1)
    expect(store.isFull(await rejectionOf(journal.append(octets('torn'))))).toBe(true)
    await journal.append(octets('two'))
    await journal.sync()
    expect(
      await found(
        files.afterCrash(() => false),
        7,
      ),
    ).toBe('one two')
  })

  it.each([1, 2, 3, 4])('is over after sync %i failed: no later one is believed', async (failing) => {
    let syncs = 0
    files.onStep = ({ operation, path }) => {
      if (operation === 'sync' && ++syncs === failing) throw diskError('EIO', path)
    }
    let acknowledged = ''
    for (let i = 0; i < 6; i++) {
      try {
        await journal.append(octets(`${i}`))
        await journal.sync()
        acknowledged += i
      } catch {}
    }
    expect(acknowledged).toBe('012345'.slice(0, failing - 1))
    expect(syncs).toBe(failing)
    expect(
      await found(
        files.afterCrash(() => false),
        acknowledged.length,
      ),
    ).toBe(acknowledged)
    expect(await rejectionOf(journal.append(octets('x')))).toMatchObject({ code: 'ERR_LOG_APPEND' })
    expect(await rejectionOf(journal.reserve(1))).toMatchObject({ code: 'ERR_LOG_APPEND' })
    expect(await rejectionOf(journal.erase(0, 0))).toMatchObject({ code: 'ERR_LOG_APPEND' })
  })

  it('is over after a write failed for another reason than room', async () => {
    fail('write', 'EIO', 1)
    await rejectionOf(journal.append(octets('x')))
    expect(await rejectionOf(journal.append(octets('x')))).toMatchObject({ code: 'ERR_LOG_APPEND' })
    expect(await rejectionOf(journal.sync())).toMatchObject({ code: 'ERR_LOG_APPEND' })
  })

  it('erases durably: no crash brings it back', async () => {
    await journal.append(octets('keep secret keep'))
    await journal.sync()
    await journal.erase(5, 6)
    expect(
      await found(
        files.afterCrash(() => false),
        16,
      ),
    ).toBe('keep \0\0\0\0\0\0 keep')
    const eraser = await store.openJournalForErasure(NAME)
    await eraser?.erase(12, 4)
    await eraser?.close()
    expect(
      await found(
        files.afterCrash(() => false),
        16,
      ),
    ).toBe('keep \0\0\0\0\0\0 \0\0\0\0')
  })

  it('is not there when its name could not be made durable', async () => {
    fail('syncDirectory', 'EIO', 1)
    await rejectionOf(store.createJournal('private/a/wal/1'))
    files.onStep = () => {}
    await (await store.createJournal('private/a/wal/1')).append(octets('x'))
  })
})

/** A disk of which the files may have so many octets each. */
function limited(files: MemoryFiles, limit: () => number): MemoryFiles {
  const create = files.create.bind(files)
  files.create = async (path) => {
    const file = await create(path)
    return {
      ...file,
      write: (position, bytes) => {
        if (position + bytes.length > limit()) return Promise.reject(diskError('ENOSPC', path))
        return file.write(position, bytes)
      },
    }
  }
  return files
}
