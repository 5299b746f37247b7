/** What only a real disk shows: links, pipes, a device that is full, a file system that is, and blocks that were reserved. @module */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileStore, type ObjectStore } from '../../../src/storage/index.ts'
import { rejectionOf } from '../../kit/rejection-of.ts'

const octets = (text: string) => new TextEncoder().encode(text)
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)
const MIB = 1024 * 1024

describe('a real disk', () => {
  let work: string
  let root: string
  let store: ObjectStore
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'disk-'))
  })
  beforeEach(async () => {
    root = join(await mkdtemp(join(work, 'data-')), 'below')
    store = createFileStore(root)
    await store.write([{ name: 'log/a/checkpoint', bytes: octets('x') }])
  })
  afterAll(() => rm(work, { recursive: true, force: true }))

  it('follows no link out of its folder', async () => {
    await writeFile(join(work, 'secret'), 'secret')
    await symlink(join(work, 'secret'), join(root, 'log/a/link'))
    expect(await rejectionOf(store.read('log/a/link'))).toMatchObject({ code: 'ELOOP' })
    expect(await rejectionOf(store.openJournalForErasure('log/a/link'))).toMatchObject({ code: 'ELOOP' })
    await store.write([{ name: 'log/a/link', bytes: octets('mine') }])
    expect(text(await store.read('log/a/link'))).toBe('mine')
    expect(await readFile(join(work, 'secret'), 'utf8')).toBe('secret')
  })

  it('does not wait for a pipe', async () => {
    if (spawnSync('mkfifo', [join(root, 'log/a/pipe')]).status !== 0) return
    expect(await rejectionOf(store.read('log/a/pipe'))).toMatchObject({ code: 'ERR_STATE' })
  })

  it('leaves nothing but objects in its folder', async () => {
    await store.create('log/a/one', octets('1'))
    await store.create('log/a/one', octets('2'))
    await store.write([{ name: 'log/a/two', bytes: octets('2') }])
    expect((await readdir(join(root, 'log/a'))).sort()).toEqual(['checkpoint', 'one', 'two'])
    expect(await readdir(join(root, '~pending'))).toEqual([])
  })

  it('keeps the blocks that a journal reserved, and takes no more for what goes into them', async () => {
    const journal = await store.createJournal('private/a/wal/0')
    expect(await journal.reserve(100_000)).toBe(true)
    const path = join(root, 'private/a/wal/0')
    const before = await stat(path)
    for (let i = 0; i < 100; i++) {
      expect(await journal.reserve(1000)).toBe(true)
      await journal.append(new Uint8Array(1000).fill(i + 1))
      await journal.sync()
    }
    const after = await stat(path)
    expect([after.size, after.blocks]).toEqual([before.size, before.blocks])
    await journal.close()
  })

  it('gives a mark that writing into the file does not change', async () => {
    let seen = ''
    await store.createMarked('inception', (mark) => {
      seen = mark
      return octets('x'.repeat(5000))
    })
    expect(seen).toMatch(/^inode:[0-9]+(?:,birth:[0-9]+)?$/)
    expect(await store.isMarked('inception', seen)).toBe(true)
    await store.write([{ name: 'inception', bytes: octets('replaced') }])
    expect(await store.isMarked('inception', seen)).toBe(false)
  })

  it.runIf(existsSync('/dev/full'))('knows a full device by its error', async () => {
    const full = await open('/dev/full', 'r+')
    const error = await rejectionOf(full.write(octets('x')))
    await full.close()
    expect(store.isFull(error)).toBe(true)
    expect(store.isFull(new Error('wrapped', { cause: error }))).toBe(true)
    expect(store.isFull(new Error('other'))).toBe(false)
  })
})

const small = join(tmpdir(), `full-disk-${process.pid}`)
const isMounted = (() => {
  spawnSync('mkdir', ['-p', small])
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small]).status === 0
})()
afterAll(() => {
  if (isMounted) spawnSync('umount', [small])
  spawnSync('rmdir', [small])
})

describe.runIf(isMounted)('a file system of 4 MiB', () => {
  it('fills up without a torn object, keeps what a journal reserved, and takes more once there is room', async () => {
    const root = join(small, 'data')
    await mkdir(root)
    const store = createFileStore(root)
    const journal = await store.createJournal('private/a/wal/0')
    expect(await journal.reserve(MIB)).toBe(true)
    await store.write([{ name: 'head', bytes: octets('old') }])
    let filled = 0
    let error: unknown
    while (error === undefined && filled < 100) {
      const bytes = new Uint8Array(MIB / 8)
      error = await store.write([{ name: `fill/${filled}`, bytes }]).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error === undefined) filled++
    }
    expect(store.isFull(error)).toBe(true)
    expect(await readdir(join(root, '~pending'))).toEqual([])
    expect(await store.read(`fill/${filled}`)).toBeUndefined()
    expect(await journal.reserve(2 * MIB)).toBe(false)
    await journal.append(new Uint8Array(MIB).fill(7))
    await journal.sync()
    expect(await journal.reserve(MIB)).toBe(false)
    expect(text(await store.read('head'))).toBe('old')
    await store.remove(Array.from({ length: filled }, (_, i) => `fill/${i}`))
    await store.write([{ name: 'head', bytes: octets('new') }])
    expect(await journal.reserve(MIB)).toBe(true)
    expect((await journal.read(MIB - 1, 2))[0]).toBe(7)
    await journal.close()
  })
})

describe('the folder of a store', () => {
  it.each(['./data', 'data', 'data/', './a/../data'])('may be spelled %s', async (spelling) => {
    const folder = await mkdtemp(join(tmpdir(), 'store-'))
    const store = createFileStore(`${relative(process.cwd(), folder)}/${spelling}`)
    expect(await store.create('log/first', Uint8Array.of(1))).toBe(true)
    expect(await readdir(join(folder, 'data', 'log'))).toEqual(['first'])
    await rm(folder, { recursive: true })
  })
})
