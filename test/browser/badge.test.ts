/** The badge, drawn in Chromium under a strict policy on content. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FAIL, MISSING, OPTIONAL, PASS, shownReceipt } from '../badge/receipts.ts'
import { bundle } from './bundle.ts'
import { findChromium, launchChromium } from './chromium.ts'
import { contentPolicy, type Site, serveSite } from './site.ts'
import { openWatched, type WatchedPage } from './watched-page.ts'

const HTML = `<!doctype html><html lang="en"><meta charset="utf-8"><title>badge</title>
<countersign-badge upgradable></countersign-badge><script type="module" src="/badge.js"></script>`
const REFUSAL = { name: 'NotVerifiedError', failure: 'RECEIPT_CONTEXT', checks: [PASS, FAIL, MISSING] }

describe.skipIf(!findChromium('the badge is not drawn'))('badge in headless Chromium', () => {
  let browser: Browser
  let site: Site
  let watched: WatchedPage
  let badge: Locator

  beforeAll(async () => {
    const script = bundle(join('test', 'browser', 'page', 'badge.js'), '--minify')
    site = await serveSite({ '/index.html': HTML, '/badge.js': script }, contentPolicy())
    browser = await launchChromium()
  })

  beforeEach(async () => {
    watched = await openWatched(browser, site.origin)
    badge = watched.page.locator('countersign-badge')
  })

  afterEach(async () => {
    await watched.context.close()
    expect(watched.complaints).toEqual([])
  })

  afterAll(async () => {
    await browser?.close()
    site?.close()
  })

  const give = (properties: object): Promise<unknown> =>
    badge.evaluate((element, given) => void Object.assign(element, given), properties)
  const rows = (): Promise<string[][]> =>
    badge
      .locator('tbody tr')
      .evaluateAll((lines) => lines.map(({ cells }) => [...cells].map((cell) => cell.textContent)))
  const style = (property: string): Promise<string> =>
    badge
      .locator('.badge')
      .evaluate(
        (element, name) => element.ownerDocument.defaultView.getComputedStyle(element).getPropertyValue(name),
        property,
      )

  it('waits for a promise, then shows verdict, facts and each check', async () => {
    expect(await badge.getAttribute('state')).toBe('idle')
    await badge.evaluate(
      (element, receipt) => {
        element.settled = element.show(
          new Promise((resolve) => Object.assign(element, { resolve: () => resolve(receipt) })),
        )
      },
      shownReceipt({ grade: 'quoted' }),
    )
    expect(await badge.getAttribute('state')).toBe('waiting')
    expect(await badge.getByRole('status').first().textContent()).toContain('Verifying')
    await badge.evaluate((element) => {
      element.resolve()
      return element.settled
    })
    expect(await badge.getAttribute('state')).toBe('verified')
    expect(await badge.locator('.headline').textContent()).toBe('✓Verified · quoted')
    expect(await badge.locator('summary').textContent()).toBe('1 check passed, 1 not performed, not required')
    await badge.locator('summary').click()
    expect(await rows()).toEqual([
      ['signature', 'passed', 'Ed25519', ''],
      ['channel', 'not performed, not required', 'none: no key', ''],
    ])
    expect(await badge.locator('dd').allTextContents()).toEqual([
      'quoted: its place in the log is in a quote of the hardware',
      'demo none',
      'complete',
      'not checked (none: no key)',
      `sha256:${'ab'.repeat(32)}`,
      'p9cQCeLOpmBthPufpIptpg',
    ])
    expect(await badge.locator('li').allTextContents()).toEqual(['Nobody opened the machine.'])
  })

  it('shows a simulated TEE in another colour, form and word than verified hardware', async () => {
    const look = async (): Promise<readonly string[]> =>
      Promise.all(['color', 'background-color', 'border-top-color', 'border-top-style'].map(style))
    await give({ receipt: shownReceipt({ grade: 'quoted' }) })
    const hardware = await look()
    await give({ receipt: shownReceipt({ grade: 'quoted', simulated: true }) })
    const simulated = await look()
    expect(await badge.locator('.headline').textContent()).toBe('⚠SIMULATED · quoted')
    expect(await badge.getByRole('status').first().textContent()).not.toMatch(/verified|✓/i)
    for (const [i, value] of simulated.entries()) expect(value).not.toBe(hardware[i])
  })

  it('says at once what failed, with its code and, where the page explains codes, what to do', async () => {
    await badge.evaluate((element, error) => {
      element.explain = (code: string) => [`meaning of ${code}`, `remedy of ${code}`]
      element.error = Object.assign(new Error('outer'), { cause: error })
    }, REFUSAL)
    expect(await badge.getAttribute('state')).toBe('failed')
    expect(await badge.getByRole('alert').textContent()).toBe(
      '✗NOT VERIFIEDFailed check: nonce RECEIPT_CONTEXT (another)meaning of RECEIPT_CONTEXTWhat to do: remedy of RECEIPT_CONTEXT',
    )
    await badge.locator('summary').click()
    expect(await rows()).toEqual([
      ['signature', 'passed', 'Ed25519', ''],
      ['nonce', 'FAILED', 'RECEIPT_CONTEXT another', 'yours'],
      ['merge-by', 'NOT PERFORMED, required', 'not reached', ''],
    ])
  })

  it('never turns green for what is no receipt', async () => {
    for (const receipt of [{}, { checks: [] }, 'text', null, shownReceipt({ checks: [PASS, MISSING] })]) {
      await give({ receipt })
      expect(['failed', 'no-verdict']).toContain(await badge.getAttribute('state'))
    }
  })

  it('keeps what was given last, whichever promise settles first', async () => {
    await badge.evaluate(
      (element, [receipt, error]) => {
        const late = new EventTarget()
        const first = element.show(new Promise((resolve) => late.addEventListener('late', () => resolve(receipt))))
        element.error = error
        late.dispatchEvent(new Event('late'))
        return first
      },
      [shownReceipt(), REFUSAL],
    )
    expect(await badge.getAttribute('state')).toBe('failed')
  })

  it('reads nothing that a gateway wrote as markup', async () => {
    const markup = '<img src="/x.png" onerror="document.title=1"><script>document.title=2</script>'
    const { claims } = shownReceipt()
    await give({
      receipt: shownReceipt({
        checks: [{ ...PASS, name: markup, detail: markup, wanted: markup }, OPTIONAL],
        assumptions: [markup],
        claims: { ...claims, model: { name: markup, digest: 'none' } },
      }),
    })
    expect((await rows())[0]).toEqual([markup, 'passed', markup, markup])
    await give({ error: { ...REFUSAL, checks: [{ ...FAIL, name: markup, detail: markup }] } })
    expect(await badge.getByRole('alert').textContent()).toContain(markup)
    expect(await badge.locator('img, script').count()).toBe(0)
    expect(await watched.page.title()).toBe('badge')
  })

  it('speaks the language of the page, from right to left, and keeps the direction of other text', async () => {
    await badge.evaluate((element, receipt) => {
      element.dir = 'rtl'
      element.strings = {
        verified: 'تم التحقق',
        columns: { check: 'الفحص', state: 'الحالة', detail: 'المشاهد', wanted: 'المطلوب' },
      }
      element.receipt = receipt
    }, shownReceipt())
    await badge.locator('summary').click()
    expect(await badge.locator('.headline').textContent()).toBe('✓تم التحقق · signed')
    expect(await badge.locator('thead th').allTextContents()).toEqual(['الفحص', 'الحالة', 'المشاهد', 'المطلوب'])
    const boxes = await badge
      .locator('thead th')
      .evaluateAll((heads) => heads.map((head) => head.getBoundingClientRect().x))
    expect(boxes).toEqual([...boxes].sort((a, b) => b - a))
    expect(
      await badge
        .locator('tbody bdi')
        .first()
        .evaluate((text) => text.lang),
    ).toBe('en')
  })

  it.each(['light', 'dark'] as const)('can be read in a %s page', async (colorScheme) => {
    await watched.page.emulateMedia({ colorScheme })
    const subjects = [
      {},
      { receipt: shownReceipt() },
      { receipt: shownReceipt({ simulated: true }) },
      { error: REFUSAL },
      { error: 'text' },
    ]
    for (const subject of subjects) {
      await give(subject)
      // WCAG 2.2, 1.4.3 level AAA: text at least 7 : 1.
      expect(contrast(await style('color'), await style('background-color'))).toBeGreaterThanOrEqual(7)
      expect(contrast(await style('border-top-color'), await style('background-color'))).toBeGreaterThanOrEqual(3)
    }
  })

  it('tells states apart where colours are forced', async () => {
    await watched.page.emulateMedia({ forcedColors: 'active' })
    const borders: string[] = []
    for (const subject of [
      { receipt: shownReceipt() },
      { receipt: shownReceipt({ simulated: true }) },
      { error: REFUSAL },
    ]) {
      await give(subject)
      borders.push(await style('border-top-style'))
    }
    expect(borders).toEqual(['solid', 'dashed', 'double'])
  })

  it('upgrades by keyboard, tells the page, keeps focus, and hands out the archive', async () => {
    await badge.evaluate(
      (element, [receipt, upgraded]) => {
        const archive = new TextEncoder().encode('the archive')
        element.receipt = { ...receipt, upgrade: async (grade: string) => ({ ...upgraded, grade, archive }) }
        element.addEventListener('countersign-receipt', ({ detail }: { detail: { grade: string } }) =>
          Object.assign(element, { told: detail.grade }),
        )
      },
      [shownReceipt({ simulated: true }), shownReceipt({ simulated: true })],
    )
    expect(await badge.locator('.save').isVisible()).toBe(false)
    await watched.page.keyboard.press('Tab')
    await watched.page.keyboard.press('Enter')
    await badge.locator('.save').waitFor()
    expect(await badge.locator('.headline').textContent()).toBe('⚠SIMULATED · quoted')
    expect(await badge.evaluate((element) => element.told)).toBe('quoted')
    expect(await badge.evaluate((element) => element.shadowRoot.activeElement.localName)).toBe('summary')
    await watched.page.keyboard.press('Enter')
    expect(await badge.locator('table').isVisible()).toBe(true)
    const [download] = await Promise.all([watched.page.waitForEvent('download'), badge.locator('.save').click()])
    expect(download.suggestedFilename()).toBe('p9cQCeLOpmBthPufpIptpg.cmw.json')
    expect(await readFile(await download.path(), 'utf8')).toBe('the archive')
  })

  it.each<readonly [string, object, string, string]>([
    ['stays as it is where the quote could not be had', { name: 'CountersignError' }, 'verified', 'try again'],
    ['turns red where the upgrade does not verify', REFUSAL, 'failed', ''],
  ])('%s', async (_title, error, state, said) => {
    await badge.evaluate(
      (element, [receipt, thrown]) => {
        element.receipt = { ...receipt, upgrade: () => Promise.reject(thrown) }
      },
      [shownReceipt(), error],
    )
    await badge.getByRole('button').click()
    await badge.and(watched.page.locator(`[state=${state}]`)).waitFor()
    await badge.getByText('Waiting for the quote').waitFor({ state: 'detached' })
    expect(await badge.locator('.progress').textContent()).toContain(said)
  })

  it('takes what was set before it was defined, under any name', async () => {
    const state = await badge.evaluate((element, receipt) => {
      const { ownerDocument } = element
      const late = Object.assign(ownerDocument.createElement('late-badge'), { receipt })
      ownerDocument.body.append(late)
      ownerDocument.defaultView.defineBadge('late-badge')
      ownerDocument.defaultView.defineBadge('late-badge')
      return late.getAttribute('state')
    }, shownReceipt())
    expect(state).toBe('verified')
  })
})

/** WCAG 2.2, relative luminance of `rgb(r, g, b)`. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = (colour.match(/\d+/g) ?? []).map((part) => {
    const channel = Number(part) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}
