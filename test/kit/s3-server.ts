/** An S3-compatible server on this machine, where one was made: `node scripts/versitygw.mjs`. @module */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fetch } from 'undici'

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
  await mkdir(join(folder, 'buckets', BUCKET), { recursive: true })
  const port = await freePort()
  const [access, secret] = [randomBytes(8).toString('hex'), randomBytes(16).toString('hex')]
  process.env['AWS_ACCESS_KEY_ID'] = access
  process.env['AWS_SECRET_ACCESS_KEY'] = secret
  const child = spawn(
    BINARY,
    [
      '--port',
      `127.0.0.1:${port}`,
      '--health',
      '/health',
      'posix',
      join(folder, 'buckets'),
    ],
    { env: { ROOT_ACCESS_KEY: access, ROOT_SECRET_KEY: secret }, stdio: 'ignore' },
  )
  const endpoint = `http://127.0.0.1:${port}`
  await answers(`${endpoint}/health`)
  return {
    place: { endpoint, region: 'us-east-1', bucket: BUCKET },
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the S3 server did not begin')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
