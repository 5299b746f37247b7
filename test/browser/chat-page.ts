/** The page of docs/examples/browser as a developer would serve it: of its own origin, bundled, with policy and lock of the gateway. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestGateway } from '../kit/gateway.ts'
import { bundle } from './bundle.ts'
import { contentPolicy, type Site, serveSite } from './site.ts'

const FOLDER = join('docs', 'examples', 'browser')
const EXAMPLE = 'https://gw.example.com'
const CHANNEL = 'createOhttpChannel()'

/** What the page runs; without its channel, requests go as the platform sends them. */
export function bundleChatPage(channel: 'ohttp' | 'none'): string {
  const entry = join(FOLDER, 'page.js')
  if (channel === 'ohttp') return bundle(entry, '--minify')
  const source = readFileSync(entry, 'utf8')
  if (!source.includes(CHANNEL)) throw new Error(`the example no longer says ${CHANNEL}`)
  const folder = mkdtempSync(join(tmpdir(), 'countersign-page-'))
  try {
    writeFileSync(join(folder, 'page.js'), source.replace(CHANNEL, "'none'"))
    return bundle(join(folder, 'page.js'), '--minify')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export interface ChatPage {
  readonly script: string
  /** Text of the policy file. */
  readonly policy: string
  readonly gateway: TestGateway
  /** Origin at which the page reaches the gateway. */
  readonly reached: string
}

export function serveChatPage({ script, policy, gateway, reached }: ChatPage): Promise<Site> {
  const html = readFileSync(join(FOLDER, 'index.html'), 'utf8').replaceAll(EXAMPLE, reached)
  const files = {
    '/index.html': html,
    '/page.js': script,
    '/countersign.policy.json': policy,
    '/countersign.lock.json': gateway.lockText,
  }
  return serveSite(files, contentPolicy(reached))
}
