/** A measured folder held against a manifest: which files differ, and the verdict over it. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createOmsManifest, type OmsResource } from '../../../src/core/resources/oms-manifest.ts'
import { compareOmsManifests, verifyOmsManifest } from '../../../src/core/resources/oms-manifest-compare.ts'

const file = (name: string, content: string): OmsResource => ({
  name,
  digest: createHash('sha256').update(content).digest('hex'),
})
const FILES = [file('config.json', 'config'), file('parts/a.bin', 'a'), file('parts/b.bin', 'b')] as const
const [CONFIG, PART_A, PART_B] = FILES
const make = (files: readonly OmsResource[], ignored: readonly string[] = ['.git', 'model.sig']) =>
  createOmsManifest('llama', files, ignored)
const WANTED = make(FILES)
const NOTHING = { renamed: [], removed: [], added: [], changed: [], modes: [] }

async function verdictOn(files: readonly OmsResource[], ignored?: readonly string[]) {
  const verdict = await verifyOmsManifest(WANTED, make(files, ignored))
  const failed = verdict.checks.find(({ status }) => status === 'fail')
  return verdict.ok ? 'ok' : { code: verdict.code, check: failed?.name, detail: failed?.detail }
}

const mismatch = (check: string, detail: string) => ({ code: 'ARTIFACT_DIGEST_MISMATCH', check, detail })

describe('comparing with a manifest', () => {
  it('finds nothing where nothing differs', async () => {
    expect(compareOmsManifests(WANTED, make(FILES))).toEqual(NOTHING)
    expect(await verdictOn(FILES)).toBe('ok')
  })

  it.each<[string, readonly OmsResource[], object, object]>([
    [
      'renamed',
      [file('settings.json', 'config'), PART_A, PART_B],
      { renamed: [{ from: 'config.json', to: 'settings.json' }] },
      mismatch('no file renamed', 'config.json is now settings.json'),
    ],
    [
      'moved',
      [CONFIG, file('a.bin', 'a'), PART_B],
      { renamed: [{ from: 'parts/a.bin', to: 'a.bin' }] },
      mismatch('no file renamed', 'parts/a.bin is now a.bin'),
    ],
    ['added empty', [...FILES, file('empty', '')], { added: ['empty'] }, mismatch('no file added', 'empty')],
    [
      'made executable',
      [CONFIG, { ...PART_A, executable: true }, PART_B],
      { modes: ['parts/a.bin'] },
      mismatch('no mode changed', 'parts/a.bin'),
    ],
    [
      'changed',
      [CONFIG, file('parts/a.bin', 'A'), PART_B],
      { changed: ['parts/a.bin'] },
      mismatch('no file changed', 'parts/a.bin'),
    ],
    ['removed', [CONFIG, PART_B], { removed: ['parts/a.bin'] }, mismatch('no file removed', 'parts/a.bin')],
  ])('[R10] names a file that was %s', async (_, files, difference, verdict) => {
    expect(compareOmsManifests(WANTED, make(files))).toEqual({ ...NOTHING, ...difference })
    expect(await verdictOn(files)).toEqual(verdict)
  })

  it('takes two files that changed places for changed', async () => {
    const swapped = [CONFIG, file('parts/a.bin', 'b'), file('parts/b.bin', 'a')]
    expect(compareOmsManifests(WANTED, make(swapped))).toEqual({ ...NOTHING, changed: ['parts/a.bin', 'parts/b.bin'] })
  })

  it('pairs each file once where several have the same octets', () => {
    const wanted = make([file('a', 'x'), file('b', 'x'), file('c', 'x')])
    expect(compareOmsManifests(wanted, make([file('d', 'x'), file('e', 'x')]))).toEqual({
      ...NOTHING,
      renamed: [
        { from: 'a', to: 'd' },
        { from: 'b', to: 'e' },
      ],
      removed: ['c'],
    })
  })

  it('takes a file that was renamed and made executable for two changes', () => {
    const seen = make([{ ...file('settings.json', 'config'), executable: true }, PART_A, PART_B])
    expect(compareOmsManifests(WANTED, seen)).toEqual({
      ...NOTHING,
      removed: ['config.json'],
      added: ['settings.json'],
    })
  })

  it('refuses a manifest that left out other paths, whatever its files are', async () => {
    expect(await verdictOn(FILES, ['.git'])).toMatchObject({ code: 'ARTIFACT_DIGEST_MISMATCH', check: 'same root' })
  })

  it('shows three names in a check and counts the rest', async () => {
    const added = ['1', '2', '3', '4', '5'].map((name) => file(name, ''))
    expect(await verdictOn([...FILES, ...added])).toEqual(mismatch('no file added', '1, 2, 3 and 2 more'))
  })
})
