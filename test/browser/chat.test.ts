/** A page of another origin asks a gateway through somebody in between: it streams, verifies, and shows the badge. */
import { readFile } from 'node:fs/promises'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { decodeArchive, encodeArchive } from '../../src/core/archive/index.ts'
import { decodeReceipt } from '../../src/core/receipt/receipt.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { bundleChatPage, serveChatPage } from './chat-page.ts'
import { findChromium, launchChromium } from './chromium.ts'
import { type Middlebox, passOn, startMiddlebox } from './middlebox.ts'
import { contentPolicy, type Site, serveSite } from './site.ts'
import { openWatched, type WatchedPage } from './watched-page.ts'

const PROMPT = 'Where is the lamp of Ada Quill?'
const KEY = 'key-that-nobody-may-see'
const FORBIDDEN = [
  /\beval\s*\(/,
  /\bnew\s+Function\b/,
  /\bFunction\s*\(\s*["'`]/,
  /["'`]node:/,
  /\bWebAssembly\b/,
  /innerHTML/,
]

type ChannelName = 'ohttp' | 'none'

const isAnswer = (path: string): boolean => !path.startsWith('/v1/attestation')

/** Alters one octet of an answer, some way into it: a letter of the text where it can be read. */
const ALTER: Readonly<Record<ChannelName, (part: Buffer) => Buffer>> = {
  none: (part) => Buffer.from(part.toString('latin1').replace(/"content":"( ?)[a-z]/, '"content":"$1#'), 'latin1'),
  ohttp: (part) => Buffer.concat([part.subarray(0, -1), Buffer.from([(part.at(-1) ?? 0) ^ 1])]),
}
const ALTERED: Readonly<Record<ChannelName, string>> = {
  none: 'response-digest RESPONSE_DIGEST_MISMATCH',
  ohttp: 'channel E2EE_DECRYPT',
}
const CUT: Readonly<Record<ChannelName, RegExp>> = { none: /./, ohttp: /channel E2EE_TRUNCATED/ }
const CHANNEL_FACT: Readonly<Record<ChannelName, string>> = {
  none: 'not checked (none: no key of the connection was compared with the session)',
  ohttp: 'ohttp: encrypted to a key of the session',
}
const CHANNEL_ROW: Readonly<Record<ChannelName, readonly string[]>> = {
  none: ['channel', 'not performed, not required', 'none: no key of the connection was compared with the session', ''],
  ohttp: ['channel', 'passed', 'ohttp: encrypted to a key of the session', ''],
}

describe.skipIf(!findChromium('no page talks to a gateway')).each<ChannelName>(['ohttp', 'none'])(
  'a page in headless Chromium, channel %s',
  (channel) => {
    let gateway: TestGateway
    let box: Middlebox
    let site: Site
    let browser: Browser
    let script: string
    let watched: WatchedPage
    let badge: Locator
    let output: Locator

    beforeAll(async () => {
      script = bundleChatPage(channel)
      gateway = await startTestGateway()
      box = await startMiddlebox(new URL(gateway.base).origin)
      const { policyText } = gateway
      const policy = channel === 'ohttp' ? demandOhttp(policyText) : policyText
      site = await serveChatPage({ script, policy, gateway, reached: box.origin })
      browser = await launchChromium()
    })

    afterEach(async () => {
      box.meddle = passOn
      await watched?.context.close()
    })

    afterAll(async () => {
      await browser?.close()
      site?.close()
      box?.close()
      await gateway?.close()
    })

    async function ask(): Promise<void> {
      watched = await openWatched(browser, site.origin)
      badge = watched.page.locator('countersign-badge')
      output = watched.page.locator('output')
      await watched.page.getByLabel('API key').fill(KEY)
      await watched.page.getByLabel('Question').fill(PROMPT)
      await watched.page.getByRole('button', { name: 'Ask' }).click()
    }

    const state = (name: string): Promise<void> => badge.and(watched.page.locator(`[state=${name}]`)).waitFor()
    const rows = (): Promise<string[][]> =>
      badge
        .locator('tbody tr')
        .evaluateAll((lines) => lines.map(({ cells }) => [...cells].map((cell) => cell.textContent)))

    it('needs nothing that a strict policy on content refuses', () => {
      expect(FORBIDDEN.map((pattern) => pattern.exec(script)?.[0]).filter((found) => found !== undefined)).toEqual([])
    })

    it('shows no verdict before anything is asked', async () => {
      watched = await openWatched(browser, site.origin)
      badge = watched.page.locator('countersign-badge')
      await state('idle')
      expect(await badge.locator('.headline').textContent()).toBe('○No answer yet')
      expect(watched.complaints).toEqual([])
    })

    it('shows the answer while it comes, then the verdict', async () => {
      const [opened, open] = gate()
      let parts = 0
      // The rest of the answer waits here until the page has shown its beginning.
      box.meddle = async (part, path) => {
        if (isAnswer(path) && ++parts > 4) await opened
        return part
      }
      await ask()
      await output.filter({ hasText: /\w/ }).waitFor()
      const first = await output.textContent()
      expect(await badge.getAttribute('state')).toBe('waiting')
      open()
      await state('simulated')
      expect((await output.textContent())?.length).toBeGreaterThan(first?.length ?? Number.NaN)
      expect(await badge.locator('.headline').textContent()).toBe('⚠SIMULATED · signed')
      await badge.locator('summary').click()
      const shown = await rows()
      expect(shown.find(([name]) => name === 'channel')).toEqual(CHANNEL_ROW[channel])
      expect(shown.find(([name]) => name === 'response-digest')?.[1]).toBe('passed')
      expect(shown.every(([, said]) => said === 'passed' || said === 'not performed, not required')).toBe(true)
      expect(watched.complaints).toEqual([])
    })

    it('upgrades the receipt to quoted, and hands out an archive that names the same receipt', async () => {
      await ask()
      await state('simulated')
      await badge.getByRole('button', { name: 'Upgrade to quoted' }).click()
      await badge.locator('.save').waitFor()
      expect(await badge.locator('.headline').textContent()).toBe('⚠SIMULATED · quoted')
      await badge.locator('summary').click()
      expect((await rows()).find(([name]) => name === 'log.checkpoint-quoted')?.[1]).toBe('passed')
      expect(await badge.locator('dd').nth(3).textContent()).toBe(CHANNEL_FACT[channel])
      const [download] = await Promise.all([watched.page.waitForEvent('download'), badge.locator('.save').click()])
      const { receipt } = decodeArchive(new Uint8Array(await readFile(await download.path())))
      const { jti } = decodeReceipt(receipt ?? '').claims
      expect(download.suggestedFilename()).toBe(`${jti}.cmw.json`)
      expect(await badge.locator('dd').last().textContent()).toBe(jti)
      expect(watched.complaints).toEqual([])
    })

    it('keeps the answer in the browser over a reload, at the grade that it has reached', async () => {
      await ask()
      await state('simulated')
      await badge.getByRole('button', { name: 'Upgrade to quoted' }).click()
      await badge.locator('.save').waitFor()
      const jti = await badge.locator('dd').last().textContent()
      await watched.page.reload()
      await watched.page.getByText(`${jti} quoted`).waitFor()
      expect(await badge.getAttribute('state')).toBe('idle')
      expect(watched.complaints).toEqual([])
    })

    it('passes the preflights of another origin', () => {
      const preflights = box.seen.filter(({ method }) => method === 'OPTIONS')
      expect(preflights.length).toBeGreaterThan(0)
      expect(preflights.filter(({ status }) => status !== 204)).toEqual([])
    })

    it(
      channel === 'ohttp' ? 'shows whoever stands in between neither prompt, key, answer nor path' : 'hides nothing',
      () => {
        const seen = box.seen.map(({ text }) => text).join(' ')
        const paths = new Set(box.seen.map(({ path }) => path.replace(/\?.*/, '')))
        const secrets = [PROMPT, KEY, 'chat/completions', '"delta"', '/v1/receipts']
        const found = secrets.filter((secret) => seen.includes(secret))
        // The other channel shows that what is looked for would be found.
        expect(found).toEqual(channel === 'ohttp' ? [] : secrets)
        if (channel === 'ohttp') expect([...paths].sort()).toEqual(['/.well-known/ohttp-gateway', '/v1/attestation'])
      },
    )

    it('turns red and withdraws the answer where somebody in between alters it', async () => {
      let parts = 0
      box.meddle = (part, path) => (isAnswer(path) && ++parts === 6 ? ALTER[channel](part) : part)
      await ask()
      await state('failed')
      expect(await badge.getByRole('alert').textContent()).toContain(`NOT VERIFIEDFailed check: ${ALTERED[channel]}`)
      expect(await badge.getByRole('alert').textContent()).toContain('What to do: ')
      await output.getByText('The answer is withdrawn.').waitFor()
      expect(watched.complaints).toEqual([])
    })

    it('turns red and withdraws the answer where somebody in between cuts it off', async () => {
      let parts = 0
      box.meddle = (part, path) => (isAnswer(path) && ++parts === 6 ? 'cut' : part)
      await ask()
      await badge.getByRole('alert').getByText('NO').first().waitFor()
      expect(['failed', 'no-verdict']).toContain(await badge.getAttribute('state'))
      expect(await badge.getByRole('alert').textContent()).toMatch(CUT[channel])
      await output.getByText('The answer is withdrawn.').waitFor()
    })

    it.skipIf(channel === 'ohttp')('begins nothing where policy asks for a channel that the page lacks', async () => {
      const before = box.seen.length
      const policy = demandOhttp(gateway.policyText)
      const strict = await serveChatPage({ script, policy, gateway, reached: box.origin })
      watched = await openWatched(browser, strict.origin)
      await expect.poll(() => watched.complaints.join(), { timeout: 20_000 }).toMatch(/^thrown: .*channel/)
      expect(box.seen.length).toBe(before)
      strict.close()
    })

    it('sends nothing to a gateway that does not verify', async () => {
      const before = box.seen.length
      box.meddle = (part, path) => (isAnswer(path) ? part : forge(part))
      await ask()
      await state('failed')
      expect(await badge.getByRole('alert').textContent()).toContain('snp.signature SNP_BAD_SIGNATURE')
      const paths = new Set(box.seen.slice(before).map(({ path }) => path.replace(/\?.*/, '')))
      expect([...paths]).toEqual(['/v1/attestation'])
      await output.getByText('The answer is withdrawn.').waitFor()
    })
  },
)

it.skipIf(!findChromium('no page is watched'))(
  'notices what a page does that its policy refuses, and what it throws',
  async () => {
    const html = '<!doctype html><title>x</title><script>1</script><script src="/x.js"></script>'
    const bad = await serveSite({ '/index.html': html, '/x.js': "setTimeout('1')" }, contentPolicy())
    const browser = await launchChromium()
    const { complaints } = await openWatched(browser, bad.origin)
    const said = (): string => complaints.join(' ')
    await expect.poll(said, { timeout: 20_000 }).toMatch(/refused: script-src-elem inline/)
    await expect.poll(said, { timeout: 20_000 }).toMatch(/refused: (script-src eval|require-trusted-types-for)/)
    await expect.poll(said, { timeout: 20_000 }).toMatch(/thrown: .*TrustedScript/)
    await browser.close()
    bad.close()
  },
)

function demandOhttp(policyText: string): string {
  const policy = JSON.parse(policyText)
  return JSON.stringify({ ...policy, live: { ...policy.live, channel: ['ohttp'] } })
}

/** Evidence of another machine: one bit of what the hardware measured differs. */
function forge(attestation: Buffer): Buffer {
  const archive = decodeArchive(new Uint8Array(attestation))
  if (archive.quote.tee !== 'snp') throw new Error('this gateway runs on another platform')
  const report = archive.quote.report.slice()
  report[0x90] = (report[0x90] ?? 0) ^ 1
  return Buffer.from(encodeArchive({ ...archive, quote: { ...archive.quote, report } }))
}

function gate(): readonly [Promise<void>, () => void] {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return [opened, () => open()]
}
