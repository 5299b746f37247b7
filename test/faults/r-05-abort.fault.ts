/**
 * Clients that go away at every stage of an answer: the model server hears of it at once, and each receipt says what had been offered by
 * then. @module
 */

import { decodeReceipt } from '../../src/core/receipt/receipt.ts'
import { holdOctets } from '../../src/core/receipt/verify.ts'
import { ask, type GatewayFixture, PLAIN_MODEL, startFixture } from '../server/gateway/gateway-fixture.ts'
import { abortWhen, open } from '../server/gateway/http-client.ts'
import { CHAT_STREAM, chunked, head, RESPONSE_EVENTS, sseHead } from '../server/upstream/mock-answers.ts'
import type { ReceivedRequest, Script } from '../server/upstream/mock-upstream.ts'
import { type FaultResult, type FaultRun, runFault } from './fault.ts'

const TARGET_MS = 100
/** Where a machine that builds and tests at once stalls, the short form is not to blame the gateway. */
const SHORT_TARGET_MS = 1_000
const JSON_HEADERS = { 'content-type': 'application/json' }

/** One stage at which clients leave. */
interface Position {
  readonly name: string
  readonly path: string
  readonly body: string
  /** Events that come before the model server falls silent: the client leaves behind the last. None where it waits for the head. */
  readonly events: readonly string[]
  /** What the model server does when it has nothing to stream. */
  readonly silent: readonly Script[]
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const HALF_ANSWER: Script = [
  head(200, { 'content-type': 'application/json', 'content-length': 1_000 }),
  { write: text('{"id":') },
  'hang',
]

const POSITIONS: readonly Position[] = [
  {
    name: 'before the first byte',
    path: '/v1/chat/completions',
    body: ask(PLAIN_MODEL, { stream: true }),
    events: [],
    silent: [['hang']],
  },
  {
    name: 'mid-stream',
    path: '/v1/chat/completions',
    body: ask(PLAIN_MODEL, { stream: true }),
    events: CHAT_STREAM.split(/(?<=\n\n)/).slice(0, 3),
    silent: [],
  },
  {
    name: 'not streamed',
    path: '/v1/chat/completions',
    body: ask(PLAIN_MODEL),
    events: [],
    silent: [['hang'], HALF_ANSWER],
  },
  {
    name: '/v1/responses',
    path: '/v1/responses',
    body: JSON.stringify({ model: PLAIN_MODEL, input: 'Grüß Gott', stream: true }),
    events: RESPONSE_EVENTS,
    silent: [],
  },
]

/** What the model server does next, and the request that it then gets. */
class ScriptedServer {
  #script: Script = []
  #arrived: (request: ReceivedRequest) => void = () => {}

  readonly answer = (request: ReceivedRequest): Script => {
    this.#arrived(request)
    return this.#script
  }

  play(script: Script): Promise<ReceivedRequest> {
    this.#script = script
    return new Promise((resolve) => {
      this.#arrived = resolve
    })
  }
}

interface Tally {
  readonly ms: number[]
  /** Receipts that were fetched: those whose id had reached the client. */
  compared: number
  /** Receipts whose digest is not that of the octets offered. */
  wrong: number
}

interface Stage {
  readonly fixture: GatewayFixture
  readonly server: ScriptedServer
  readonly position: Position
}

/** Nothing was offered: no head has reached the client, so nobody holds the receipt's id. */
async function leaveUnanswered({ fixture, server, position }: Stage, script: Script): Promise<number> {
  const arrived = server.play(script)
  let leftMs = 0
  const leaving = arrived.then(() => {
    leftMs = performance.now()
  })
  await abortWhen(fixture.url + position.path, { body: position.body, headers: JSON_HEADERS }, leaving)
  return (await (await arrived).gone) - leftMs
}

/** Leaves as soon as the last event is there, and compares the receipt with what came. */
async function leaveAmid(
  { fixture, server, position }: Stage,
  events: readonly string[],
  tally: Tally,
): Promise<number> {
  const offered = text(events.join(''))
  const arrived = server.play([...sseHead(), ...chunked(events.map(text)), 'hang'])
  const { incoming, abort } = await open(fixture.url + position.path, {
    method: 'POST',
    headers: JSON_HEADERS,
    body: position.body,
  })
  incoming.on('error', () => {})
  await new Promise<void>((resolve) => {
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size >= offered.length) resolve()
    })
    if (offered.length === 0) resolve()
  })
  const leftMs = performance.now()
  abort()
  const goneMs = await (await arrived).gone
  tally.compared++
  if (!(await says(fixture, String(incoming.headers['inference-receipt-id']), offered))) tally.wrong++
  return goneMs - leftMs
}

async function says(fixture: GatewayFixture, rid: string, offered: Uint8Array): Promise<boolean> {
  while (fixture.gateway.log.counts.open > 0) await new Promise(setImmediate)
  const { status, text: token } = await fixture.get(`/v1/receipts/${rid}`)
  if (status !== 200) throw new Error(`the receipt was answered with ${status}`)
  const { claims, disclosed } = decodeReceipt(token)
  const { digest, size } = holdOctets(offered)
  return (
    claims.outcome === 'client_aborted' && disclosed.response?.digest === digest && disclosed.response.size === size
  )
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * q) - 1)] ?? Number.POSITIVE_INFINITY
}

async function leaveOften(run: FaultRun, stage: Stage, rounds: number): Promise<FaultResult> {
  const { position } = stage
  const tally: Tally = { ms: [], compared: 0, wrong: 0 }
  for (let round = 0; round < rounds; round++) {
    const [silent] = position.silent.slice(run.pick(position.silent.length))
    const events = position.events.slice(0, run.pick(position.events.length + 1))
    tally.ms.push(silent === undefined ? await leaveAmid(stage, events, tally) : await leaveUnanswered(stage, silent))
    if (round % 50 === 49) run.progress(`${position.name}: ${round + 1} of ${rounds}`)
  }
  const sorted = tally.ms.sort((a, b) => a - b)
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => quantile(sorted, q).toFixed(1))
  const target = run.short ? SHORT_TARGET_MS : TARGET_MS
  return {
    figure: `${position.name}: ${rounds} aborts, upstream p50 ${p50} p99 ${p99} max ${max} ms, ${tally.compared} receipts compared, ${tally.wrong} wrong`,
    target: `p99 at most ${target} ms, every digest that of the octets offered`,
    ok: quantile(sorted, 0.99) <= target && tally.wrong === 0,
  }
}

async function abort(run: FaultRun): Promise<readonly FaultResult[]> {
  const rounds = run.rounds({ short: 50, full: 1_000 })
  const server = new ScriptedServer()
  const fixture = await startFixture({ answer: server.answer })
  try {
    const results: FaultResult[] = []
    for (const position of POSITIONS) results.push(await leaveOften(run, { fixture, server, position }, rounds))
    const expected = rounds * POSITIONS.length
    const told = (): number =>
      fixture.lines.filter((line) => line.event === 'request' && line.outcome === 'client_aborted').length
    // Each line is written behind its receipt.
    for (let turn = 0; turn < 10_000 && told() < expected; turn++) await new Promise(setImmediate)
    const { intents, receipts } = fixture.gateway.log.counts
    results.push({
      figure: `${intents} admitted, ${receipts} receipts, ${told()} told as client_aborted`,
      target: `${expected} each: none unaccounted`,
      ok: [intents, receipts, told()].every((count) => count === expected),
    })
    return results
  } finally {
    await fixture.close()
  }
}

await runFault(abort)
