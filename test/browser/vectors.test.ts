/** Every vector, judged in a browser under a strict policy on content, gives the verdict that it gives in Node. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { servePage } from './serve.ts'

const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
]

interface Judged {
  readonly name: string
  readonly wanted: string
  readonly seen: string
}

interface Result {
  readonly error?: string
  readonly refusals: Readonly<Record<'text' | 'webAssembly' | 'secureContext', boolean>>
  readonly fixtures: readonly Judged[]
  readonly genuine: readonly Judged[]
}

const here = existsSync(CHROMIUM)
if (!here) process.stdout.write(`no browser at hand (${CHROMIUM}): the vectors are not judged in one\n`)

describe.skipIf(!here)('in headless Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-browser-'))
  let browser: ChildProcess | undefined
  let result: Result

  beforeAll(async () => {
    const script = join(folder, 'page.js')
    execFileSync(process.execPath, [
      join('scripts', 'bundle.mjs'),
      join('test', 'browser', 'page.mjs'),
      script,
      '--browser',
    ])
    const { server, result: handedIn } = await servePage(script)
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the page has no address')
    const profile = `--user-data-dir=${join(folder, 'profile')}`
    browser = spawn(CHROMIUM, [...FLAGS, profile, `http://127.0.0.1:${address.port}/`], {
      stdio: 'ignore',
      // A group of its own: the browser's children outlive it, and go on writing into the profile.
      detached: true,
    })
    const ended = new Promise<never>((_, reject) => {
      browser?.once('exit', (code) => reject(new Error(`the browser ended with ${code}`)))
    })
    result = JSON.parse(await Promise.race([handedIn, ended]))
    server.closeAllConnections()
    server.close()
  }, 120_000)

  afterAll(async () => {
    if (browser?.exitCode === null && browser.pid !== undefined) {
      const gone = new Promise((resolve) => browser?.once('exit', resolve))
      process.kill(-browser.pid, 'SIGKILL')
      await gone
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 20 })
  })

  it('runs to its end where no text is compiled and no WebAssembly', () => {
    expect(result.error).toBeUndefined()
    expect(result.refusals).toEqual({ text: true, webAssembly: true, secureContext: true })
  })

  it('gives each fixture its verdict', () => {
    const { fixtures } = result
    process.stdout.write(
      `${fixtures.length} fixtures and ${result.genuine.length} genuine vectors judged in Chromium\n`,
    )
    expect(fixtures.filter(({ wanted, seen }) => wanted !== seen)).toEqual([])
    const folders = ['x509', 'snp', 'tdx', 'nitro', 'event-log', 'log', 'challenge', 'answer']
    for (const name of folders) expect(fixtures.some((fixture) => fixture.name.startsWith(`${name}/`))).toBe(true)
    expect(fixtures.length).toBeGreaterThan(1400)
  })

  it('gives each genuine vector its verdict, where they are at hand', () => {
    expect(result.genuine.filter(({ wanted, seen }) => wanted !== seen)).toEqual([])
    if (existsSync(join('..', 'shared', 'vectors', 'tdx'))) expect(result.genuine.length).toBeGreaterThan(100)
  })
})
