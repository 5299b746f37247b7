import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { digestUri } from '../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { verifyChunk } from '../../src/core/resources/chunk-proof.ts'
import { loadCollection } from '../../src/retrieval/index.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'collection-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function put(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}

const FILES = {
  'fruit.md': '# Fruit\n\nApples are red.\n\n# Berries\n\nBlueberries are blue.\n',
  'deep/er/note.txt': 'Quinces ripen late.\n',
  'deep/a.md': 'Plums.\n',
}

describe('a collection', () => {
  test('has the documents of the folder in the order of their paths, cut into chunks that are named by path and place', async () => {
    await put({ ...FILES, 'picture.png': 'x', '.hidden.md': 'hidden', '.git/a.md': 'hidden' })
    const { documents, chunks, chunk, size, chunking } = await loadCollection(folder)
    expect(documents).toEqual(
      ['deep/a.md', 'deep/er/note.txt', 'fruit.md'].map((path) => {
        const octets = encodeUtf8(Object.entries(FILES).find(([name]) => name === path)?.[1] ?? '')
        return { path, size: octets.length, digest: digestUri(octets) }
      }),
    )
    expect(chunks.map(({ id }) => id)).toEqual(['deep/a.md#0', 'deep/er/note.txt#0', 'fruit.md#0', 'fruit.md#1'])
    const text = '# Berries\n\nBlueberries are blue.'
    const digest = digestUri(encodeUtf8(text))
    expect(chunk('fruit.md#1')).toEqual({ id: 'fruit.md#1', text, size: 32, digest, document: documents[2]?.digest })
    expect(chunk('fruit.md#2')).toBeUndefined()
    expect(size).toBe(documents.reduce((sum, document) => sum + document.size, 0))
    expect(chunking).toEqual({ method: 'headings-and-paragraphs', maxCharacters: 1200 })
  })

  test('lists chunks in the order of their ids as texts, which is that of the leaves', async () => {
    await put({ 'a.md': Array.from({ length: 12 }, (_, n) => `# ${n}\n\nwords`).join('\n'), 'B.md': 'words' })
    const { chunks } = await loadCollection(folder)
    const ids = [
      'B.md#0',
      'a.md#0',
      'a.md#1',
      'a.md#10',
      'a.md#11',
      ...Array.from({ length: 8 }, (_, n) => `a.md#${n + 2}`),
    ]
    expect(chunks.map(({ id }) => id)).toEqual(ids)
  })

  test('proves each of its chunks against its root, and no other id', async () => {
    await put(FILES)
    const { chunks, prove, root } = await loadCollection(folder)
    for (const { id, text } of chunks)
      expect((await verifyChunk({ id, text: encodeUtf8(text), proof: prove(id), root })).ok).toBe(true)
    expect(() => prove('fruit.md#9')).toThrow('no chunk of this index has that id')
  })

  test('has the root of its content: the same for a copy made in another order, another for each change', async () => {
    await put(FILES)
    const first = await loadCollection(folder)
    const again = await first.reload()
    expect(again.root).toBe(first.root)
    await rm(join(folder, 'deep'), { recursive: true })
    await put(Object.fromEntries(Object.entries(FILES).toReversed()))
    expect((await first.reload()).root).toBe(first.root)

    const roots = new Set([first.root])
    const changes = [
      () => put({ 'fruit.md': FILES['fruit.md'].replace('blue.', 'blue!') }),
      () => put({ 'fruit.md': `${FILES['fruit.md']}\n` }),
      () => rename(join(folder, 'fruit.md'), join(folder, 'fruits.md')),
      () => put({ 'empty.md': '' }),
      () => rm(join(folder, 'deep/a.md')),
    ]
    for (const change of changes) {
      await change()
      roots.add((await first.reload()).root)
    }
    expect(roots.size).toBe(changes.length + 1)
    expect((await loadCollection(folder, { maxCharacters: 1199 })).root).not.toBe((await first.reload()).root)
  })

  test('stays as it is while its folder changes, and reloads with its own options', async () => {
    await put({ 'a.rst': 'Pears are green.' })
    const before = await loadCollection(folder, { extensions: ['.rst'] })
    await put({ 'a.rst': 'Pears are yellow.' })
    const after = await before.reload()
    expect(before.search('pears', { limit: 1 })[0]?.text).toBe('Pears are green.')
    expect(after.search('pears', { limit: 1 })[0]?.text).toBe('Pears are yellow.')
    expect(after.root).not.toBe(before.root)
  })
})

describe('a folder is refused, by the name of what is wrong,', () => {
  test.each<[string, () => Promise<unknown>, string]>([
    ['for octets that are not UTF-8', () => put({ 'bad.md': Uint8Array.of(0x61, 0xc3, 0x28) }), 'bad.md is not UTF-8'],
    ['for a symbolic link to a file', () => symlink('a.md', join(folder, 'link.md')), 'link.md is a symbolic link'],
    ['for a symbolic link to a folder', () => symlink('..', join(folder, 'up')), 'up is a symbolic link'],
    ['for a broken link of any name', () => symlink('nowhere', join(folder, 'x.bin')), 'x.bin is a symbolic link'],
    ['for a folder with the name of a document', () => mkdir(join(folder, 'dir.md')), ''],
    ['for a control character in a name', () => put({ 'a\nb.md': 'text' }), 'has no name for an index'],
    ['for a file beyond the limit', () => put({ 'big.txt': 'x'.repeat(2001) }), 'big.txt has more than 2000 octets'],
    [
      'for documents beyond the limit together',
      () => put({ 'b.md': 'x'.repeat(1500), 'c.md': 'x'.repeat(1500) }),
      'has more than 2500 octets of documents',
    ],
    [
      'for too many documents',
      () => put({ 'b.md': 'b', 'c.md': 'c', 'd.md': 'd' }),
      'has more than 3 documents or folders',
    ],
    [
      'for too many folders',
      () => put({ '1/x': '', '2/x': '', '3/x': '', '4/x': '' }),
      'has more than 3 documents or folders',
    ],
  ])('%s', async (_, make, message) => {
    await put({ 'a.md': 'Plums.' })
    await make()
    const loading = loadCollection(folder, { limits: { fileSize: 2000, size: 2500, files: 3 } })
    if (message === '') expect((await loading).documents.map(({ path }) => path)).toEqual(['a.md'])
    else await expect(loading).rejects.toMatchObject({ code: 'ERR_CONFIG', message: expect.stringContaining(message) })
  })

  test('for a pipe, without waiting for who writes to it', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe.md')])
    await expect(loadCollection(folder)).rejects.toThrow('pipe.md is no file')
  })

  test('for text that makes more chunks than an index holds', async () => {
    await put({ 'a.md': '# a\nb\n'.repeat(100_001) })
    await expect(loadCollection(folder)).rejects.toThrow('has more than 100000 chunks')
  })

  test('for having no text, and for not being there', async () => {
    await put({ 'a.md': '\n\n', 'b.html': 'text' })
    await expect(loadCollection(folder)).rejects.toThrow('has no text in files of .md, .txt')
    await expect(loadCollection(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'ERR_CONFIG' })
    await expect(loadCollection(join(folder, 'a.md'))).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  test.each([
    { maxCharacters: 199 },
    { maxCharacters: 8001 },
    { maxCharacters: 300.5 },
    { extensions: [] },
    { extensions: ['md'] },
  ])('for the option %j', async (options) => {
    await put(FILES)
    await expect(loadCollection(folder, options)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})
