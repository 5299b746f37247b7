/** What the images are built from, held against the rules that what was built is held against. */
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  bridges,
  decodeOutward,
  hostsFile,
  INWARD_PORT,
  MAX_OPERATIONAL_SIZE,
  OPERATIONAL_PORT,
} from '../../enclave/nitro/rootfs/usr/lib/countersign/bridges.mjs'
import { checkDockerfile, checkTree, checkUnifiedKernelImage } from '../../src/core/measurement/image/index.ts'
import * as config from '../../src/server/config/index.ts'
import { findSfdisk } from '../kit/sfdisk.ts'

const UNITS = 'enclave/cvm/mkosi.extra/usr/lib/systemd/system'
const read = (path: string): Promise<string> => readFile(path, 'utf8')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-images-'))
})
afterAll(() => rm(folder, { recursive: true }))

interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
}

function start(program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((done) => {
    const child = execFile(program, [...args], (_error, out, err) => done({ exit: child.exitCode ?? -1, out, err }))
  })
}

async function run(program: string, ...args: readonly string[]): Promise<Omit<Ran, 'out'>> {
  const { exit, err } = await start(program, args)
  return { exit, err }
}

describe('the confidential VM', () => {
  test('[M3] has a command line that leaves nothing unmeasured, but for the root hash that a build adds', async () => {
    const [, setting = ''] = (await read('enclave/cvm/mkosi.conf')).split('KernelCommandLine=\n')
    const words = setting.split('\n').map((line) => line.trim())
    const cmdline = words
      .slice(
        0,
        words.findIndex((word) => word.startsWith('KernelModules')),
      )
      .join(' ')
    const sections = ['.linux', '.initrd', '.cmdline', '.osrel', '.uname'].map((name) => ({ name, offset: 0, size: 1 }))
    const findings = (text: string): readonly string[] =>
      checkUnifiedKernelImage({ sections, cmdline: text }).map(({ where }) => where)
    expect(findings(cmdline)).toEqual(['roothash'])
    expect(findings(`roothash=${'0'.repeat(64)} ${cmdline}`)).toEqual([])
  })

  test('[M5] keeps no program that the scan refuses, in any of its trees', async () => {
    const kept = (await read('enclave/programs.allow'))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    const entries = kept.map((line) => ({ path: `usr/bin/${line.split(' ')[1]}`, kind: 'file', mode: 0o755 }) as const)
    expect(entries.length).toBeGreaterThan(10)
    expect(checkTree(entries)).toEqual([])
  })

  test('[M5] has units and settings without a word for the inspector', async () => {
    const names = await readdir('enclave/cvm/mkosi.extra', { recursive: true })
    const texts = names.filter((name) => /\.(?:service|conf|rules|preset|network)$/.test(name))
    const entries = await Promise.all(
      texts.map(async (path) => ({
        path,
        kind: 'file' as const,
        mode: 0o644,
        text: await read(join('enclave/cvm/mkosi.extra', path)),
      })),
    )
    expect(entries.length).toBeGreaterThan(8)
    expect(checkTree(entries)).toEqual([])
  })

  test.each(['countersign.service', 'countersign-trial.service'])('hardens %s', async (name) => {
    const lines = (await read(join(UNITS, name))).split('\n')
    for (const line of [
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'PrivateTmp=yes',
      'CapabilityBoundingSet=',
      'AmbientCapabilities=',
      'SystemCallFilter=@system-service',
      'RestrictNamespaces=yes',
      'DevicePolicy=closed',
      'User=countersign',
    ])
      expect(lines).toContain(line)
    expect(lines.some((line) => line.startsWith('MemoryDenyWriteExecute'))).toBe(false)
  })

  test('[M2] starts Node with no variable but HOME', async () => {
    for (const name of ['countersign.service', 'countersign-trial.service']) {
      const start = (await read(join(UNITS, name))).split('\n').filter((line) => line.startsWith('ExecStart='))
      expect(start).toHaveLength(1)
      expect(start[0]).toMatch(/^ExecStart=\/usr\/bin\/env -i HOME=\/var\/lib\/countersign \/usr\/bin\/node /)
    }
  })

  test('starts a simulated TEE for the words of a trial alone', async () => {
    const condition = 'ConditionKernelCommandLine='
    const words = 'countersign.trial-on-a-simulated-tee'
    expect(await read(join(UNITS, 'countersign.service'))).toContain(`${condition}!${words}\n`)
    expect(await read(join(UNITS, 'countersign.service'))).not.toContain('--simulated')
    expect(await read(join(UNITS, 'countersign-trial.service'))).toContain(`${condition}${words}\n`)
  })

  test.skipIf(!findSfdisk('no volume of settings is made'))(
    'has a volume of settings that the gateway reads, the same for the same settings',
    async () => {
      const paths = [join(folder, 'one.img'), join(folder, 'two.img')] as const
      const settings = 'enclave/cvm/example/operational.yaml'
      for (const path of paths) expect((await run('enclave/cvm/operational-volume.sh', settings, path)).exit).toBe(0)
      const [one, two] = await Promise.all([readFile(paths[0]), readFile(paths[1])])
      expect(one.equals(two)).toBe(true)
      const partition = join(folder, 'partition')
      await writeFile(partition, one.subarray(2048 * 512, (2048 + 128) * 512))
      const { config: joined } = await config.loadSplitConfig(
        { measured: 'enclave/cvm/example/measured.yaml', operational: partition },
        { env: {} },
      )
      expect(joined.operational.tls).toEqual({ kind: 'self-signed' })
      // It may hold the store's credentials.
      expect((await stat(paths[0])).mode & 0o777).toBe(0o600)
    },
  )

  test('refuses settings that are too large for their volume', async () => {
    const large = join(folder, 'large.yaml')
    await writeFile(large, '#'.repeat(config.MAX_OPERATIONAL_SIZE + 1))
    expect(await run('enclave/cvm/operational-volume.sh', large, join(folder, 'large.img'))).toEqual({
      exit: 2,
      err: 'operational-volume: /large.yaml has 65537 octets: at most 65536 are read\n'.replace('/large.yaml', large),
    })
  })
})

