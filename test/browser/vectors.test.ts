/** Every vector, judged in a browser under a strict policy on content, gives the verdict that it gives in Node. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundle } from './bundle.ts'
import { findChromium, launchChromium } from './chromium.ts'
import { servePage } from './serve.ts'

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

describe.skipIf(!findChromium('the vectors are not judged in one'))('in headless Chromium', () => {
  let browser: Browser
  let result: Result

  beforeAll(async () => {
    const { url, result: handedIn, close } = await servePage(bundle(join('test', 'browser', 'page.mjs'), '--shims'))
    browser = await launchChromium()
    const page = await browser.newPage()
    const ended = new Promise<never>((_, reject) => {
      page.once('crash', () => reject(new Error('the page crashed')))
      browser.once('disconnected', () => reject(new Error('the browser ended')))
    })
    await page.goto(url)
    result = JSON.parse(await Promise.race([handedIn, ended]))
    close()
  }, 120_000)

  afterAll(() => browser?.close())

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
