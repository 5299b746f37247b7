/** Answers that a gateway gave in Node, run again in a browser under a strict policy on content: identical to the octet. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Archive, encodeArchive } from '../../src/core/archive/index.ts'
import { embeddedEngineClaim } from '../../src/server/upstream/embedded.ts'
import { SOFTWARE_VERSION } from '../../src/server/version.ts'
import type { TestGateway } from '../kit/gateway.ts'
import { type ContextGateway, startContextGateway } from '../replay/context-gateway.ts'
import { questionOf } from '../replay/questions.ts'
import { record, startRecordedGateway } from '../replay/record.ts'
import { bundle } from './bundle.ts'
import { findChromium, launchChromium } from './chromium.ts'
import { contentPolicy, type Site, serveSite } from './site.ts'

const PAGE = '<!doctype html><meta charset="utf-8"><title>replay</title><script type="module" src="/page.js"></script>'
const FILES = ['config.json', 'model.safetensors', 'tokenizer.json', 'chat_template.jinja']
const SAMPLE = 12
const WITH_CONTEXT = 2

/** A chunk goes in, a tool is called, and its result goes in too. */
const QUESTION = {
  messages: [{ role: 'user', content: 'How is a receipt verified, 7 or 12?' }],
  tools: [
    { type: 'file_search', vector_store_ids: ['docs'], max_num_results: 1 },
    { type: 'mcp', server_label: 'lamps' },
  ],
  tool_choice: 'required',
  max_tokens: 40,
}

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')

/** One token of the text is another. */
function altered(archive: Archive): Archive {
  const text = new TextDecoder().decode(archive.response?.octets)
  const octets = new TextEncoder().encode(text.replace('"content":"I', '"content":"X'))
  return { ...archive, response: { mediaType: 'application/json', octets } }
}

describe.skipIf(!findChromium('no answer is run again in one'))('in headless Chromium', () => {
  let gateway: TestGateway
  let context: ContextGateway
  let browser: Browser
  let site: Site
  let results: readonly { readonly kind: string; readonly why?: string }[]

  beforeAll(async () => {
    gateway = await startRecordedGateway()
    const archives: Archive[] = []
    for (let i = 0; i < SAMPLE; i++) archives.push(await record(gateway, questionOf(i)))
    const question = { messages: [{ role: 'user', content: 'q7 zz 0 ?' }], temperature: 0, max_tokens: 4 }
    archives.push(altered(await record(gateway, question)))
    context = await startContextGateway()
    for (let i = 0; i < WITH_CONTEXT; i++)
      archives.push(await record(context, { ...QUESTION, stream: i % 2 === 1, seed: i }))
    const recorded = {
      files: FILES.map((name) => base64(readFileSync(join('model', name)))),
      engine: embeddedEngineClaim(SOFTWARE_VERSION),
      archives: archives.map((archive) => base64(encodeArchive(archive))),
    }
    const script = bundle(join('test', 'browser', 'page', 'replay.js'))
    const files = { '/index.html': PAGE, '/page.js': script, '/recorded.json': JSON.stringify(recorded) }
    site = await serveSite(files, contentPolicy())
    browser = await launchChromium()
    const page = await browser.newPage()
    await page.goto(site.origin)
    results = await page.evaluate('globalThis.replayed')
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    site?.close()
    await gateway?.close()
    await context?.close()
  })

  it('answers come out as they were given in Node', () => {
    expect(results.slice(0, SAMPLE)).toEqual(
      Array.from({ length: SAMPLE }, () => ({ kind: 'identical', tokens: expect.any(Number), by: 'octets' })),
    )
  })

  it('so does one that relied on a chunk and a tool, with the step before it', () => {
    const before = { kind: 'identical', tokens: expect.any(Number), by: 'output-digest' }
    const answer = { ...before, by: 'octets' }
    expect(results.slice(SAMPLE + 1)).toEqual(Array.from({ length: WITH_CONTEXT }, () => [before, answer]).flat())
  })

  it('an altered one parts at its token', () => {
    expect(results[SAMPLE]).toMatchObject({ kind: 'divergent', divergence: { part: 'text', token: 0, replayed: 'I' } })
  })
})
