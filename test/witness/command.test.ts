/** `countersign witness` from init to a cosignature, as an operator sees it. */
import { createHash } from 'node:crypto'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Io, UsageError } from '../../src/cli/command.ts'
import { command, serveFolder, type WitnessOptions } from '../../src/cli/commands/witness.ts'
import { decodeWitnessVkey } from '../../src/core/log/index.ts'
import { call } from '../server/gateway/http-client.ts'
import { TestLog } from './test-log.ts'
import { cosignedAt, NOW, NOW_SECONDS, TOKEN } from './witness-fixture.ts'

/** A terminal that remembers; `line` waits for one that fits. */
function terminal(): Io & { readonly text: { out: string; err: string }; line(fits: RegExp): Promise<string> } {
  const text = { out: '', err: '' }
  const waiting = new Set<() => void>()
  const write = (stream: 'out' | 'err') => (more: string) => {
    text[stream] += more
    for (const look of waiting) look()
  }
  return {
    out: write('out'),
    err: write('err'),
    colour: false,
    progress: false,
    env: {},
    now: () => NOW,
    text,
    line: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          const [, found] = fits.exec(text.out + text.err) ?? []
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}

describe('countersign witness', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-witness-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const init = async (): Promise<string> => {
    const io = terminal()
    expect(await command.run(['init', join(folder, 'w1'), '--name', 'witness.example/w1'], io)).toBe(0)
    return io.text.out.trim()
  }

  it('makes a key once and prints what others need of it', async () => {
    const vkey = await init()
    expect(decodeWitnessVkey(vkey).name).toBe('witness.example/w1')
    expect((await stat(join(folder, 'w1', 'witness.key'))).mode & 0o777).toBe(0o600)
    const io = terminal()
    expect(await command.run(['vkey', join(folder, 'w1')], io)).toBe(0)
    expect(io.text.out).toBe(`${vkey}\n`)
    await expect(command.run(['init', join(folder, 'w1'), '--name', 'witness.example/w1'], io)).rejects.toThrow(
      /never replaced/,
    )
  })

  it('serves until it is told to stop, and goes on from there', async () => {
    const vkey = await init()
    const tokens = join(folder, 'tokens.txt')
    await writeFile(tokens, `gw.example.com ${createHash('sha256').update(TOKEN).digest('hex')}\n`)
    const log = new TestLog()
    const boot = async (options: WitnessOptions, visit: (url: string) => Promise<void>): Promise<string> => {
      const io = terminal()
      let stop = (): void => {}
      const stopped = new Promise<void>((resolve) => {
        stop = resolve
      })
      const listen = { listen: '127.0.0.1:0', ...options }
      const served = serveFolder({ directory: join(folder, 'w1'), options: listen, stopped }, io)
      await visit(await io.line(/listening on (http:\/\/127\.0\.0\.1:[0-9]+)\n/))
      stop()
      expect(await served).toBe(0)
      return io.text.out + io.text.err
    }
    const said = await boot({ 'token-file': tokens }, async (url) => {
      const headers = { 'content-type': 'text/plain', authorization: `Bearer ${TOKEN}` }
      const enrolled = await call(`${url}/add-origin`, { method: 'POST', headers, body: log.vkey })
      expect(enrolled.text).toBe('enrolled\n')
      const reply = await call(`${url}/add-checkpoint`, { method: 'POST', body: log.request(0, 3) })
      expect(await cosignedAt(reply, log.checkpoint(3).note, decodeWitnessVkey(vkey))).toBe(NOW_SECONDS)
      const fork = new TestLog({ history: 'other' })
      expect((await call(`${url}/add-checkpoint`, { method: 'POST', body: fork.request(3, 3) })).status).toBe(409)
    })
    expect(said).toContain(`vkey ${vkey}\n`)
    expect(said).toContain(`countersign: follows ${log.origin}, opened by token\n`)
    expect(said).toMatch(/refused a checkpoint of \S+; kept as forks\/[0-9a-f]{64}\/split\/3-[0-9a-f]{16}\n/)
    const again = await boot({}, async (url) => {
      const reply = await call(`${url}/add-checkpoint`, { method: 'POST', body: log.request(0, 4) })
      expect([reply.status, reply.text]).toEqual([409, '3\n'])
    })
    expect(again).toContain('no new log will be followed')
  })

  it.each([
    [[], /a verb and a folder are due/],
    [['init', 'w1'], /--name is due/],
    [['init', 'w1', '--name', 'https://witness.example'], /--name is due/],
    [['start', 'w1'], /three verbs/],
    [['serve', 'w1', '--listen', '8788'], /--listen is not HOST:PORT/],
    [['serve', 'w1', '--listen', '127.0.0.1:99999'], /--listen is not HOST:PORT/],
  ] as const)('says how it is used: %j', async (args, message) => {
    const error: unknown = await command.run([...args], terminal()).catch((thrown: unknown) => thrown)
    expect(error instanceof UsageError && error.message).toMatch(message)
  })

  it('names what is wrong with the files that it is given', async () => {
    await init()
    const tokens = join(folder, 'tokens.txt')
    await writeFile(tokens, `gw.example.com ${TOKEN}\n`)
    const serve = (options: WitnessOptions) =>
      serveFolder({ directory: join(folder, 'w1'), options, stopped: Promise.resolve() }, terminal())
    await expect(serve({ 'token-file': tokens })).rejects.toThrow(/token file, line 1/)
    await expect(serve({ 'token-file': join(folder, 'none') })).rejects.toThrow(/cannot be read/)
    await expect(serve({ lock: tokens })).rejects.toThrow(/--lock, --approval and --revocations go with --policy/)
    await expect(serve({ policy: join(folder, 'none') })).rejects.toThrow(/cannot be read/)
  })
})
