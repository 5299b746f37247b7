/** A page in Chromium that is watched: what its policy on content refuses, what it complains of, what it throws. */
import type { Browser, BrowserContext, Page } from 'playwright-core'

export interface WatchedPage {
  readonly page: Page
  readonly context: BrowserContext
  /** In words; empty where all is well. */
  readonly complaints: readonly string[]
}

export async function openWatched(browser: Browser, url: string): Promise<WatchedPage> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`thrown: ${error.message}`))
  await page.exposeFunction('reportViolation', (text: string) => complaints.push(`refused: ${text}`))
  await page.addInitScript({
    content: `document.addEventListener('securitypolicyviolation', (event) =>
      reportViolation(event.effectiveDirective + ' ' + event.blockedURI))`,
  })
  await page.goto(url)
  return { page, context, complaints }
}
