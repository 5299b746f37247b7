/** What a host of the confidential VM could reach for: programs and drivers that read its words, and disks that it writes. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-cvm-'))
})
afterAll(() => rm(folder, { recursive: true }))

test.each(['root', 'initrd'])('[M5] prunes %s to the programs and generators on the list', async (kind) => {
  const tree = join(folder, kind)
  const put = async (path: string): Promise<void> => {
    await mkdir(dirname(join(tree, path)), { recursive: true })
    await writeFile(join(tree, path), '')
  }
  const generators = 'usr/lib/systemd/system-generators'
  for (const name of ['fstab', 'veritysetup', 'debug', 'gpt-auto', 'run', 'ssh', 'hibernate-resume', 'new'])
    await put(`${generators}/systemd-${name}-generator`)
  for (const path of ['usr/bin/kmod', 'usr/bin/sh', 'usr/lib/systemd/systemd-storagetm', 'usr/lib/systemd/systemd'])
    await put(path)
  for (const path of ['usr/lib/systemd/system', 'etc/systemd/system'])
    await mkdir(join(tree, path), { recursive: true })
  await run('enclave/prune.sh', [kind, tree])
  expect((await readdir(join(tree, generators))).sort()).toEqual([
    'systemd-fstab-generator',
    'systemd-veritysetup-generator',
  ])
  expect(await readdir(join(tree, 'usr/bin'))).toEqual(['kmod'])
  expect((await readdir(join(tree, 'usr/lib/systemd'))).sort()).toEqual(['system', 'system-generators', 'systemd'])
})

test('[M3] has no driver that reads variables, settings or files of the host', async () => {
  const lines = (await readFile('enclave/cvm/mkosi.conf', 'utf8')).split('\n').map((line) => line.trim())
  const patterns = lines.filter((line) => line.startsWith('/') || line.startsWith('^'))
  expect(patterns.length).toBeGreaterThan(20)
  expect(patterns.filter((line) => /efi|fw_cfg|vsock|9p|virtiofs|fuse|nfs|virtio_console/.test(line))).toEqual([])
})

test('takes no word about the weights from their own volume: hash, sizes and salt are in the root', async () => {
  const [, line = ''] = (await readFile('enclave/cvm/build.sh', 'utf8')).split('etc/veritytab" <<EOF\n')
  const text = line.split('\n', 1)[0]?.replaceAll(/\$\(\([^)]*\)\)/g, '…') ?? ''
  const options = text.split(' ').at(-1)?.split(',') ?? []
  expect(options.map((option) => option.replace(/=\$.*/, ''))).toEqual([
    'superblock=no',
    'format=1',
    'hash=sha256',
    'data-block-size=4096',
    'hash-block-size=4096',
    'data-blocks=…',
    'hash-offset',
    'salt',
    'panic-on-corruption',
  ])
})

test('powers off after five tries, also where each takes an hour', async () => {
  const unit = await readFile('enclave/cvm/mkosi.extra/usr/lib/systemd/system/countersign.service', 'utf8')
  expect(unit).toMatch(/^StartLimitIntervalSec=6h\nStartLimitBurst=5\nStartLimitAction=poweroff-force$/m)
})

test.each(['countersign.service', 'countersign-trial.service'])(
  'powers off where what %s needs is not there',
  async (name) => {
    const unit = (await readFile(`enclave/cvm/mkosi.extra/usr/lib/systemd/system/${name}`, 'utf8')).split('\n')
    const words = unit.filter((line) => /^(?:RequiresMountsFor|OnFailure)=/.test(line))
    expect(words).toEqual(['RequiresMountsFor=/weights', 'OnFailure=emergency.service'])
    expect(await readFile('enclave/prune.sh', 'utf8')).toMatch(
      /system\/emergency\.service" <<'UNIT'[^<]*SuccessAction=poweroff-force/,
    )
  },
)

test.each([
  ['a platform that nobody knows', { platform: 'sev', inputs: {} }],
  ['an input that nobody knows', { platform: 'tdx', inputs: { kernal: 'measured' } }],
  ['a state that nobody knows', { platform: 'tdx', inputs: { kernel: 'yes' } }],
])('[M3] check-profile refuses %s', async (_, profile) => {
  const file = join(folder, 'profile.json')
  await writeFile(file, JSON.stringify(profile))
  await expect(run(process.execPath, ['enclave/check-profile.mjs', file])).rejects.toThrow(/must be|nothing is known/)
})

describe('the disks of a hostile host', () => {
  const tamper = (...args: readonly string[]): ReturnType<typeof run> =>
    run(process.execPath, ['enclave/cvm/tamper.mjs', ...args])

  test('differ in one octet of the content', async () => {
    const [disk, content] = [join(folder, 'disk'), join(folder, 'content')]
    const octets = Buffer.concat(Array.from({ length: 128 }, (_, i) => createHash('sha256').update(`${i}`).digest()))
    const before = Buffer.concat([Buffer.alloc(10_000), octets, Buffer.alloc(10_000)])
    await writeFile(content, octets)
    await writeFile(disk, before)
    await tamper('data', disk, content)
    const after = await readFile(disk)
    const changed = [...after.keys()].filter((at) => after[at] !== before[at])
    expect(changed).toEqual([10_000 + 2048])
    await expect(tamper('data', disk, content)).rejects.toThrow('not once')
  })

  test('name another root hash', async () => {
    const kernel = join(folder, 'kernel')
    const hash = `${'0'.repeat(32)}${'f'.repeat(32)}`
    await writeFile(kernel, `…roothash=${hash} quiet…`)
    const { stdout } = await tamper('hash', kernel)
    expect(String(stdout).trim()).toMatch(/^[0-9a-f]{64}$/)
    expect(await readFile(kernel, 'utf8')).toBe(`…roothash=${String(stdout).trim()} quiet…`)
    expect(String(stdout)).not.toContain(hash)
  })
})
