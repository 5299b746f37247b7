/** MCP servers that are children of the gateway: real ones, made with the official libraries. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { digestUri } from '../../src/core/crypto/index.ts'
import { encodeJcs } from '../../src/core/encoding/jcs.ts'
import {
  type McpStdioConfig,
  measureToolServer,
  openToolServer,
  type ToolDeps,
  type ToolServer,
} from '../../src/tools/index.ts'

const SMALL = fileURLToPath(new URL('./servers/small-stdio.mjs', import.meta.url))
const EVERYTHING = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
)
const never = new AbortController().signal
const open: ToolServer[] = []
let now = 0
const deps: ToolDeps = { env: { GIVEN: 'secret value' }, monotonicMs: () => now }

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

async function configOf(file: string, args: readonly string[] = []): Promise<McpStdioConfig> {
  const digest = digestUri(new Uint8Array(await readFile(file)))
  return {
    id: 'small',
    kind: 'mcp-stdio',
    command: process.execPath,
    args: [file, ...args],
    env: [],
    files: [{ path: file, digest }],
    tools: `sha256:${'0'.repeat(64)}`,
    timeoutMs: 15_000,
    resultBytes: 4096,
  }
}

/** With the digest that its list has. */
async function pinned(config: McpStdioConfig): Promise<McpStdioConfig> {
  const { server } = await measureToolServer(config, deps)
  await server.close()
  return { ...config, tools: server.digest }
}

async function start(config: McpStdioConfig): Promise<ToolServer> {
  const server = await openToolServer(config, deps)
  open.push(server)
  return server
}

let small: McpStdioConfig

beforeAll(async () => {
  small = await pinned(await configOf(SMALL))
})

