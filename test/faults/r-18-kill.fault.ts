/**
 * SIGKILL at random moments under load, boot after boot over one folder: every receipt that a client fully received is in the log of its boot
 * below a quoted checkpoint, or carried into the next as recovered; none twice; intents = receipts + open. @module
 */
import { statfsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { EventStreamDigest } from '../../src/core/receipt/event-stream.ts'
import { createSimulatedPki, exportPki } from '../../src/simulator/index.ts'
import { createFileStore } from '../../src/storage/index.ts'
import { CHAT_STREAM, json, sse } from '../server/upstream/mock-answers.ts'
import { startMockUpstream } from '../server/upstream/mock-upstream.ts'
import { type FaultResult, type FaultRun, runFault } from './fault.ts'
import { type ChildOptions, kill, prepareFolder, serveChild, startChild, stop } from './killed-gateway.ts'
import { digestOf, readHistory, type StoredHistory } from './stored-history.ts'

const CLIENTS = 16
const LONGEST_MS = 400
const BOOT_TARGET_MS = 2_000
/** Octets that others on this disk need. */
const LEAST_SPACE = 2 * 1024 ** 3
const TARGET = '0 lost, 0 duplicates, 0 other answers, intents = receipts + open at every boot'
const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
}

interface Tally {
  rounds: number
  /** Digests of the leaves of receipts that came whole. */
  readonly received: string[]
  /** Answers that were refused, or had no receipt. */
  others: number
  slowestBootMs: number
}

/** Asks until the gateway is gone. */
async function ask(url: string, stream: boolean, tally: Tally): Promise<void> {
  const body = JSON.stringify({ model: 'mock', stream, messages: [{ role: 'user', content: 'x' }] })
  const headers = { 'content-type': 'application/json' }
  for (;;) {
    try {
      const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
      const octets = new Uint8Array(await response.arrayBuffer())
      const digest = new EventStreamDigest()
      digest.update(octets)
      const token = stream ? digest.finish().receipt : response.headers.get('inference-receipt')
      if (response.status === 200 && token) tally.received.push(digestOf(token))
      else tally.others++
    } catch (error) {
      // A server that is gone is a TypeError here; anything else is a fault of the gateway.
      if (error instanceof TypeError) return
      throw error
    }
  }
}

async function killOnce(options: ChildOptions, afterMs: number, tally: Tally): Promise<void> {
  const gateway = await startChild(options)
  tally.slowestBootMs = Math.max(tally.slowestBootMs, gateway.bootMs)
  const before = tally.received.length
  const clients = Array.from({ length: CLIENTS }, (_, i) => ask(gateway.url, i % 2 === 1, tally))
  // Every other time counts from a first receipt: a slow machine would have none to lose.
  if (tally.rounds % 2 === 1) while (tally.received.length === before && tally.others === 0) await wait(1)
  await wait(afterMs)
  await kill(gateway)
  await Promise.all(clients)
  tally.rounds++
}

/** Each boot leaves the space that its log had reserved. */
function hasSpace(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize > LEAST_SPACE
}

async function killUnderLoad(run: FaultRun): Promise<readonly FaultResult[]> {
  const rounds = run.rounds({ short: 6, full: 1_000 })
  const upstream = await startMockUpstream(({ body }) =>
    new TextDecoder().decode(body).includes('"stream":true') ? sse(CHAT_STREAM, [50]) : json(ANSWER),
  )
  const options = { upstream: upstream.origin, dataDir: run.scratch, pki: exportPki(await createSimulatedPki()) }
  await prepareFolder(run.scratch)
  const tally: Tally = { rounds: 0, received: [], others: 0, slowestBootMs: 0 }
  try {
    while (tally.rounds < rounds && hasSpace(run.scratch)) {
      await killOnce(options, run.pick(LONGEST_MS), tally)
      run.progress(`${tally.rounds} of ${rounds} kills, ${tally.received.length} receipts received`)
    }
    // One more boot carries over what the last one left, and ends when its evidence is kept.
    await stop(await startChild(options))
  } finally {
    await upstream.close()
  }
  return judge(rounds, tally, await readHistory(createFileStore(run.scratch)))
}

function judge(rounds: number, { received, ...tally }: Tally, history: StoredHistory): readonly FaultResult[] {
  const lost = received.filter((digest) => (history.places.get(digest) ?? 0) === 0).length
  const duplicates = [...history.places.values()].filter((places) => places > 1).length
  const isWhole = tally.rounds === rounds
  return [
    {
      figure: `${tally.rounds} kills${isWhole ? '' : ` of ${rounds}: then the disk was nearly full`}, ${received.length} receipts received, ${lost} lost, ${duplicates} duplicates, ${tally.others} other answers, ${history.logs} logs, ${history.unbalanced} with intents != receipts + open, ${history.recovered} recovered`,
      target: TARGET,
      ok: lost + duplicates + tally.others + history.unbalanced === 0 && received.length > 0 && isWhole,
    },
    {
      figure: `slowest boot over ${history.logs} logs ${Math.round(tally.slowestBootMs)} ms`,
      target: `at most ${BOOT_TARGET_MS} ms (recovery included)`,
      ok: tally.slowestBootMs <= BOOT_TARGET_MS,
    },
  ]
}

if (process.argv.includes('--child')) await serveChild()
else await runFault(killUnderLoad)
