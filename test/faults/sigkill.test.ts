/** A gateway killed under load loses no receipt that a client has fully received, and no entry of its log is garbled. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import { EventStreamDigest } from '../../src/core/receipt/event-stream.ts'
import { decodeReceipt, receiptEntry } from '../../src/core/receipt/receipt.ts'
import { readWriteAheadLog } from '../../src/server/log/index.ts'
import { CHAT_STREAM, json, sse } from '../server/upstream/mock-answers.ts'
import { type MockUpstream, startMockUpstream } from '../server/upstream/mock-upstream.ts'

const MAIN = resolve('dist/cli/main.js')
const CLIENTS = 16
/** Receipts after which the process is killed; more rounds by KILL_ROUNDS in a longer run. */
const KILL_AFTER: readonly number[] = [
  1,
  40,
  230,
  ...Array.from({ length: Number(process.env['KILL_ROUNDS'] ?? 0) }, (_, i) => 2 + ((i * 97 + 62) % 400)),
]
const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
}

const config = (upstream: string, data: string): string => `
measured:
  host: gw.example.com
  models:
    - { id: mock, upstream: mock, name: mock, digest: none }
  upstreams:
    mock: { kind: http, location: local, baseUrl: ${JSON.stringify(upstream)} }
operational:
  listen: { host: 127.0.0.1, port: 0 }
  dataDir: ${JSON.stringify(data)}
  apiKeys: dangerously-none
  log: none
`

async function start(file: string): Promise<{ readonly child: ChildProcess; readonly base: string }> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--simulated', '-c', file], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('listening on ')) return { child, base: line.slice('listening on '.length) }
  }
  throw new Error('the gateway did not start')
}

/** Asks until the gateway is gone; hands over each receipt whose answer came whole. */
async function ask(base: string, stream: boolean, take: (token: string) => void): Promise<void> {
  const body = JSON.stringify({ model: 'mock', stream, messages: [{ role: 'user', content: 'x' }] })
  for (;;) {
    try {
      const response = await fetch(`${base}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      const octets = new Uint8Array(await response.arrayBuffer())
      const digest = new EventStreamDigest()
      digest.update(octets)
      const token = stream ? digest.finish().receipt : response.headers.get('inference-receipt')
      if (response.status !== 200 || !token) throw new Error(`status ${response.status} without a receipt`)
      take(token)
    } catch (error) {
      // undici reports a server that is gone as TypeError; anything else is a failure of the gateway.
      if (error instanceof TypeError) return
      throw error
    }
  }
}

describe('SIGKILL under load', () => {
  let work: string
  let upstream: MockUpstream

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'countersign-kill-'))
    upstream = await startMockUpstream(({ body }) =>
      new TextDecoder().decode(body).includes('"stream":true') ? sse(CHAT_STREAM, [50]) : json(ANSWER),
    )
  })

  afterAll(async () => {
    await upstream.close()
    rmSync(work, { recursive: true, force: true })
  })

  it.each(KILL_AFTER)('keeps every receipt that was received before it was killed after %i', async (killAfter) => {
    const data = join(work, `data-${killAfter}`)
    const file = join(work, `${killAfter}.yaml`)
    writeFileSync(file, config(upstream.origin, data))
    const { child, base } = await start(file)
    const received: string[] = []
    const take = (token: string): void => {
      received.push(token)
      if (received.length === killAfter) child.kill('SIGKILL')
    }
    await Promise.all([...Array.from({ length: CLIENTS }, (_, i) => ask(base, i % 2 === 1, take)), once(child, 'exit')])
    expect(received.length).toBeGreaterThanOrEqual(killAfter)

    const [id = ''] = readdirSync(join(data, 'log'))
    const log = await readWriteAheadLog(join(data, 'log', id))
    const entries = new Set(log.groups.flatMap(({ entries: group }) => group.map(encodeHex)))
    const lost = received.filter((token) => !entries.has(encodeHex(receiptEntry(token.split('~')[0] ?? ''))))
    expect(lost).toEqual([])
    expect(log.tail.kind).not.toBe('garbled')
    const seqs = received.map((token) => decodeReceipt(token).claims.seq)
    expect(new Set(seqs).size).toBe(seqs.length)
    expect(log.counts.intents).toBe(log.counts.receipts + log.counts.open)
  })
})
