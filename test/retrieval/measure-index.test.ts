/** `countersign measure index`: what it prints, and what it refuses. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Io, UsageError } from '../../src/cli/command.ts'
import { command } from '../../src/cli/commands/measure.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { verifyChunk } from '../../src/core/resources/chunk-proof.ts'
import { loadCollection } from '../../src/retrieval/index.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'measure-index-'))
  writeFileSync(join(folder, 'a.md'), '# One\n\nApples.\n\n# Two\n\nPears.\n')
  writeFileSync(join(folder, 'b\u202e.txt'), 'Quinces.\n')
  writeFileSync(join(folder, 'c.rst'), 'Plums.\n')
})
afterEach(() => rmSync(folder, { recursive: true }))

async function run(...args: readonly string[]): Promise<string> {
  let shown = ''
  const out = (text: string): void => {
    shown += text
  }
  const io: Io = { out, err: out, colour: false, progress: false, env: {}, now: () => new Date(0) }
  expect(await command.run(['index', ...args], io)).toBe(0)
  return shown
}

describe('countersign measure index', () => {
  test('shows documents, chunks, how they were cut, and the root; names cannot write on the terminal', async () => {
    const { root, chunkingDigest } = await loadCollection(folder)
    expect(await run(folder)).toBe(
      [
        '  a.md    30 octets, 2 chunks',
        '  b?.txt  9 octets, 1 chunk',
        '',
        '  documents  2, 39 octets',
        '  chunks     3',
        '  cut by     headings-and-paragraphs, at most 1200 characters, no overlap',
        `  chunking   ${chunkingDigest}`,
        `  root       ${root}`,
        '',
      ].join('\n'),
    )
  })

  test('gives all of it as JSON, each chunk by id and digest', async () => {
    const { root, chunkingDigest, documents, chunks } = await loadCollection(folder)
    expect(JSON.parse(await run(folder, '--json'))).toEqual({
      root,
      chunking: { method: 'headings-and-paragraphs', maxCharacters: 1200, overlap: 0 },
      chunkingDigest,
      size: 39,
      documents,
      chunks: chunks.map(({ id, digest, size }) => ({ id, digest, size })),
    })
  })

  test('prints a proof that verifies against the root', async () => {
    const { root } = await loadCollection(folder)
    const proof = encodeUtf8(await run(folder, '--prove', 'a.md#1'))
    const text = encodeUtf8('# Two\n\nPears.')
    expect((await verifyChunk({ id: 'a.md#1', text, proof, root })).ok).toBe(true)
  })

  test('reads other extensions and cuts at another length, as the gateway was told to', async () => {
    const options = { extensions: ['.rst', '.md'], maxCharacters: 500 }
    const { root } = await loadCollection(folder, options)
    const args = ['--extension', '.rst', '--extension', '.md', '--max-characters', '500', '--json']
    expect(JSON.parse(await run(folder, ...args)).root).toBe(root)
  })

  test('refuses what makes no sense, and a folder that has a link', async () => {
    for (const args of [[], [folder, folder], [folder, '--prove', 'a.md#2'], [folder, '--prove', 'a.md#0', '--json']])
      await expect(run(...args)).rejects.toThrow(UsageError)
    for (const size of ['', 'many', '199', '1e9'])
      await expect(run(folder, '--max-characters', size)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
    symlinkSync('a.md', join(folder, 'd.md'))
    await expect(run(folder)).rejects.toThrow('d.md is a symbolic link')
  })

  test('has help with an example', async () => {
    expect(await command.helpOn?.(['index', '--help'])).toContain('Example: countersign measure index docs')
  })
})
