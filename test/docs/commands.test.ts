/** The pages on measuring, pinning and CI, and the README on them: each command is run as it stands, or marked with the reason why it is not. */
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeOvmf } from '../../scripts/differential/snp-images.mjs'
import { buildKernel, buildTdvf, seededOctets } from '../../scripts/differential/tdx-images.mjs'
import { decodeLock } from '../../src/core/lock.ts'
import { encodePublished } from '../../src/core/measurement/published.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { blocksOf, typeIn } from '../kit/page-commands.ts'
import { createSigstore } from '../kit/sigstore.ts'

interface Case {
  readonly page: string
  /** Before a command that begins so. */
  readonly before: Readonly<Record<string, (folder: string) => Promise<unknown>>>
  /** Where it is another than 0: what is compared differs. */
  readonly exits: Readonly<Record<string, number>>
}

const PROVENANCE = 'countersign pin https://gw.example.com --provenance'
const CASES: readonly Case[] = [
  { page: 'docs/measuring.md', before: {}, exits: {} },
  {
    page: 'docs/pinning.md',
    before: {
      // The row is in the lock already: it is proven in one of its own.
      [PROVENANCE]: (folder) => cp(lockIn(folder), join(folder, 'kept.lock.json')).then(() => rm(lockIn(folder))),
      'cp countersign.lock.json': (folder) => cp(join(folder, 'kept.lock.json'), lockIn(folder)),
      'countersign revocations sign': writeList,
      'countersign revocations inspect': namePublisher,
    },
    exits: { 'countersign pin diff': 1 },
  },
  { page: 'docs/ci.md', before: { 'countersign measure nitro': pinBoth }, exits: {} },
  { page: 'README.md', before: { 'countersign measure nitro': pinLive }, exits: { 'countersign pin diff': 1 } },
]
const DIGEST = `sha256:${'ab'.repeat(32)}`

let gateway: TestGateway
let folder: string
beforeAll(async () => {
  gateway = await startTestGateway({ tls: 'self-signed' })
})
afterAll(() => gateway.close())

const lockIn = (place: string): string => join(place, 'countersign.lock.json')
const type = (command: string) =>
  typeIn(folder, command, [
    ['https://gw.example.com', gateway.base.replace('/v1', '')],
    ['sha256:…', DIGEST],
  ])
/** What the page takes for granted that its reader did before. */
async function did(...commands: readonly string[]): Promise<void> {
  for (const command of commands) expect(await type(command)).toMatchObject({ exit: 0 })
}

/** The image is what is active, and the gateway of this test beside it. */
function pinBoth(): Promise<void> {
  return did(
    'countersign measure nitro gateway.eif --lock-row --config sha256:… --model llama=sha256:… > pinned',
    'countersign pin --measured pinned',
    'countersign pin rotate --to next',
    'countersign pin https://gw.example.com --status next',
  )
}
function pinLive(): Promise<void> {
  return did('countersign pin https://gw.example.com', 'cp countersign.lock.json old.lock.json')
}

