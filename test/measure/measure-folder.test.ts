/** Folders measured as they lie on a disk. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { measureFolder } from '../../src/measure/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-measure-'))
  mkdirSync(join(folder, 'parts'))
  writeFileSync(join(folder, 'config.json'), '{}')
  writeFileSync(join(folder, 'parts', 'a.bin'), new Uint8Array(3_000_000).fill(7))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('measuring a folder', () => {
  it('lists files by name with size and digest', async () => {
    const { files, size } = await measureFolder(folder)
    expect(size).toBe(3_000_002)
    expect(files).toEqual([
      {
        name: 'config.json',
        size: 2,
        digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
      },
      { name: 'parts/a.bin', size: 3_000_000, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
    ])
  })
})
