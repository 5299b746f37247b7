/** Receipts of answers, made by the gateway's own code without HTTP: to the signed token, to the sealed record, or until the log has it durable. */
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { digestUri } from '../dist/core/crypto/index.js'
import { encodeJcs } from '../dist/core/encoding/jcs.js'
import { receiptJti } from '../dist/core/receipt/receipt.js'
import { ForwardedOctets } from '../dist/core/transform/forwarded-octets.js'
import { Boot } from '../dist/server/boot/boot.js'
import { createUpstreams, decodeConfig } from '../dist/server/index.js'
import { createReceiptLog } from '../dist/server/log/index.js'
import { Admission } from '../dist/server/recorder/admission.js'
import { buildReceipt } from '../dist/server/recorder/build-receipt.js'
import { Exchange } from '../dist/server/recorder/exchange.js'
import { RandomPool } from '../dist/server/recorder/random-pool.js'
import { Recorder } from '../dist/server/recorder/recorder.js'
import { BootClock } from '../dist/server/session/boot-clock.js'
import { createChannelKeys } from '../dist/server/session/channel-keys.js'
import { createLogKey } from '../dist/server/session/keys.js'
import { createSession } from '../dist/server/session/session.js'
import { describe } from '../dist/server/upstream/dependencies.js'
import { createFileStore } from '../dist/storage/index.js'
import { gatewayConfig } from './gateway-config.mjs'
import { CHAT_PATH, chatRequest, MODELS, wholeAnswer } from './payloads.mjs'

const ID_SIZE = 16
const DONE = Promise.resolve()

export const random = (size) => new Uint8Array(randomBytes(size))
export const fail = (error) => {
  throw error
}

/** The log of a boot as the gateway begins it, in a folder of its own. */
export async function createLog(directory) {
  await mkdir(directory)
  const store = createFileStore(directory)
  const log = await createReceiptLog({ store, host: 'localhost', signer: createLogKey(), onFailure: fail }, random(64))
  return { store, log }
}

/** What a receipt of a long run says: chunks, a prompt, memory, tools, and what was put into the request of each. */
function createContext(body) {
  const octets = Array.from({ length: 8 }, (_, at) => new Uint8Array(1024).fill(97 + at))
  const splices = octets.map((insert) => ({ at: body.length - 1, remove: 0, insert, role: 'retrieval-result' }))
  const digest = (text) => digestUri(Buffer.from(text))
  const tools = Array.from({ length: 4 }, (_, at) => ({
    id: `call_Ab3dEf6hIj9kLm2nOp5qRs8${at}`,
    by: 'gateway',
    tool: 'weather__today',
    identity: digest('server'),
    schema: digest('definition'),
    arguments: digest(`{"town":${at}}`),
    result: digest(`sunny ${at}`),
    outcome: 'ok',
    duration_ms: 12,
  }))
  const thing = (at, name) => ({ name, octets: octets[at], scheme: 'raw', source: 'gateway' })
  /** Digests everything, as for each request. */
  const dependencies = () => ({
    'retrieval-index': describe('retrieval-index', [thing(0, 'docs')]),
    'retrieval-result': describe('retrieval-result', [thing(1, 'docs/a.md#1'), thing(2, 'docs/b.md#2')]),
    'prompt-template': describe('prompt-template', [thing(3, 'short@3')]),
    'tool-definitions': describe('tool-definitions', [thing(4, 'weather')]),
    'memory-before': describe('memory-before', [thing(5, '4 messages')]),
    'memory-after': describe('memory-after', [thing(6, '6 messages')]),
    'tool-call': describe('tool-call', [{ ...thing(7, '4 calls'), octets: encodeJcs(tools), scheme: 'jcs' }]),
  })
  return { splices, tools, dependencies }
}

/** In the recorder's place: builds what it builds, and seals and appends nothing. */
function createBuilder(boot, clock) {
  const pool = new RandomPool(random)
  const { origin } = boot.log
  let seq = 0
  return {
    admit: () => ({ jti: receiptJti(pool.take(ID_SIZE)) }),
    commit: ({ jti }, content) => {
      const place = { iss: 'https://localhost', origin, session: boot.current, jti, seq: seq++, iat: clock.seconds() }
      return { ...buildReceipt(content, place, pool), durable: DONE }
    },
  }
}

/** In the log's place: takes every sealed receipt and forgets it. */
function createForgetful({ origin }) {
  let seq = 0
  return {
    origin,
    get nextReceiptSeq() {
      return seq
    },
    recordIntent: () => DONE,
    appendReceipt: () => ({ index: seq, seq: seq++, durable: DONE }),
  }
}

function createRecorder(boot, clock, { until }) {
  if (until === 'built') return createBuilder(boot, clock)
  const admission = new Admission({ after: () => () => {} })
  const { octets, current } = boot
  const on = until === 'sealed' ? { octets, current, log: createForgetful(boot.log) } : boot
  return new Recorder(on, { clock, random, admission }, () => {})
}

/**
 * @param isRun whether the receipts are those of a long run
 * @param until `built`: the signed token with its disclosures; `sealed`: encrypted for the disk too; `durable`: in the log
 */
export async function createAnswering(dataDir, { isRun, until }) {
  const config = decodeConfig(gatewayConfig({ upstream: 'http://127.0.0.1:9', dataDir }), { env: {} })
  const wall = { now: () => new Date(), monotonicMs: () => performance.now() }
  const clock = new BootClock(wall)
  const upstreams = await createUpstreams(config.measured, { clock: wall, random, env: {} })
  const { store, log } = await createLog(dataDir)
  const octets = random(16)
  const models = upstreams.models()
  const channels = await createChannelKeys({ tls: false })
  const from = { boot: octets, epoch: 0, iat: clock.seconds() }
  const session = await createSession({ ...from, log: log.vkey, config, models, channels })
  const boot = new Boot({ octets, log, session, store, earlier: {} })
  const recorder = createRecorder(boot, clock, { until })
  const { model, upstream } = upstreams.find(MODELS.whole)
  const body = chatRequest(MODELS.whole)
  const opening = {
    method: 'POST',
    path: CHAT_PATH,
    operation: 'chat',
    tenant: '',
    retryCount: 0,
    channel: 'none',
    body,
  }
  const context = createContext(body)
  const answer = () => {
    const exchange = new Exchange(recorder, clock, { ...opening, mediaType: 'application/json', cutShort: () => {} })
    const dependencies = upstream.dependencies(body, model)
    if (isRun) {
      const { splices, tools } = context
      exchange.forwarding({
        forwarded: ForwardedOctets.make(body, splices),
        model,
        dependencies: { ...dependencies, ...context.dependencies() },
      })
      exchange.ran({ tools, run: { step: 4, parents: [digestUri(body)] } })
    } else exchange.forwarding({ forwarded: ForwardedOctets.make(body, []), model, dependencies })
    const response = { digest: digestUri(wholeAnswer), size: wholeAnswer.length, media_type: 'application/json' }
    return exchange.conclude({ outcome: 'complete', status: 200, response }).durable
  }
  return { run: answer, close: () => Promise.all([log.close(), upstreams.close()]) }
}