/** The example of the page, with dates of today. */
async function writeList(place: string): Promise<void> {
  const [text] =
    /\{\n {2}"version": 1,\n {2}"number": 1,[^`]*\n\}/.exec(await readFile('docs/pinning.md', 'utf8')) ?? []
  const day = 86_400_000
  const at = (days: number): string => new Date(Date.now() + days * day).toISOString().replace(/\.\d+Z$/, 'Z')
  const { models, ...list } = JSON.parse(text ?? 'null')
  const dated = {
    ...list,
    issuedAt: at(0),
    expiresAt: at(Date.parse(list.expiresAt) / day - Date.parse(list.issuedAt) / day),
  }
  const named = models.map((model: object) => ({ ...model, digest: DIGEST }))
  await writeFile(join(place, 'list.json'), JSON.stringify({ ...dated, models: named }))
}

/** `keygen` said what policy has to say: the age is that of the page. */
async function namePublisher(place: string): Promise<void> {
  const page = await readFile('docs/pinning.md', 'utf8')
  const maximumAgeSeconds = Number(/"maximumAgeSeconds": (\d+)/.exec(page)?.[1])
  const [key] = /^[A-Za-z0-9_-]{43}$/m.exec(said) ?? []
  const policy = JSON.parse(gateway.policyText)
  const asking = { ...policy, revocations: { keys: [key], maximumAgeSeconds } }
  await writeFile(join(place, 'countersign.policy.json'), JSON.stringify(asking))
}
/** All that the commands of a page printed. */
let said = ''

/** A release with what the gateway shows and with another image, signed by whom the page names. */
async function writeRelease(place: string): Promise<void> {
  const [live] = decodeLock(gateway.lockText).rows
  if (live?.platform !== 'snp') throw new Error('the gateway has a row of its platform')
  const image = { shape: 'qemu 10, EPYC-v4, 4 vCPUs', digest: DIGEST }
  const other = { platform: 'snp', measurements: { measurement: 'e'.repeat(96) } } as const
  const published = Buffer.from(
    encodePublished({
      version: 1,
      release: 'v1.2.3',
      source: { repository: 'https://github.com/example/gateway', commit: 'ab'.repeat(20) },
      images: [
        { ...image, ...other, name: 'other.efi' },
        { ...image, platform: live.platform, measurements: live.measurements, name: 'gateway.efi' },
      ],
    }),
  )
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'measurements.json', digest: { sha256: createHash('sha256').update(published).digest('hex') } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {},
  }
  const page = await readFile('docs/pinning.md', 'utf8')
  const [, identity = ''] = /--identity (\S+)/.exec(page) ?? []
  const [, issuer = ''] = /--issuer (\S+)/.exec(page) ?? []
  const sigstore = await createSigstore()
  const bundle = await sigstore.sign({ payload: Buffer.from(JSON.stringify(statement)), identity, issuer })
  await writeFile(join(place, 'measurements.json'), published)
  await writeFile(join(place, 'bundle.json'), JSON.stringify(bundle))
  await writeFile(join(place, 'trusted_root.json'), sigstore.trustedRoot)
}

const cases = await Promise.all(
  CASES.map(async (given) => ({ ...given, blocks: blocksOf(await readFile(given.page, 'utf8')) })),
)

describe.each(cases)('$page', ({ page, blocks, before, exits }) => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-commands-'))
    for (const part of ['dist', 'node_modules', 'package.json', 'action'])
      await symlink(resolve(part), join(folder, part))
    const put = (name: string, octets: Uint8Array | string): Promise<void> => writeFile(join(folder, name), octets)
    await cp('attestation-fixtures/measurement/nitro/plain/image.eif', join(folder, 'gateway.eif'))
    await put('OVMF.amdsev.fd', encodeOvmf())
    await put('OVMF.fd', buildTdvf())
    await put('vmlinuz', buildKernel())
    await put('initrd.img', seededOctets(7, 100_000))
    await mkdir(join(folder, 'acpi'))
    for (const [i, name] of ['tables', 'rsdp', 'loader'].entries()) await put(join('acpi', name), seededOctets(i, 4096))
    await put('countersign.policy.json', gateway.policyText)
    await writeRelease(folder)
  })
  afterAll(() => rm(folder, { recursive: true }))

  const toRun = blocks.filter(({ reason }) => reason === 'none')

  test('has commands that are run', () => {
    expect(toRun.flatMap(({ commands }) => commands).length).toBeGreaterThan(1)
  })

  test.each(toRun.map(({ line, commands }) => [line, commands] as const))(
    'what stands at line %i runs: %j',
    async (_line, commands) => {
      for (const command of commands) {
        for (const [start, prepare] of Object.entries(before)) if (command.startsWith(start)) await prepare(folder)
        const { exit, out } = await type(command)
        said += out
        const [, expected = 0] = Object.entries(exits).find(([start]) => command.startsWith(start)) ?? []
        expect({ command, exit, out: exit === expected ? '' : out }).toEqual({ command, exit: expected, out: '' })
      }
    },
  )

  test('shows no command in a fence that this test does not see', async () => {
    const text = page === 'README.md' ? '' : await readFile(page, 'utf8')
    const unseen = text.split(/^```/m).filter((part, i) => i % 2 === 1 && !/^(?:sh|json|ts)\n/.test(part))
    expect(unseen).toEqual([])
  })
})
