/** fs-verity digests, against what libfsverity publishes and what its format comes to. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type MeasuredFile, measureFolder } from '../../src/measure/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-verity-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** The content of libfsverity's test files. */
const content = (size: number): Uint8Array => new Uint8Array(size).map((_, i) => (i % 11) + (i % 439) + (i % 1103))

async function measureOctets(octets: Uint8Array): Promise<MeasuredFile | undefined> {
  writeFileSync(join(folder, 'file'), octets)
  return (await measureFolder(folder, { fsVerity: true, threads: 2 })).files[0]
}

const sha256 = (octets: Uint8Array): Buffer => createHash('sha256').update(octets).digest()

/** As the kernel's documentation describes it, block by block over one octet string. */
function expected(octets: Uint8Array): string {
  const blocks = (data: Uint8Array): readonly Buffer[] =>
    Array.from({ length: Math.ceil(data.length / 4096) }, (_, i) => {
      const block = Buffer.alloc(4096)
      block.set(data.subarray(i * 4096, (i + 1) * 4096))
      return block
    })
  let level = blocks(octets).map(sha256)
  while (level.length > 1) level = blocks(Buffer.concat(level)).map(sha256)
  const descriptor = Buffer.alloc(256)
  descriptor.set([1, 1, 12])
  descriptor.writeBigUInt64LE(BigInt(octets.length), 8)
  descriptor.set(level[0] ?? [], 16)
  return `sha256:${sha256(descriptor).toString('hex')}`
}

describe('fs-verity digests', () => {
  it.each([
    [0, '3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95'],
    [1, 'b803429503d95915829b29fdbc8bbad142f3abfd11b1cadf5526582e685c0551'],
    [4_096, '6ac39979016e3ddf3d39fff6cb984f7c118acdf1852919f5c100c4b142c1818e'],
    [100_000, 'f2096a36c5cdca4fa33ee8852833150bb324992e5417a9d571f1bffff73b9efc'],
    [1_000_000, '48df0c462329cd879661bd05b39aa81b05cc16afd27a7196a559da83531d39d9'],
  ])('are those of libfsverity for %d octets', async (size, hex) => {
    expect((await measureOctets(content(size)))?.fsVerity).toBe(`sha256:${hex}`)
  })

  it.each([
    ['one octet beyond a range', 16 * 1024 * 1024 + 1],
    ['two ranges and a part', 40 * 1024 * 1024 + 5_000],
  ])('come of parts that several threads read: %s', async (_, size) => {
    const octets = content(size)
    const file = await measureOctets(octets)
    expect(file?.fsVerity).toBe(expected(octets))
    expect(file?.digest).toBe(`sha256:${sha256(octets).toString('hex')}`)
  })

  it('are left out where nobody asks', async () => {
    writeFileSync(join(folder, 'file'), 'octets')
    expect((await measureFolder(folder)).files[0]).not.toHaveProperty('fsVerity')
  })

  it('count twice in what is told of the way', async () => {
    writeFileSync(join(folder, 'file'), content(10_000))
    let last: readonly number[] = []
    await measureFolder(folder, {
      fsVerity: true,
      onProgress: (done, total) => {
        last = [done, total]
      },
    })
    expect(last).toEqual([20_000, 20_000])
  })
})
