/** The pages on deployment: each command is run as it stands, or marked with the reason why it is not. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

interface Block {
  readonly line: number
  readonly commands: readonly string[]
  /** `none` where it is to be run. */
  readonly reason: string
}

const PAGES = ['docs/deploy-cvm.md', 'docs/deploy-nitro.md']
const MARK = /^<!-- not run in tests: (.{10,}) -->$/

function blocksOf(page: string): readonly Block[] {
  const lines = page.split('\n')
  return lines.flatMap((line, i): readonly Block[] => {
    if (line !== '```sh') return []
    const end = lines.indexOf('```', i)
    const text = lines
      .slice(i + 1, end)
      .join('\n')
      .replaceAll(/\\\n\s*/g, '')
    return [
      {
        line: i + 1,
        commands: text.split('\n').filter((command) => command !== ''),
        reason: MARK.exec(lines[i - 1] ?? '')?.[1] ?? 'none',
      },
    ]
  })
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-docs-'))
  for (const part of ['enclave', 'model']) await cp(part, join(folder, part), { recursive: true })
  for (const part of ['dist', 'node_modules', 'package.json']) await symlink(resolve(part), join(folder, part))
})
afterAll(() => rm(folder, { recursive: true }))

/** As a newcomer has it: `countersign` is the program of this package. */
function run(command: string): Promise<{ readonly exit: number; readonly out: string }> {
  const program = `countersign() { "${process.execPath}" dist/cli/main.js "$@"; }\nset -e\n${command}`
  return new Promise((done) => {
    const child = execFile(
      'bash',
      ['-c', program],
      { cwd: folder, env: { PATH: process.env['PATH'] ?? '' } },
      (_error, out, err) => done({ exit: child.exitCode ?? -1, out: `${out}${err}` }),
    )
  })
}

const pages = await Promise.all(PAGES.map(async (page) => ({ page, blocks: blocksOf(await readFile(page, 'utf8')) })))

describe.each(pages)('$page', ({ blocks }) => {
  test('has commands of both kinds, and only fences that say what they hold', async () => {
    expect(blocks.filter(({ reason }) => reason === 'none').length).toBeGreaterThan(3)
    expect(blocks.filter(({ reason }) => reason !== 'none').length).toBeGreaterThan(3)
    expect(blocks.every(({ commands }) => commands.length > 0)).toBe(true)
  })

  test.each(blocks.filter(({ reason }) => reason === 'none').map(({ line, commands }) => [line, commands] as const))(
    'what stands at line %i runs: %j',
    async (_line, commands) => {
      for (const command of commands) {
        const { exit, out } = await run(command)
        expect(out).not.toBe('')
        expect({ command, exit, out: exit === 0 ? '' : out }).toEqual({ command, exit: 0, out: '' })
      }
    },
  )

  test('names programs of this project that are there, also where they are not run', async () => {
    const named = blocks
      .flatMap(({ commands }) => commands)
      .flatMap((command) => /(?:^|\s)(enclave\/\S+)/.exec(command)?.[1] ?? [])
    expect(named.length).toBeGreaterThan(3)
    for (const path of named) expect((await readFile(path)).length, path).toBeGreaterThan(0)
  })
})

test('no fence of these pages goes unseen', async () => {
  for (const page of PAGES) {
    const fences = (await readFile(page, 'utf8')).split('\n').filter((line) => line.startsWith('```') && line !== '```')
    expect([...new Set(fences)]).toEqual(['```sh'])
  }
})
