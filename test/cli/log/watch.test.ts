/** `countersign log watch`: what it keeps, what it proves, and its exit codes. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { subcommand } from '../../../src/cli/log/watch.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { verifyForkProof } from '../../../src/core/log/index.ts'
import { type Files, readerOf, STARTED_AT, simulatedMachine, TestBoot } from '../../audit/history.ts'
import { recordIo, serveLogs, withFolder } from './history-folder.ts'

const snp = await simulatedMachine()

interface Watched {
  readonly folder: string
  readonly files: Files
  readonly boot: TestBoot
  once(more?: {
    readonly args?: readonly string[]
    readonly seconds?: number
  }): Promise<{ exit: number; out: string; err: string }>
}

/** One look at a gateway, and then whatever the test does. */
function watching(use: (watched: Watched) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const files: Files = new Map()
    const boot = new TestBoot({ snp, files, seed: 0x02 }).receipts(20).quote()
    boot.publish()
    const server = await serveLogs(readerOf(files))
    const once: Watched['once'] = async ({ args = [], seconds = 20 } = {}) => {
      const { io, out, err } = recordIo(new Date((STARTED_AT + seconds) * 1_000))
      const exit = await subcommand.run([server.url, '--state', join(folder, 'gw.json'), '--once', ...args], io)
      return { exit, out: out(), err: err() }
    }
    try {
      expect((await once()).exit).toBe(0)
      await use({ folder, files, boot, once })
    } finally {
      await server.close()
    }
  })
}

describe('countersign log watch', () => {
  it('keeps what it saw, and passes a log that goes on', () =>
    watching(async ({ folder, boot, once }) => {
      const { note } = boot.receipts(5).publish()
      const { exit, out } = await once()
      expect(exit).toBe(0)
      expect(out).toMatch(/gw\.example\.com\/log\/\S+ {2}27 leaves, stated 10 s ago {2}continues/)
      expect(JSON.parse(await readFile(join(folder, 'gw.json'), 'utf8'))).toMatchObject({
        logs: [{ checkpoint: note }],
      })
    }))

  it('[L7] proves a fork beside its state, and keeps what it saw first', () =>
    watching(async ({ folder, files, boot, once }) => {
      const before = await readFile(join(folder, 'gw.json'), 'utf8')
      files.set(`log/${boot.id}/checkpoint`, encodeUtf8(boot.sign(22, new Uint8Array(32)).note))
      const { exit, out } = await once()
      expect(exit).toBe(1)
      expect(out).toContain('NOT VERIFIED: LOG_SPLIT_VIEW')
      const [proof] = (await readdir(folder)).filter((name) => name.endsWith('.fork'))
      expect(out).toContain(`Both signed checkpoints: ${proof}`)
      const octets = await readFile(join(folder, proof ?? ''))
      expect((await verifyForkProof(octets, boot.origin)).ok).toBe(true)
      expect(await readFile(join(folder, 'gw.json'), 'utf8')).toBe(before)
    }))

  it('[L8] keeps both checkpoints of a log that went back', () =>
    watching(async ({ folder, files, boot, once }) => {
      files.set(`log/${boot.id}/checkpoint`, encodeUtf8(boot.sign(10).note))
      const { exit, out } = await once()
      expect(exit).toBe(1)
      expect(out).toContain('NOT VERIFIED: LOG_ROLLBACK')
      expect((await readdir(folder)).filter((name) => name.endsWith('.fork'))).toHaveLength(1)
    }))

  it('[L9] says that a log is stale, or dated in the future', () =>
    watching(async ({ once }) => {
      const stale = await once({ args: ['--max-staleness', '60'], seconds: 71 })
      expect([stale.exit, stale.out]).toEqual([1, expect.stringContaining('LOG_STALE')])
      const future = await once({ seconds: -300 })
      expect([future.exit, future.out]).toEqual([1, expect.stringContaining('LOG_TIME')])
    }))

  it('exits 3 where the gateway cannot be asked', () =>
    withFolder(async (folder) => {
      const { io, err } = recordIo(new Date(0))
      const state = ['--state', join(folder, 'gw.json'), '--once']
      expect(await subcommand.run(['http://127.0.0.1:9', ...state], io)).toBe(3)
      expect(err()).toContain('could not be read')
    }))

  it('refuses a state that is not its own', () =>
    watching(async ({ folder, once }) => {
      await writeFile(join(folder, 'gw.json'), '{}')
      await expect(once()).rejects.toMatchObject({ code: 'ERR_MALFORMED' })
    }))

  it.each([
    [[], 'one gateway'],
    [['ftp://gw.example.com'], 'over https'],
    [['https://gw.example.com', '--every', '0'], 'not a number of seconds'],
    [['https://gw.example.com', '--max-staleness', '1e3'], 'not a number of seconds'],
    [['https://gw.example.com', '--state', '/nowhere/at/all'], 'is not a folder'],
    [['https://gw.example.com', '--state', 'a b'], 'cannot hold the state'],
  ] as const)('refuses %j', async (args, message) => {
    await expect(subcommand.run(args, recordIo(new Date(0)).io)).rejects.toThrow(message)
  })
})
