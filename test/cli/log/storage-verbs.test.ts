/** `countersign log init`, `backup`, `restore` and `adopt`, as an operator runs them. @module */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Io } from '../../../src/cli/command.ts'
import { subcommand as adopt } from '../../../src/cli/log/adopt.ts'
import { subcommand as backup } from '../../../src/cli/log/backup.ts'
import { subcommand as init } from '../../../src/cli/log/init.ts'
import { subcommand as restore } from '../../../src/cli/log/restore.ts'
import { subcommand as scrub } from '../../../src/cli/log/scrub.ts'
import type { Subcommand } from '../../../src/cli/log/subcommand.ts'
import { createFileStore, openLineage } from '../../../src/storage/index.ts'
import { rejectionOf } from '../../kit/rejection-of.ts'

const HOST = 'gw.example.com'

describe('countersign log', () => {
  let work: string
  let data: string
  let io: Io
  let said: string
  beforeEach(async () => {
    work = await mkdtemp(join(tmpdir(), 'log-verbs-'))
    data = join(work, 'data')
    said = ''
    io = {
      out: (text) => {
        said += text
      },
      err: () => {},
      colour: false,
      progress: false,
      env: {},
      now: () => new Date(1_700_000_000_000),
    }
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(work, { recursive: true, force: true })
  })
  const run = async (verb: Subcommand, ...args: readonly string[]): Promise<string> => {
    said = ''
    expect(await verb.run(args, io)).toBe(0)
    return said
  }

  it('begins a history that a gateway can take, once', async () => {
    expect(await run(init, data, '--host', HOST)).toBe(`lineage main of ${HOST} begins in ${data}\n`)
    expect(await rejectionOf(init.run([data, '--host', HOST], io))).toMatchObject({ code: 'ERR_USAGE' })
    const lineage = await openLineage(createFileStore(data), { name: 'main', host: HOST })
    await lineage.release()
  })

  it('takes folder, host and lineage from a configuration', async () => {
    const file = join(work, 'countersign.yaml')
    await writeFile(
      file,
      `measured:
  host: ${HOST}
  models:
    - { id: mock, upstream: mock, name: mock, digest: none }
  upstreams:
    mock: { kind: http, location: local, baseUrl: "http://127.0.0.1:1" }
operational:
  dataDir: ${JSON.stringify(data)}
  lineage: berlin
  apiKeys: dangerously-none
`,
    )
    const { mark, ...shown } = JSON.parse(await run(init, '-c', file, '--json'))
    expect(mark).toMatch(/^inode:/)
    expect(shown).toMatchObject({ ok: true, lineage: 'berlin', host: HOST })
    expect(await rejectionOf(init.run(['-c', file, data], io))).toMatchObject({ code: 'ERR_USAGE' })
    expect(await rejectionOf(init.run(['-c', file, '--host', 'other'], io))).toMatchObject({ code: 'ERR_USAGE' })
  })

  it('takes them from the two halves that an image has, and the secrets with them', async () => {
    const operational = join(work, 'operational.yaml')
    const outside = `operational: { dataDir: ${JSON.stringify(data)}, lineage: berlin, apiKeys: dangerously-none }`
    await writeFile(operational, `${outside}\nsecrets: { AWS_ACCESS_KEY_ID: of-this-file }\n`)
    const halves = ['-c', 'enclave/cvm/example/measured.yaml', '--operational', operational]
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'of-the-shell')
    expect(await run(init, ...halves)).toBe(`lineage berlin of ${HOST} begins in ${data}\n`)
    expect(process.env['AWS_ACCESS_KEY_ID']).toBe('of-this-file')
    const copy = join(work, 'copy')
    expect(await run(backup, ...halves, copy)).toMatch(/ read back and equal\n$/)
    await rm(data, { recursive: true })
    expect(await run(restore, copy, ...halves)).toContain(`${data} holds `)
    expect(await run(adopt, ...halves)).toBe(`${data} is the original of lineage berlin of ${HOST} now\n`)
    expect(await rejectionOf(scrub.run(halves, io))).toMatchObject({ message: `${data} holds no logs` })
  })

  it.each([init, adopt, scrub])('takes no outer half alone: $summary', async (verb) => {
    const operational = 'enclave/cvm/example/operational.yaml'
    expect(await rejectionOf(verb.run(['--operational', operational], io))).toMatchObject({
      code: 'ERR_USAGE',
      message: '--operational goes with --config',
    })
  })

  it('brings a history over a lost disk', async () => {
    await run(init, data, '--host', HOST)
    const first = await openLineage(createFileStore(data), { name: 'main', host: HOST })
    await first.moveHead('log-a')
    await createFileStore(data).write([{ name: 'log/log-a/genesis', bytes: new Uint8Array([1]) }])
    const copy = join(work, 'copy')
    expect(await run(backup, data, copy)).toBe(`${copy} holds 2 objects, 0.0 MiB, read back and equal\n`)
    await first.release()
    const restored = join(work, 'restored')
    expect(await run(restore, copy, restored)).toContain('next: countersign log adopt')
    expect(await run(adopt, restored)).toBe(`${restored} is the original of lineage main of ${HOST} now\n`)
    expect(await rejectionOf(adopt.run([restored], io))).toMatchObject({ code: 'ERR_USAGE' })
    const next = await openLineage(createFileStore(restored), { name: 'main', host: HOST })
    expect(await next.head()).toEqual({ log: 'log-a' })
    await next.release()
    expect(await readdir(copy)).toEqual(expect.arrayContaining(['backup', 'log']))
  })

  it.each([
    ['init', init, []],
    ['init without a host', init, ['x']],
    ['init of two', init, ['x', 'y', '--host', HOST]],
    ['adopt', adopt, []],
    ['backup without a target', backup, ['x']],
    ['restore without a target', restore, ['x']],
  ] as const)('says how to use %s', async (_title, verb, args) => {
    expect(await rejectionOf(verb.run(args, io))).toMatchObject({ code: 'ERR_USAGE', name: 'UsageError' })
  })

  it.each([init, adopt, backup, restore])('has help with an example', ({ help, summary }) => {
    expect(help).toMatch(/^Example: countersign log /m)
    expect(summary.length).toBeLessThan(72)
  })
})
