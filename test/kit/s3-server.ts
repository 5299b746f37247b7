/** An S3-compatible server on this machine, where one was made: `node scripts/versitygw.mjs`. @module */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fetch } from 'undici'
import { onFreePorts } from './free-ports.ts'

const BINARY = resolve('node_modules/.cache/versitygw/versitygw')
const BUCKET = 'history'

export const hasS3Server: boolean = existsSync(BINARY)

export interface S3Server {
  readonly place: { readonly endpoint: string; readonly region: string; readonly bucket: string }
  stop(): Promise<void>
}

/** Sets the credentials of the environment to those of the server that it starts. */
export async function startS3Server(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 's3-'))
  await mkdir(join(folder, BUCKET), { recursive: true })
  const [access, secret] = [randomBytes(8).toString('hex'), randomBytes(16).toString('hex')]
  process.env['AWS_ACCESS_KEY_ID'] = access
  process.env['AWS_SECRET_ACCESS_KEY'] = secret
  return onFreePorts(1, async ([port = 0]) => {
    const child = spawn(BINARY, ['--port', `127.0.0.1:${port}`, '--health', '/health', 'posix', folder], {
      env: { ROOT_ACCESS_KEY: access, ROOT_SECRET_KEY: secret },
      stdio: 'ignore',
    })
    const ended = once(child, 'exit')
    const endpoint = `http://127.0.0.1:${port}`
    if (!(await comes(`${endpoint}/health`, child))) return ended.then(() => 'taken' as const)
    return {
      place: { endpoint, region: 'us-east-1', bucket: BUCKET },
      async stop() {
        child.kill('SIGKILL')
        await ended
        await rm(folder, { recursive: true, force: true })
      },
    }
  })
}

/** False where it ended before it answered. */
async function comes(url: string, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return false
}