describe('a tool server that is a child', () => {
  it('is the reference server of the protocol, whose tools are listed, pinned and called', async () => {
    const config = await pinned(await configOf(EVERYTHING, ['stdio']))
    const server = await start(config)
    const listed = server.definitions.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }))
    expect(listed.map(({ name }) => name)).toEqual(listed.map(({ name }) => name).sort())
    expect(server.digest).toBe(digestUri(encodeJcs(listed)))
    expect(await server.call('echo', { message: 'hello' }, { signal: never })).toEqual({
      content: 'Echo: hello',
      outcome: 'ok',
      identity: server.identity,
    })
    const { command, args, files } = config
    expect(server.identity).toBe(digestUri(encodeJcs({ command, args, files: files.map((file) => ({ ...file })) })))
  })

  it('gives each outcome, and text of what is no text', async () => {
    const server = await start(small)
    const call = (name: string, args = {}): Promise<object> => server.call(name, args, { signal: never })
    expect(await call('echo', { text: 'ab', times: 2 })).toMatchObject({ content: 'abab', outcome: 'ok' })
    expect(await call('structured')).toMatchObject({ content: '{"b":1,"a":[true,null]}', outcome: 'ok' })
    expect(await call('pictures')).toMatchObject({
      content: 'one\n[image, image/png]\n[resource, file:///x]\n[resource link, file:///y]\ntwo',
    })
    expect(await call('fails')).toMatchObject({ content: 'no such city', outcome: 'error' })
    expect(await call('throws')).toMatchObject({ content: expect.stringContaining('broken inside'), outcome: 'error' })
    expect(await call('echo', { times: 1 })).toMatchObject({ outcome: 'error' })
    expect(await call('unknown')).toMatchObject({ outcome: 'error' })
    // It looks like an event stream and like a message, and stays the text that it is.
    expect(await call('stream')).toMatchObject({ content: expect.stringMatching(/^data: .*\n\ndata: \[DONE\]/) })
    expect(await call('surrogate')).toMatchObject({ content: 'a\ufffdb' })
  })

  it('has a long result cut at a whole character, with a last line that says so', async () => {
    const server = await start(small)
    const { content, outcome } = await server.call('echo', { text: 'aé', times: 2000 }, { signal: never })
    const [kept = '', mark] = content.split('\n')
    expect(outcome).toBe('ok')
    expect(mark).toBe(`[cut here: the first ${Buffer.byteLength(kept)} of 6000 octets]`)
    expect(Buffer.byteLength(kept)).toBe(4096)
    expect('aé'.repeat(2000).startsWith(kept)).toBe(true)
    const odd = await server.call('echo', { text: 'é', times: 3000 }, { signal: never })
    expect(odd.content).not.toContain('\ufffd')
  })

  it('sees the variables that are declared and no others, and its errors reach no output', async () => {
    const written = vi.spyOn(process.stderr, 'write')
    const server = await start({ ...small, env: ['GIVEN'] })
    expect((await server.call('environment', {}, { signal: never })).content).toBe('GIVEN')
    expect(await server.call('noise', {}, { signal: never })).toMatchObject({ content: 'quiet', outcome: 'ok' })
    expect(written).not.toHaveBeenCalled()
    await expect(openToolServer({ ...small, env: ['ABSENT'] }, deps)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('ABSENT'),
    })
  })

  it('that writes without end is ended, and started again', async () => {
    const server = await start(small)
    expect(await server.call('floods', {}, { signal: never })).toMatchObject({ outcome: 'error' })
    expect(await server.call('echo', { text: 'back' }, { signal: never })).toMatchObject({ content: 'back' })
  })

  it('that dies gives an error, is started again, and not with every call', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-tools-'))
    const count = join(folder, 'starts')
    try {
      const server = await start(await pinned(await configOf(SMALL, ['--count', count])))
      for (let i = 0; i < 6; i++)
        expect(await server.call('dies', {}, { signal: never })).toMatchObject({
          content: 'The tool gave no result: its server failed.',
          outcome: 'error',
        })
      const starts = async (): Promise<number> => (await readFile(count, 'utf8')).trim().split('\n').length
      // One to measure, one to open, and five more.
      expect(await starts()).toBe(7)
      expect(await server.call('echo', { text: 'x' }, { signal: never })).toMatchObject({ outcome: 'error' })
      now += 60_000
      expect(await server.call('echo', { text: 'x' }, { signal: never })).toMatchObject({ outcome: 'ok' })
      expect(await starts()).toBe(8)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('that hangs is given up in time, while other calls go on', async () => {
    const server = await start({ ...small, timeoutMs: 1_000 })
    const hanging = server.call('hangs', {}, { signal: never })
    expect(await server.call('echo', { text: 'x' }, { signal: never })).toMatchObject({ outcome: 'ok' })
    expect(await hanging).toMatchObject({ content: 'The tool gave no result in time.', outcome: 'timeout' })
    expect(await server.call('echo', { text: 'y' }, { signal: never })).toMatchObject({ content: 'y' })
  })

  it('leaves a call that its caller gives up', async () => {
    const server = await start(small)
    const caller = new AbortController()
    const call = server.call('hangs', {}, { signal: caller.signal })
    caller.abort(new Error('gone'))
    await expect(call).rejects.toThrow('gone')
    expect(await server.call('echo', { text: 'x' }, { signal: never })).toMatchObject({ outcome: 'ok' })
  })

  it('ends when it is closed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-tools-'))
    const count = join(folder, 'starts')
    try {
      const config = await configOf(SMALL, ['--count', count])
      const { server } = await measureToolServer(config, deps)
      const pid = Number(await readFile(count, 'utf8'))
      expect(process.kill(pid, 0)).toBe(true)
      await server.close()
      expect(() => process.kill(pid, 0)).toThrow('ESRCH')
      expect(await server.call('echo', { text: 'x' }, { signal: never })).toMatchObject({ outcome: 'error' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('a tool server that is not the one of the configuration', () => {
  it('is refused at boot where it lists other tools, with both digests', async () => {
    const [file] = small.files
    if (file === undefined) throw new Error('the server has no file')
    const changed = { ...small, args: [file.path, '--changed'] }
    const { digest } = await pinned(changed).then(({ tools }) => ({ digest: tools }))
    await expect(openToolServer(changed, deps)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(new RegExp(`${digest}.*${small.tools}.*countersign measure tools`)),
    })
  })

  it('is refused at boot where a file is another one', async () => {
    const files = small.files.map(({ path }) => ({ path, digest: `sha256:${'1'.repeat(64)}` }))
    await expect(openToolServer({ ...small, files }, deps)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining(small.files[0]?.digest ?? 'none'),
    })
    await expect(
      openToolServer({ ...small, files: [{ path: '/nowhere', digest: `sha256:${'1'.repeat(64)}` }] }, deps),
    ).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  it('is refused at boot where there is no such program, or it does not speak the protocol', async () => {
    await expect(openToolServer({ ...small, command: '/nowhere' }, deps)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
    await expect(openToolServer({ ...small, args: ['-e', '0'] }, deps)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('small cannot be used'),
    })
  })

  it('is not started again with a file that was swapped meanwhile', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-tools-'))
    const list = join(folder, 'words.txt')
    try {
      await writeFile(list, 'a')
      const config = { ...small, files: [...small.files, { path: list, digest: digestUri(Uint8Array.of(0x61)) }] }
      const server = await start(config)
      await server.call('dies', {}, { signal: never })
      await copyFile(SMALL, list)
      expect(await server.call('echo', { text: 'x' }, { signal: never })).toMatchObject({
        content: 'The tool was not called: what its server runs is not what the configuration says.',
        outcome: 'refused',
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('gets no calls once it says that its list has changed', async () => {
    const server = await start(small)
    expect(await server.call('grows', {}, { signal: never })).toMatchObject({ outcome: 'ok' })
    expect(await server.call('echo', { text: 'x' }, { signal: never })).toMatchObject({
      content: 'The tool was not called: its server lists other tools than the configuration says.',
      outcome: 'refused',
    })
    // A new process has the old list.
    expect(await server.call('echo', { text: 'x' }, { signal: never })).toMatchObject({ outcome: 'ok' })
  })

  it('gets no calls where it comes back with another list', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-tools-'))
    const flag = join(folder, 'flag')
    try {
      const server = await start(await pinned(await configOf(SMALL, ['--changed-if', flag])))
      await writeFile(flag, '')
      await server.call('dies', {}, { signal: never })
      for (let i = 0; i < 2; i++)
        expect(await server.call('echo', { text: 'x' }, { signal: never })).toMatchObject({ outcome: 'refused' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