describe('the Nitro Enclave', () => {
  test('[M4] names no image by a tag', async () => {
    const text = await read('enclave/nitro/Dockerfile')
    expect(checkDockerfile(text, { file: 'Dockerfile' })).toEqual([])
    expect(checkDockerfile(text.replace('FROM scratch', 'FROM node:20'), { file: 'Dockerfile' })).toHaveLength(1)
  })

  test('is never started in debug mode, which opens its console', async () => {
    const code = (await read('enclave/nitro/run-enclave.sh')).split('\n').filter((line) => !line.startsWith('#'))
    expect(code.join('\n')).toContain('nitro-cli run-enclave --eif-path')
    expect(code.join('\n')).not.toMatch(/--debug-mode|--attach-console|nitro-cli console/)
  })

  test('leads clients in by one port, and out to measured hosts alone', async () => {
    const outward = decodeOutward(await read('enclave/nitro/example/outward.json'))
    expect(bridges(outward)).toEqual([
      [`VSOCK-LISTEN:${INWARD_PORT},reuseaddr,fork`, 'TCP4:127.0.0.1:8787'],
      ['TCP4-LISTEN:443,bind=127.0.1.1,reuseaddr,fork', 'VSOCK-CONNECT:3:8001'],
    ])
    expect(hostsFile(outward)).toBe('127.0.0.1 localhost\n127.0.1.1 example-receipts.s3.eu-west-1.amazonaws.com\n')
    expect(bridges([])).toHaveLength(1)
  })

  test.each([
    ['is no list', '{}'],
    ['has a host with an option of socat in it', '[{"host":"a,fork","port":443,"vsockPort":8001}]'],
    ['has a port that is text', '[{"host":"a","port":"443","vsockPort":8001}]'],
    ['takes the port of the settings', `[{"host":"a","port":443,"vsockPort":${OPERATIONAL_PORT}}]`],
    ['takes the port of clients', `[{"host":"a","port":443,"vsockPort":${INWARD_PORT}}]`],
    ['has a field that nobody knows', '[{"host":"a","port":443,"vsockPort":8001,"extra":1}]'],
    ['is too long', JSON.stringify(Array.from({ length: 33 }, () => ({ host: 'a', port: 443, vsockPort: 8001 })))],
  ])('refuses a list of hosts that %s', (_, text) => {
    expect(() => decodeOutward(text)).toThrow('outward.json: ')
  })

  test('takes as many octets of settings as the gateway does', () => {
    expect(MAX_OPERATIONAL_SIZE).toBe(config.MAX_OPERATIONAL_SIZE)
  })

  test('has a key policy that asks for all three registers', async () => {
    const policy: unknown = JSON.parse(await read('enclave/nitro/example/kms-key-policy.json'))
    expect(policy).toMatchObject({
      Statement: [
        { Action: expect.not.arrayContaining(['kms:Decrypt', 'kms:*']) },
        {
          Action: 'kms:Decrypt',
          Condition: {
            StringEqualsIgnoreCase: {
              'kms:RecipientAttestation:PCR0': expect.any(String),
              'kms:RecipientAttestation:PCR1': expect.any(String),
              'kms:RecipientAttestation:PCR2': expect.any(String),
            },
          },
        },
      ],
    })
  })
})

