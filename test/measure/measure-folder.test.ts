/** Folders measured as they lie on a disk, by threads. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeOmsManifest, encodeOmsManifest } from '../../src/core/resources/oms-manifest.ts'
import { measureFolder } from '../../src/measure/index.ts'

/** Beyond one portion, and no multiple of one. */
const WEIGHTS = new Uint8Array(3_000_001).map((_, i) => (i * 7919) >> 3)
const digestOf = (octets: Uint8Array | string): string => `sha256:${createHash('sha256').update(octets).digest('hex')}`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-measure-'))
  mkdirSync(join(folder, 'parts'))
  writeFileSync(join(folder, 'config.json'), '{}')
  writeFileSync(join(folder, 'parts', 'a.bin'), WEIGHTS)
})
afterEach(() => rmSync(folder, { recursive: true }))

const rootNow = async (): Promise<string> => (await measureFolder(folder)).root

describe('measuring a folder', () => {
  it('lists its files by name, size and digest, and names it by one root', async () => {
    const { files, size, manifest, root, subject } = await measureFolder(folder)
    expect(size).toBe(3_000_003)
    expect(files).toEqual([
      { name: 'config.json', size: 2, digest: digestOf('{}') },
      { name: 'parts/a.bin', size: 3_000_001, digest: digestOf(WEIGHTS) },
    ])
    expect(manifest).toMatchObject({ name: basename(folder), allowSymlinks: false, ignorePaths: ['.git', 'model.sig'] })
    expect(decodeOmsManifest(encodeOmsManifest(manifest))).toEqual(manifest)
    const raw = files.map(({ digest }) => Buffer.from(digest.slice(7), 'hex'))
    expect(subject).toBe(digestOf(Buffer.concat(raw)))
    expect(root).toMatch(/^sha256:[0-9a-f]{64}$/)
  })

  it('gives the same on one thread and on more threads than there are files', async () => {
    for (let i = 0; i < 20; i++) writeFileSync(join(folder, `${i}.bin`), WEIGHTS.subarray(i * 1_000))
    const alone = await measureFolder(folder, { threads: 1 })
    expect(await measureFolder(folder, { threads: 4 })).toEqual(alone)
    expect(await measureFolder(folder, { threads: 64 })).toEqual(alone)
    for (let i = 0; i < 20; i++)
      expect(alone.files).toContainEqual({
        name: `${i}.bin`,
        size: 3_000_001 - i * 1_000,
        digest: digestOf(WEIGHTS.subarray(i * 1_000)),
      })
  })

  it('leaves out the signature and what version control keeps, at the top alone, and says so', async () => {
    const before = await measureFolder(folder)
    writeFileSync(join(folder, 'model.sig'), 'signature')
    mkdirSync(join(folder, '.git'))
    writeFileSync(join(folder, '.git', 'HEAD'), 'ref')
    expect(await measureFolder(folder)).toEqual(before)
    writeFileSync(join(folder, 'parts', 'model.sig'), 'signature')
    expect(await rootNow()).not.toBe(before.root)
  })

  it.each<[string, () => void]>([
    ['renaming a file', () => renameSync(join(folder, 'config.json'), join(folder, 'config2.json'))],
    ['moving a file', () => renameSync(join(folder, 'parts', 'a.bin'), join(folder, 'a.bin'))],
    ['adding an empty file', () => writeFileSync(join(folder, 'parts', 'empty'), '')],
    ['making a file executable', () => chmodSync(join(folder, 'config.json'), 0o755)],
    ['one bit in the last octet', () => writeFileSync(join(folder, 'parts', 'a.bin'), flipped())],
  ])('[R10] has another root after %s', async (_, change) => {
    const before = await rootNow()
    change()
    expect(await rootNow()).not.toBe(before)
  })

  it('has the same root under another name of the folder', async () => {
    const before = await rootNow()
    const moved = `${folder}-moved`
    renameSync(folder, moved)
    folder = moved
    expect(await rootNow()).toBe(before)
  })

  it('tells how far it is, up to all octets', async () => {
    const seen: (readonly [number, number])[] = []
    await measureFolder(folder, { onProgress: (done, total) => seen.push([done, total]) })
    expect(seen.at(-1)).toEqual([3_000_003, 3_000_003])
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b))
  })
})

function flipped(): Uint8Array {
  const octets = WEIGHTS.slice()
  octets[octets.length - 1] = (octets.at(-1) ?? 0) ^ 1
  return octets
}

describe('a folder that cannot be measured', () => {
  it.each<[string, () => void, RegExp]>([
    [
      'a symbolic link to a file',
      () => symlinkSync('config.json', join(folder, 'parts', 'link')),
      /^parts\/link is a symbolic link/,
    ],
    ['a symbolic link to a folder', () => symlinkSync('parts', join(folder, 'link')), /^link is a symbolic link/],
    [
      'a symbolic link that leads nowhere',
      () => symlinkSync('/nowhere', join(folder, 'link')),
      /^link is a symbolic link/,
    ],
    [
      'a pipe',
      () => expect(spawnSync('mkfifo', [join(folder, 'parts', 'pipe')]).status).toBe(0),
      /^parts\/pipe is neither a file nor a folder/,
    ],
    ['a name with a backslash', () => writeFileSync(join(folder, 'a\\b'), ''), /^a\\b has a name with a backslash/],
    [
      'a name that is not UTF-8',
      () => writeFileSync(Buffer.concat([Buffer.from(join(folder, 'a')), Buffer.from([0xff])]), ''),
      /has a name that is not UTF-8/,
    ],
  ])('is refused for %s, which is named', async (_, plant, message) => {
    plant()
    await expect(measureFolder(folder)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(message),
    })
  })

  it('is refused where it holds no file or is none', async () => {
    rmSync(join(folder, 'config.json'))
    rmSync(join(folder, 'parts', 'a.bin'))
    await expect(measureFolder(folder)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(/holds no file/),
    })
    await expect(measureFolder(join(folder, 'none'))).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(/cannot be read as a folder/),
    })
  })

  it.each<[string, () => void, RegExp]>([
    ['a file that grows', () => appendFileSync(join(folder, 'parts', 'a.bin'), 'more'), /^parts\/a\.bin changed while/],
    ['a file that is rewritten', () => writeFileSync(join(folder, 'config.json'), '[]'), /^config\.json changed while/],
    ['a file that comes', () => writeFileSync(join(folder, 'late'), ''), /^late changed while/],
    ['a file that goes', () => rmSync(join(folder, 'config.json')), /^config\.json changed while/],
    ['a mode that changes', () => chmodSync(join(folder, 'config.json'), 0o700), /^config\.json changed while/],
  ])('is refused for %s meanwhile', async (_, change, message) => {
    let changed = false
    const onProgress = (done: number, total: number): void => {
      // Every octet was read by then, so each thread has seen its file as it was, or sees at its end that it was not.
      if (done < total || changed) return
      changed = true
      change()
    }
    await expect(measureFolder(folder, { onProgress })).rejects.toMatchObject({
      code: 'ERR_STATE',
      message: expect.stringMatching(message),
    })
  })

  it('is left alone once the caller gives up, before the start or in the middle', async () => {
    const reason = new Error('given up')
    await expect(measureFolder(folder, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const onProgress = (): void => controller.abort(reason)
    await expect(measureFolder(folder, { signal: controller.signal, onProgress })).rejects.toBe(reason)
  })
})
