/** Programs that are connected with and then misbehave: what they may cost. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { digestUri } from '../../src/core/crypto/index.ts'
import { measureToolServer, type ToolDeps, type ToolServer } from '../../src/tools/index.ts'

const HOSTILE = fileURLToPath(new URL('./servers/hostile-stdio.mjs', import.meta.url))
const never = new AbortController().signal
const deps: ToolDeps = { env: {}, monotonicMs: () => performance.now() }
const open: ToolServer[] = []
/** A program takes as long to begin as the machine lets it. */
const PATIENCE = { timeout: 20_000 }

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

async function start(
  fault: string,
  { timeoutMs = 15_000, args = [] }: { timeoutMs?: number; args?: readonly string[] } = {},
): Promise<ToolServer> {
  const digest = digestUri(new Uint8Array(await readFile(HOSTILE)))
  const { server } = await measureToolServer(
    {
      id: 'hostile',
      kind: 'mcp-stdio',
      command: process.execPath,
      args: [HOSTILE, fault, ...args],
      env: [],
      files: [{ path: HOSTILE, digest }],
      tools: `sha256:${'0'.repeat(64)}`,
      timeoutMs,
      resultBytes: 4096,
    },
    deps,
  )
  open.push(server)
  return server
}

const descriptors = async (): Promise<number> => (await readdir('/proc/self/fd')).length

describe('a tool server that misbehaves', () => {
  it('gets one question for its list at a time, however often it says that it has changed', async () => {
    const server = await start('notifies')
    const { content, outcome } = await server.call('act', {}, { signal: never })
    expect(outcome).toBe('ok')
    expect(Number(content)).toBeLessThan(20)
  })

  it('is ended where it asks and reads no answer', async () => {
    // Longer than the test may take: what ends it is not its time.
    const server = await start('asks', { timeoutMs: 600_000 })
    expect(await server.call('act', {}, { signal: never })).toMatchObject({
      content: 'The tool gave no result: its server failed.',
      outcome: 'error',
    })
  })

  it.skipIf(process.platform !== 'linux')(
    'leaves no open pipes behind where a program of its own holds them',
    async () => {
      const server = await start('leaves')
      const before = await descriptors()
      expect(await server.call('act', {}, { signal: never })).toMatchObject({ outcome: 'error' })
      await vi.waitFor(async () => expect(await descriptors()).toBeLessThanOrEqual(before - 2), PATIENCE)
    },
  )

  it('does not hold up the end of the gateway while it is connected with', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-tools-'))
    try {
      const server = await start('dies', { args: [join(folder, 'flag')] })
      await server.call('act', {}, { signal: never })
      const waiting = server.call('act', {}, { signal: never })
      await vi.waitFor(async () => expect(await readdir(folder)).toContain('flag-again'), PATIENCE)
      await server.close()
      expect(await waiting).toMatchObject({ outcome: 'error' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
