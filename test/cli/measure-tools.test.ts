/** `countersign measure tools`: what it prints of real servers, and its exit codes. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UsageError } from '../../src/cli/command.ts'
import { command } from '../../src/cli/commands/measure.ts'
import { digestUri } from '../../src/core/crypto/index.ts'
import { recordIo } from './log/history-folder.ts'

const SMALL = fileURLToPath(new URL('../tools/servers/small-stdio.mjs', import.meta.url))
const ZERO = `sha256:${'0'.repeat(64)}`
let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-measure-tools-'))
  file = join(folder, 'c.yaml')
})
afterEach(() => rm(folder, { recursive: true }))

const config = (tools: string): string => `
measured:
  host: localhost
  models:
    - id: countersign-demo-2m
      upstream: embedded
  upstreams:
    embedded:
      kind: embedded
${tools}operational:
  apiKeys: dangerously-none
`
const small = (tools: string, digest: string): string => `  tools:
    - id: small
      kind: mcp-stdio
      command: ${process.execPath}
      args: [${JSON.stringify(SMALL)}]
      files: [{ path: ${JSON.stringify(SMALL)}, digest: "${digest}" }]
      tools: "${tools}"
    - id: plain
      kind: http
      baseUrl: http://127.0.0.1:9
      functions:
        - { name: add, description: Adds., path: /add, parameters: { type: object } }
`

async function run(args: readonly string[]): Promise<{ readonly exit: number; readonly out: string }> {
  const { io, out } = recordIo(new Date(0))
  const exit = await command.run(args, io)
  return { exit, out: out() }
}

describe('countersign measure tools', () => {
  it('prints the digests that the configuration needs, with which it then agrees', async () => {
    await writeFile(file, config(small(ZERO, ZERO)))
    const first = await run(['tools', file, '--json'])
    expect(first.exit).toBe(1)
    const [measured, plain] = JSON.parse(first.out).servers
    expect(measured).toMatchObject({
      id: 'small',
      kind: 'mcp-stdio',
      asConfigured: false,
      files: [{ path: SMALL, digest: digestUri(new Uint8Array(await readFile(SMALL))) }],
    })
    expect(measured.definitions).toContainEqual(
      expect.objectContaining({ name: 'echo', description: 'Does echo.', inputSchema: expect.any(Object) }),
    )
    expect(plain).toMatchObject({ id: 'plain', identity: 'none', asConfigured: true })
    await writeFile(file, config(small(measured.tools, measured.files[0].digest)))
    const second = await run(['tools', file])
    expect(second.exit).toBe(0)
    expect(second.out).toContain(`identity  ${measured.identity}`)
    expect(second.out).toContain(`tools     ${measured.tools}`)
    expect(second.out).not.toContain('as the configuration says')
  })

  it('says what is not as the configuration says', async () => {
    await writeFile(file, config(small(ZERO, ZERO)))
    const { out, exit } = await run(['tools', file])
    expect(exit).toBe(1)
    expect(out.split(`not ${ZERO}, as the configuration says`)).toHaveLength(3)
  })

  it('wants one configuration that has tool servers', async () => {
    await expect(run(['tools'])).rejects.toThrow(UsageError)
    await writeFile(file, config(''))
    await expect(run(['tools', file])).rejects.toThrow('no tool servers')
  })
})
