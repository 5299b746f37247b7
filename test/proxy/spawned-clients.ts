/** Clients in other processes: curl, and openai for Python where its environment was made (`node scripts/openai-python.mjs`). @module */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const [, VERSION = ''] = /const VERSION = '([^']+)'/.exec(readFileSync('scripts/openai-python.mjs', 'utf8')) ?? []
const FOLDER = resolve('node_modules/.cache/openai-python', VERSION)

export const hasPython: boolean = existsSync(join(FOLDER, 'complete'))
if (!hasPython)
  process.stderr.write('no openai for Python: node scripts/openai-python.mjs makes it; its tests are skipped\n')

export interface Spawned {
  readonly exit: number
  readonly out: string
  readonly err: string
}

function spawned(program: string, args: readonly string[]): Promise<Spawned> {
  return new Promise((done) => {
    const env = { PATH: process.env['PATH'] ?? '', NO_PROXY: '127.0.0.1' }
    const child = execFile(program, args, { env, timeout: 30_000 }, (_error, out, err) =>
      done({ exit: child.exitCode ?? -1, out, err }),
    )
  })
}

export function curl(...args: readonly string[]): Promise<Spawned> {
  return spawned('curl', ['--silent', '--show-error', '--no-buffer', ...args])
}

export interface PythonAnswer {
  readonly text?: string
  readonly finish?: string
  readonly tools?: readonly (readonly [name: string, args: string])[]
  readonly error?: string
  readonly status?: number | null
  readonly code?: string | null
  readonly message?: string
  /** `Countersign-Verdict` of a whole answer. */
  readonly verdict: string
}

export async function askPython(base: string, body: object): Promise<PythonAnswer> {
  const interpreter = join(FOLDER, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const { out, err } = await spawned(interpreter, [resolve('test/proxy/ask.py'), base, JSON.stringify(body)])
  if (out === '') throw new Error(`Python said nothing: ${err}`)
  return { ...JSON.parse(out), verdict: err.trim() }
}
