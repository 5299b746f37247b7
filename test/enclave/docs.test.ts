/** The pages on deployment: each command is run as it stands, or marked with the reason why it is not. */
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeOvmf, pattern } from '../../scripts/differential/snp-images.mjs'
import { decodeLock } from '../../src/core/lock.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { blocksOf, fencesOf, typeIn } from '../kit/page-commands.ts'
import { findSfdisk } from '../kit/sfdisk.ts'

const PAGES = ['docs/deploy-cvm.md', 'docs/deploy-nitro.md']
/** A gateway that serves the very example of the page: what the page tells to pin is held against what it shows. */
const EXAMPLES: Readonly<Record<string, string>> = {
  'docs/deploy-cvm.md': 'enclave/cvm/example/measured.yaml',
  'docs/deploy-nitro.md': 'enclave/nitro/example/measured.yaml',
}
const OPERATIONAL = (folder: string): string => `operational:
  listen: { host: 127.0.0.1, port: 0 }
  tls: { kind: self-signed }
  dataDir: ${JSON.stringify(folder)}
  apiKeys: dangerously-none
  quoting: { intervalMs: 50 }
  log: none
`

const hasSfdisk = findSfdisk('the command that makes the volume of settings is not run')

const pages = await Promise.all(
  PAGES.map(async (page) => {
    const text = await readFile(page, 'utf8')
    return { page, text, blocks: blocksOf(text) }
  }),
)

describe.each(pages)('$page', ({ page, text, blocks }) => {
  let folder: string
  let gateway: TestGateway
  /** What the page leaves open, by what the page itself says to take for it. */
  let standIns: readonly (readonly [string, string])[]
  beforeAll(async () => {
    const measured = (await readFile(EXAMPLES[page] ?? '', 'utf8')).replace('/weights', resolve('model'))
    gateway = await startTestGateway({ config: (directory) => `${measured}\n${OPERATIONAL(directory)}` })
    folder = await mkdtemp(join(tmpdir(), 'countersign-docs-'))
    for (const part of ['enclave', 'model', 'docs/examples']) await cp(part, join(folder, part), { recursive: true })
    for (const part of ['dist', 'node_modules', 'package.json']) await symlink(resolve(part), join(folder, part))
    // What only hardware, or root, or a cloud would have put there.
    await mkdir(join(folder, 'out'))
    await writeFile(join(folder, 'OVMF.amdsev.fd'), encodeOvmf())
    await writeFile(join(folder, 'out/countersign.efi'), pattern(70_000, 11))
    await cp('attestation-fixtures/measurement/nitro/plain/image.eif', join(folder, 'countersign.eif'))
    const url = gateway.base.replace('/v1', '')
    standIns = [
      ['https://gw.example.com:8787', url],
      ['https://gw.example.com', url],
      ['/var/tmp/countersign-cvm/out', 'out'],
      [
        '--config sha256:…',
        `--config ${await printed(`countersign config check ${EXAMPLES[page]} --measured`, 'measured')}`,
      ],
      [
        '=sha256:…',
        `=${page.includes('cvm') ? await printed('countersign measure model model', 'root') : await tensors()}`,
      ],
    ]
  })
  afterAll(async () => {
    await gateway.close()
    await rm(folder, { recursive: true })
  })

  async function printed(command: string, name: string): Promise<string> {
    const { out } = await typeIn(folder, command)
    return new RegExp(`^ +${name} +(sha256:[0-9a-f]{64})$`, 'm').exec(out)?.[1] ?? 'none'
  }

  async function tensors(): Promise<string> {
    return `sha256:${createHash('sha256')
      .update(await readFile('model/model.safetensors'))
      .digest('hex')}`
  }

  test('has commands of both kinds, and only fences that say what they hold', () => {
    expect(blocks.filter(({ reason }) => reason === 'none').length).toBeGreaterThan(5)
    expect(blocks.filter(({ reason }) => reason !== 'none').length).toBeGreaterThan(3)
    expect(blocks.every(({ commands }) => commands.length > 0)).toBe(true)
    expect(fencesOf(text)).toEqual(['```sh'])
  })

  test.each(blocks.filter(({ reason }) => reason === 'none').map(({ line, commands }) => [line, commands] as const))(
    'what stands at line %i runs: %j',
    async (_line, commands) => {
      for (const command of commands) {
        if (!hasSfdisk && command.includes('operational-volume.sh')) continue
        // The strict policy refuses a simulated TEE, as the test below says: this gateway is verified by its own.
        if (command.startsWith('countersign verify ')) {
          await writeFile(join(folder, 'countersign.policy.json'), gateway.policyText)
          await writeFile(join(folder, 'countersign.lock.json'), gateway.lockText)
        }
        const { exit, out } = await typeIn(folder, command, standIns)
        expect({ command, exit, out: exit === 0 ? '' : out }).toEqual({ command, exit: 0, out: '' })
        expect(out !== '' || /^(?:cp|chmod) |> rows$/.test(command), command).toBe(true)
      }
    },
  )

  test('tells to pin the configuration and the models that a gateway then shows', async () => {
    const [pinned] = decodeLock(await lockOf(folder, blocks, standIns)).rows
    const [shown] = decodeLock(gateway.lockText).rows
    expect(pinned).toMatchObject({ status: 'next', models: shown?.models })
    // Elsewhere than in the image the weights have another path, which is in the digest.
    if (page.includes('nitro')) expect(pinned?.config).toBe(shown?.config)
  })

  test('gives a policy that refuses a simulated TEE, whatever the lock says', async () => {
    await writeFile(join(folder, 'shown.lock.json'), gateway.lockText)
    const policy = '--policy docs/examples/gateway.policy.json --lock shown.lock.json'
    const { exit, out } = await typeIn(folder, `countersign verify https://gw.example.com ${policy}`, standIns)
    expect([exit, out]).toEqual([1, expect.stringContaining('NOT VERIFIED: SIMULATED_EVIDENCE')])
  })

  test('names programs of this project that are there, also where they are not run', async () => {
    const named = blocks
      .flatMap(({ commands }) => commands)
      .flatMap((command) => /(?:^|\s)(enclave\/\S+)/.exec(command)?.[1] ?? [])
    expect(named.length).toBeGreaterThan(3)
    for (const path of named) expect((await readFile(path)).length, path).toBeGreaterThan(0)
  })

  test('leaves no file of secrets to others', async () => {
    const { out } = await typeIn(folder, 'stat -c "%a %n" operational.*')
    if (!hasSfdisk && page.includes('cvm')) return
    expect(out).toMatch(/^600 operational\.(?:img|yaml)\n$/)
  })
})

/** The lock by the commands of the page alone, which a later one may have replaced. */
async function lockOf(
  folder: string,
  blocks: ReturnType<typeof blocksOf>,
  standIns: readonly (readonly [string, string])[],
): Promise<string> {
  const lock = join(folder, 'countersign.lock.json')
  await rm(lock, { force: true })
  const commands = blocks.flatMap((block) => block.commands)
  for (const command of commands.filter((one) => /^cp docs|--lock-row|^countersign pin /.test(one)))
    expect((await typeIn(folder, command, standIns)).exit, command).toBe(0)
  return readFile(lock, 'utf8')
}
