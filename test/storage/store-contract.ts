/** What every driver of the storage port must do, as tests. @module */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Journal, ObjectStore } from '../../src/storage/index.ts'
import { rejectionOf } from '../kit/rejection-of.ts'

const octets = (text: string) => new TextEncoder().encode(text)
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)

/** @param open a store that is empty */
export function describeStore(name: string, open: () => Promise<ObjectStore>): void {
  describe(`${name}: objects`, () => {
    let store: ObjectStore
    beforeEach(async () => {
      store = await open()
    })

    it('gives back what was written, and nothing for what was not', async () => {
      await store.write([
        { name: 'log/a/checkpoint', bytes: octets('one') },
        { name: 'log/a/tile/0/000', bytes: octets('two') },
        { name: 'empty', bytes: octets('') },
      ])
      expect(text(await store.read('log/a/checkpoint'))).toBe('one')
      expect(text(await store.read('log/a/tile/0/000'))).toBe('two')
      expect(text(await store.read('empty'))).toBe('')
      expect(await store.read('log/a')).toBeUndefined()
      expect(await store.read('log/a/checkpoint/x')).toBeUndefined()
      expect(await store.read('nothing')).toBeUndefined()
    })

    it('replaces an object by a shorter one whole', async () => {
      await store.write([{ name: 'a', bytes: octets('long octets') }])
      await store.write([{ name: 'a', bytes: octets('short') }])
      expect(text(await store.read('a'))).toBe('short')
    })

    it('reads a part, cut at the end', async () => {
      await store.write([{ name: 'a', bytes: octets('0123456789') }])
      expect(text(await store.readRange('a', 2, 3))).toBe('234')
      expect(text(await store.readRange('a', 8, 100))).toBe('89')
      expect(text(await store.readRange('a', 10, 1))).toBe('')
      expect(text(await store.readRange('a', 99, 1))).toBe('')
      expect(text(await store.readRange('a', 3, 0))).toBe('')
      expect(await store.readRange('b', 0, 1)).toBeUndefined()
    })

    it('refuses to read an object above the limit', async () => {
      await store.write([{ name: 'a', bytes: octets('12345') }])
      expect(text(await store.read('a', 5))).toBe('12345')
      expect(await rejectionOf(store.read('a', 4))).toMatchObject({ code: 'ERR_STATE' })
    })

    it('makes an object once, whoever asks at the same time', async () => {
      const made = await Promise.all(Array.from({ length: 8 }, (_, i) => store.create('lease', octets(String(i)))))
      expect(made.filter(Boolean)).toHaveLength(1)
      expect(text(await store.read('lease'))).toBe(String(made.indexOf(true)))
      expect(await store.create('lease', octets('later'))).toBe(false)
    })

    it('swaps only what is as expected', async () => {
      expect(await store.swap('head', octets('x'), octets('a'))).toBe(false)
      expect(await store.swap('head', undefined, octets('a'))).toBe(true)
      expect(await store.swap('head', undefined, octets('b'))).toBe(false)
      expect(await store.swap('head', octets('b'), octets('c'))).toBe(false)
      expect(await store.swap('head', octets(''), octets('c'))).toBe(false)
      expect(await store.swap('head', octets('a'), octets('longer'))).toBe(true)
      expect(await store.swap('head', octets('long'), octets('c'))).toBe(false)
      expect(text(await store.read('head'))).toBe('longer')
    })

    it('lets one of many swaps win', async () => {
      await store.swap('head', undefined, octets('a'))
      const swapped = await Promise.all(
        Array.from({ length: 8 }, (_, i) => store.swap('head', octets('a'), octets(String(i)))),
      )
      expect(swapped.filter(Boolean)).toHaveLength(1)
      expect(text(await store.read('head'))).toBe(String(swapped.indexOf(true)))
    })

    it('lists one level, sorted, folders with a slash', async () => {
      const names = ['log/b/x', 'log/a/x', 'log/a/tile/0/000', 'log/a-b', 'log/a.b/c', 'private/x']
      await store.write(names.map((name) => ({ name, bytes: octets(name) })))
      expect(await store.list('log')).toEqual(['a-b', 'a.b/', 'a/', 'b/'])
      expect(await store.list('log/a')).toEqual(['tile/', 'x'])
      expect(await store.list('')).toEqual(['log/', 'private/'])
      expect(await store.list('log/a/x')).toEqual([])
      expect(await store.list('nowhere')).toEqual([])
      expect(await store.list('lo')).toEqual([])
    })

    it('lists more than a page of objects', async () => {
      const names = Array.from({ length: 1100 }, (_, i) => String(i).padStart(5, '0'))
      await store.write(names.map((name) => ({ name: `many/${name}`, bytes: octets('') })))
      expect(await store.list('many')).toEqual(names)
    })

    it('removes objects, and folders never', async () => {
      await store.write([
        { name: 'a/x', bytes: octets('x') },
        { name: 'a/y', bytes: octets('y') },
      ])
      await store.remove(['a', 'a/y', 'a/z', 'nowhere/at/all'])
      expect(await store.list('a')).toEqual(['x'])
    })

    it.each([
      ['', 'nothing'],
      ['/etc/passwd', 'an absolute path'],
      ['a/../b', 'a way up'],
      ['..', 'a way up alone'],
      ['a/./b', 'a way nowhere'],
      ['a//b', 'an empty segment'],
      ['a/', 'a trailing slash'],
      ['a\u0000b', 'a NUL'],
      ['a\nb', 'a line feed'],
      ['a\\b', 'a backslash'],
      ['a%2e', 'a percent sign'],
      ['~pending/1', 'a tilde'],
      ['é', 'a letter beyond ASCII'],
      [`${'a'.repeat(201)}`, 'a long segment'],
      [Array.from({ length: 401 }, () => 'a').join('/'), 'a long name'],
    ])('refuses the name %j: %s', async (bad) => {
      const refused = { code: 'ERR_USAGE' }
      expect(await rejectionOf(store.read(bad))).toMatchObject(refused)
      expect(await rejectionOf(store.readRange(bad, 0, 1))).toMatchObject(refused)
      expect(await rejectionOf(store.write([{ name: bad, bytes: octets('') }]))).toMatchObject(refused)
      expect(await rejectionOf(store.create(bad, octets('')))).toMatchObject(refused)
      expect(await rejectionOf(store.createMarked(bad, () => octets('')))).toMatchObject(refused)
      expect(await rejectionOf(store.isMarked(bad, 'none'))).toMatchObject(refused)
      expect(await rejectionOf(store.swap(bad, undefined, octets('')))).toMatchObject(refused)
      expect(await rejectionOf(store.swap(bad, octets(''), octets('')))).toMatchObject(refused)
      expect(await rejectionOf(store.remove([bad]))).toMatchObject(refused)
      expect(await rejectionOf(store.createJournal(bad))).toMatchObject(refused)
      expect(await rejectionOf(store.openJournal(bad))).toMatchObject(refused)
      expect(await rejectionOf(store.openJournalForErasure(bad))).toMatchObject(refused)
      if (bad !== '') expect(await rejectionOf(store.list(bad))).toMatchObject(refused)
    })

    it('knows an object by its mark', async () => {
      let seen = ''
      const content = (mark: string) => {
        seen = mark
        return octets(`marked ${mark}`)
      }
      expect(await store.createMarked('inception', content)).toBe(true)
      expect(await store.createMarked('inception', () => octets('again'))).toBe(false)
      expect(text(await store.read('inception'))).toBe(`marked ${seen}`)
      expect(await store.isMarked('inception', seen)).toBe(true)
      expect(await store.isMarked('inception', 'inode:1,birth:1')).toBe(false)
      expect(await store.isMarked('inception', 'anything')).toBe(false)
    })
  })

  describe(`${name}: journals`, () => {
    let store: ObjectStore
    let journal: Journal
    const opened: { close(): Promise<void> }[] = []
    beforeEach(async () => {
      store = await open()
      journal = await store.createJournal('private/a/wal/0')
      opened.push(journal)
    })
    afterEach(async () => {
      for (const each of opened.splice(0)) await each.close()
    })
    const openJournal = async () => {
      const reader = await store.openJournal('private/a/wal/0')
      if (reader) opened.push(reader)
      return reader
    }

    it('gives back what was appended, in order, to others after a sync', async () => {
      await journal.append(octets('one '))
      await Promise.all([journal.append(octets('two ')), journal.append(octets('three'))])
      await journal.sync()
      const reader = await openJournal()
      expect(text(await reader?.read(0, 13))).toBe('one two three')
      expect(text(await reader?.read(4, 3))).toBe('two')
    })

    it('reads zeros, or nothing, behind what was appended', async () => {
      expect(await journal.reserve(100)).toBe(true)
      await journal.append(octets('abc'))
      await journal.sync()
      const reader = await openJournal()
      const size = (await reader?.size()) ?? 0
      const found = (await reader?.read(0, size + 10)) ?? octets('')
      expect(size).toBeGreaterThanOrEqual(3)
      expect(found.length).toBe(size)
      expect(text(found.subarray(0, 3))).toBe('abc')
      expect(found.subarray(3).every((octet) => octet === 0)).toBe(true)
    })

    it('goes on over syncs and reservations', async () => {
      let expected = ''
      for (let i = 0; i < 40; i++) {
        expect(await journal.reserve(10)).toBe(true)
        await journal.append(octets(`entry ${i}, `))
        expected += `entry ${i}, `
        if (i % 3 === 0) await journal.sync()
      }
      await journal.sync()
      const reader = await openJournal()
      expect(text(await reader?.read(0, expected.length))).toBe(expected)
      expect(text(await reader?.read(100, 50))).toBe(expected.slice(100, 150))
    })

    it('is made once', async () => {
      await journal.append(octets('mine'))
      await journal.sync()
      expect(await rejectionOf(store.createJournal('private/a/wal/0'))).toBeInstanceOf(Error)
      const reader = await openJournal()
      expect(text(await reader?.read(0, 4))).toBe('mine')
      expect(await store.openJournal('private/a/wal/1')).toBeUndefined()
      expect(await store.openJournalForErasure('private/a/wal/1')).toBeUndefined()
    })

    it('erases parts of what it wrote, and no more than that', async () => {
      await journal.append(octets('keep secret keep'))
      await journal.sync()
      await journal.erase(5, 6)
      await journal.append(octets(' more'))
      await journal.sync()
      expect(await rejectionOf(journal.erase(20, 2))).toMatchObject({ code: 'ERR_USAGE' })
      const reader = await openJournal()
      expect(text(await reader?.read(0, 21))).toBe('keep \0\0\0\0\0\0 keep more')
    })

    it('is erased in parts by a later process', async () => {
      await journal.append(octets('one secret'))
      await journal.sync()
      await journal.append(octets(' two secret'))
      await journal.sync()
      const eraser = await store.openJournalForErasure('private/a/wal/0')
      await eraser?.erase(4, 13)
      await eraser?.close()
      const reader = await openJournal()
      expect(text(await reader?.read(0, 21))).toBe(`one ${'\0'.repeat(13)}cret`)
    })

    it('is listed and removed like an object', async () => {
      await journal.append(octets('x'))
      await journal.sync()
      expect((await store.list('private/a/wal')).map((name) => name.replace(/\/$/, ''))).toEqual(['0'])
      await store.remove(['private/a/wal/0'])
      expect(await store.list('private/a/wal')).toEqual([])
      expect(await store.openJournal('private/a/wal/0')).toBeUndefined()
    })
  })
}
