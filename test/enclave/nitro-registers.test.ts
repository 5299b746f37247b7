/** What build.sh holds against what nitro-cli printed. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(96))
const PRINTED = { HashAlgorithm: 'Sha384 { ... }', PCR0: A, PCR1: B, PCR2: C }
const MEASURED = { measurements: { document: 'enclave', pcr0: A, pcr1: B, pcr2: C }, signature: 'none' }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-registers-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function compare(printed: object, measured: object): Promise<{ readonly exit: number; readonly out: string }> {
  const files = [join(folder, 'printed.json'), join(folder, 'measured.json')] as const
  await writeFile(files[0], JSON.stringify({ Measurements: printed }))
  await writeFile(files[1], JSON.stringify(measured))
  return new Promise((done) => {
    const args = ['enclave/nitro/compare-registers.mjs', ...files]
    const child = execFile(process.execPath, args, (_error, out) => done({ exit: child.exitCode ?? -1, out }))
  })
}

describe('registers that nitro-cli printed', () => {
  test('pass where they are those of the image, signed or not', async () => {
    expect((await compare(PRINTED, MEASURED)).exit).toBe(0)
    expect((await compare({ ...PRINTED, PCR8: D }, { ...MEASURED, signature: { pcr8: D } })).exit).toBe(0)
  })

  test.each([
    ['another', { ...PRINTED, PCR2: D }, MEASURED],
    ['one too few', { PCR0: A, PCR1: B }, MEASURED],
    ['a signature that the image lacks', { ...PRINTED, PCR8: D }, MEASURED],
    ['none, of an image without any', {}, { measurements: {}, signature: 'none' }],
  ])('are refused where there is %s', async (_what, printed, measured) => {
    const { exit, out } = await compare(printed, measured)
    expect({ exit, out }).toMatchObject({ exit: 1, out: expect.stringMatching(/DIFFERS|none/) })
  })
})
