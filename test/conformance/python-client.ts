/** openai for Python in one process of its own, for as many questions as there are. @module */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Client } from './clients.ts'
import type { Answer } from './outcome.ts'
import { MODEL, question } from './question.ts'

const [, VERSION = ''] = /const VERSION = '([^']+)'/.exec(readFileSync('scripts/openai-python.mjs', 'utf8')) ?? []
const FOLDER = resolve('node_modules/.cache/openai-python', VERSION)
const INTERPRETER = join(FOLDER, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')

export const hasPython: boolean = existsSync(join(FOLDER, 'complete'))

export interface PythonClients {
  readonly clients: readonly Client[]
  close(): void
}

interface Reply extends Answer {
  readonly error?: true
  readonly status: number | null
  readonly code: string | null
  readonly type: string | null
  /** Seconds after which to ask again. */
  readonly after: string | null
}

/** One question at a time and form: a process for whole answers and one for streams. */
export function startPython(base: string): PythonClients {
  const processes = (['whole', 'stream'] as const).map((form) => ({ form, ...startOne(base, form === 'stream') }))
  return {
    clients: processes.map(({ form, ask }) => ({ name: form === 'stream' ? 'Python stream' : 'Python', form, ask })),
    close: () => {
      for (const { close } of processes) close()
    },
  }
}

function startOne(base: string, stream: boolean): { ask: Client['ask']; close(): void } {
  const child = spawn(INTERPRETER, [resolve('test/conformance/ask.py'), base, MODEL], {
    env: { PATH: process.env['PATH'] ?? '', NO_PROXY: '127.0.0.1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    ask: async (variant) => {
      child.stdin.write(`${JSON.stringify({ content: question(variant), stream })}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error('Python ended')
      const { error, status, code, type, after, ...answer }: Reply = JSON.parse(value)
      if (error !== true) return answer
      throw Object.assign(new Error('Python raised'), {
        ...(status === null ? {} : { status }),
        code: code ?? type,
        headers: new Headers(after === null ? {} : { 'retry-after': after }),
      })
    },
    close: () => child.kill(),
  }
}
