/**
 * SIGKILL at random moments under load, boot after boot over one folder: every receipt that a client fully received is in the log of its boot
 * below a quoted checkpoint, or carried into the next as recovered; none twice; intents = receipts + open. @module
 */
import { setTimeout as wait } from 'node:timers/promises'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import { EventStreamDigest } from '../../src/core/receipt/event-stream.ts'
import { receiptEntry } from '../../src/core/receipt/receipt.ts'
import { createSimulatedPki, exportPki } from '../../src/simulator/index.ts'
import { createFileStore } from '../../src/storage/index.ts'
import { CHAT_STREAM, json, sse } from '../server/upstream/mock-answers.ts'
import { startMockUpstream } from '../server/upstream/mock-upstream.ts'
import { type FaultResult, type FaultRun, runFault } from './fault.ts'
import { kill, prepareFolder, serveChild, startChild } from './killed-gateway.ts'
import { readHistory } from './stored-history.ts'

const CLIENTS = 16
const LONGEST_MS = 400
const TARGET = '0 lost, 0 duplicates, intents = receipts + open at every boot'
const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
}

/** Asks until the gateway is gone; hands over the token of each answer that came whole. */
async function ask(url: string, stream: boolean, take: (token: string) => void): Promise<void> {
  const body = JSON.stringify({ model: 'mock', stream, messages: [{ role: 'user', content: 'x' }] })
  const headers = { 'content-type': 'application/json' }
  for (;;) {
    try {
      const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
      const octets = new Uint8Array(await response.arrayBuffer())
      const digest = new EventStreamDigest()
      digest.update(octets)
      const token = stream ? digest.finish().receipt : response.headers.get('inference-receipt')
      if (response.status !== 200 || !token) throw new Error(`status ${response.status} without a receipt`)
      take(token)
    } catch (error) {
      // A server that is gone is a TypeError here; anything else is a fault of the gateway.
      if (error instanceof TypeError) return
      throw error
    }
  }
}

async function killUnderLoad(run: FaultRun): Promise<readonly FaultResult[]> {
  const rounds = run.short ? 6 : 1_000
  const upstream = await startMockUpstream(({ body }) =>
    new TextDecoder().decode(body).includes('"stream":true') ? sse(CHAT_STREAM, [50]) : json(ANSWER),
  )
  const options = { upstream: upstream.origin, dataDir: run.scratch, pki: exportPki(await createSimulatedPki()) }
  await prepareFolder(run.scratch)
  const received: string[] = []
  let slowestBootMs = 0
  try {
    for (let round = 0; round < rounds; round++) {
      const gateway = await startChild(options)
      slowestBootMs = Math.max(slowestBootMs, gateway.bootMs)
      const take = (token: string): void => {
        received.push(encodeHex(receiptEntry(token.split('~')[0] ?? '').subarray(1)))
      }
      const clients = Array.from({ length: CLIENTS }, (_, i) => ask(gateway.url, i % 2 === 1, take))
      await wait(run.pick(LONGEST_MS))
      await kill(gateway)
      await Promise.all(clients)
      run.progress(`${round + 1} of ${rounds} kills, ${received.length} receipts received`)
    }
    // One more boot carries over what the last one left.
    await kill(await startChild(options))
  } finally {
    await upstream.close()
  }
  const history = await readHistory(createFileStore(run.scratch))
  const lost = received.filter((digest) => (history.places.get(digest) ?? 0) === 0).length
  const duplicates = [...history.places.values()].filter((places) => places > 1).length
  const figure = `${rounds} kills, ${received.length} receipts received, ${lost} lost, ${duplicates} duplicates, ${history.logs} logs, ${history.unbalanced} with intents != receipts + open, ${history.recovered} recovered`
  return [
    { figure, target: TARGET, ok: lost === 0 && duplicates === 0 && history.unbalanced === 0 && received.length > 0 },
    {
      figure: `slowest boot over ${history.logs} logs ${Math.round(slowestBootMs)} ms`,
      target: 'at most 2000 ms (recovery included)',
      ok: slowestBootMs <= 2_000,
    },
  ]
}

if (process.argv.includes('--child')) await serveChild()
else await runFault(killUnderLoad)