describe('the scripts', () => {
  const node = process.execPath

  test.each([
    ['enclave/cvm/build.sh', ['--config'], 'build: --config wants a value; --help lists the options'],
    ['enclave/cvm/build.sh', ['--confg', 'x'], 'build: there is no option --confg; --help lists them'],
    ['enclave/nitro/build.sh', ['--outward'], 'build: --outward wants a value; --help lists the options'],
    ['enclave/nitro/run-enclave.sh', ['--port'], 'run-enclave: --port wants a value; --help lists the options'],
    ['enclave/nitro/run-enclave.sh', [], 'run-enclave: needs --eif FILE and --operational FILE; see --help'],
    [
      'enclave/nitro/run-enclave.sh',
      ['--eif', 'none.eif', '--operational', 'none.yaml'],
      'run-enclave: no enclave image at none.eif',
    ],
    ['enclave/cvm/operational-volume.sh', ['none.yaml', 'none.img'], 'operational-volume: no settings at none.yaml'],
    [node, ['enclave/scan-image.mjs'], 'scan-image: nothing to look at: give --tree or --uki'],
    [node, ['enclave/scan-image.mjs', '--uki', 'none'], "scan-image: ENOENT: no such file or directory, open 'none'"],
    [
      node,
      ['enclave/check-dockerfile.mjs'],
      'check-dockerfile: usage: node enclave/check-dockerfile.mjs DOCKERFILE [NAME=IMAGE]…',
    ],
    [node, ['enclave/check-profile.mjs', 'none'], "check-profile: ENOENT: no such file or directory, open 'none'"],
    [
      node,
      ['enclave/compare-builds.mjs', 'one'],
      'compare-builds: usage: node enclave/compare-builds.mjs FOLDER FOLDER',
    ],
  ])('%s %j ends by what was given wrongly, in one line', async (program, args, line) => {
    expect(await run(program, ...args)).toEqual({ exit: 2, err: `${line}\n` })
  })

  test.each([
    'cvm/build.sh',
    'cvm/reproduce.sh',
    'cvm/boot-qemu.sh',
    'cvm/hostile-qemu.sh',
    'cvm/operational-volume.sh',
    'nitro/build.sh',
    'nitro/run-enclave.sh',
    'nitro/qemu/boot-enclave.sh',
  ])('enclave/%s has --help, and does nothing else then', async (name) => {
    const { exit, out, err } = await start(join('enclave', name), ['--help'])
    expect([exit, err]).toEqual([0, ''])
    expect(out).toContain(`enclave/${name} `)
  })

  test('[M5] scan-image looks through a tree and names what is forbidden', async () => {
    const tree = join(folder, 'tree')
    await mkdir(join(tree, 'usr/bin'), { recursive: true })
    await writeFile(join(tree, 'usr/bin/node'), '')
    expect((await run(node, 'enclave/scan-image.mjs', '--tree', tree)).exit).toBe(0)
    await writeFile(join(tree, 'usr/bin/sh'), '')
    await chmod(join(tree, 'usr/bin/sh'), 0o755)
    expect(await run(node, 'enclave/scan-image.mjs', '--tree', tree)).toEqual({
      exit: 1,
      err: 'IMAGE_FORBIDDEN_FILE usr/bin/sh: is a shell\n',
    })
  })

  test.each([
    ['a unit of any size', 'usr/lib/x.service', `${'#\n'.repeat(200_000)}ExecStart=/usr/bin/node --inspect x.js\n`],
    ['settings in any depth', 'etc/default/gateway', 'NODE_OPTIONS=--require=/x.js\n'],
    ['a script without an ending', 'usr/bin/start', '#!/usr/bin/env -S node --inspect\n'],
    ['what starts an initrd', 'init', '#!/usr/bin/env -S node --inspect\n'],
    ['a text that a unit is a link of', 'opt/unit', 'ExecStart=/usr/bin/node --inspect x.js\n'],
  ])('[M5] scan-image reads %s', async (_, path, text) => {
    const tree = await mkdtemp(join(folder, 'read-'))
    await mkdir(join(tree, dirname(path), 'x'), { recursive: true })
    await mkdir(join(tree, 'etc/systemd'), { recursive: true })
    await writeFile(join(tree, path), text)
    await symlink('/opt/unit', join(tree, 'etc/systemd/x.service'))
    const { exit, err } = await run(node, 'enclave/scan-image.mjs', '--tree', tree)
    expect([exit, err]).toEqual([1, expect.stringMatching(/inspector|NODE_OPTIONS/)])
  })

  test('[M6] compare-builds looks into folders, and takes no build for its own repetition', async () => {
    const builds = [join(folder, 'deep-1'), join(folder, 'deep-2')] as const
    for (const build of builds) {
      await mkdir(join(build, 'in'), { recursive: true })
      await writeFile(join(build, 'a'), 'a')
      await writeFile(join(build, 'in/b'), 'b')
    }
    expect((await run(node, 'enclave/compare-builds.mjs', ...builds)).exit).toBe(0)
    expect((await run(node, 'enclave/compare-builds.mjs', builds[0], `${builds[0]}/`)).exit).toBe(2)
    await writeFile(join(builds[1], 'in/b'), 'c')
    const { exit, err } = await run(node, 'enclave/compare-builds.mjs', ...builds)
    expect([exit, err]).toEqual([1, expect.stringContaining('BUILD_NOT_REPRODUCIBLE in/b: is sha256:')])
  })

  test('[M6] compare-builds names the first file that differs', async () => {
    const builds = [join(folder, 'build-1'), join(folder, 'build-2')] as const
    for (const build of builds) {
      await mkdir(build)
      await writeFile(join(build, 'a'), 'a')
      await writeFile(join(build, 'b'), 'b')
    }
    expect((await run(node, 'enclave/compare-builds.mjs', ...builds)).exit).toBe(0)
    await writeFile(join(builds[1], 'b'), 'c')
    const { exit, err } = await run(node, 'enclave/compare-builds.mjs', ...builds)
    expect(exit).toBe(1)
    expect(err).toMatch(/^BUILD_NOT_REPRODUCIBLE b: is sha256:/)
  })

  test('[M3] check-profile names what each way to launch leaves unmeasured', async () => {
    const check = (name: string): ReturnType<typeof run> =>
      run(node, 'enclave/check-profile.mjs', `enclave/cvm/profiles/${name}.json`)
    expect((await check('tdx')).exit).toBe(0)
    expect(await check('snp-kernel-hashes')).toEqual({
      exit: 1,
      err: 'IMAGE_PROFILE_WEAK snp: acpi: is not measured\n',
    })
    expect((await check('snp-efi-partition')).err.split('\n')).toHaveLength(7)
  })

  test('[M4] check-dockerfile refuses a tag', async () => {
    const file = join(folder, 'Dockerfile')
    await writeFile(file, 'ARG BASE\nFROM $BASE\n')
    const digest = `debian@sha256:${'ab'.repeat(32)}`
    expect((await run(node, 'enclave/check-dockerfile.mjs', file, `BASE=${digest}`)).exit).toBe(0)
    expect(await run(node, 'enclave/check-dockerfile.mjs', file, 'BASE=debian:13')).toEqual({
      exit: 1,
      err: `IMAGE_NOT_DIGEST ${file}:2: debian:13\n`,
    })
  })
})
