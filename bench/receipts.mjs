/** Part 3: what a receipt costs within the process: hash, sign, seal, append; and how fast the log makes entries durable. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { digestUri } from '../dist/core/crypto/index.js'
import { encodeJcs } from '../dist/core/encoding/jcs.js'
import { ForwardedOctets } from '../dist/core/transform/forwarded-octets.js'
import { Boot } from '../dist/server/boot/boot.js'
import { createUpstreams, decodeConfig } from '../dist/server/index.js'
import { createReceiptLog } from '../dist/server/log/index.js'
import { Admission } from '../dist/server/recorder/admission.js'
import { Exchange } from '../dist/server/recorder/exchange.js'
import { Recorder } from '../dist/server/recorder/recorder.js'
import { BootClock } from '../dist/server/session/boot-clock.js'
import { createChannelKeys } from '../dist/server/session/channel-keys.js'
import { createLogKey } from '../dist/server/session/keys.js'
import { createSession } from '../dist/server/session/session.js'
import { describe } from '../dist/server/upstream/dependencies.js'
import { createFileStore } from '../dist/storage/index.js'
import { gatewayConfig } from './gateway-config.mjs'
import { CHAT_PATH, chatRequest, MODELS, wholeAnswer } from './payloads.mjs'
import { interleave, median, quantile, ratio } from './statistics.mjs'

/** About what a sealed receipt of an unstreamed answer measures. */
const RECORD_SIZE = 3 * 1024
/** Of the measurement from which the target of the log was taken. */
const SMALL_RECORD_SIZE = 256
/** Syncs of the one-by-one comparison cost so much more that fewer of them do. */
const ONE_BY_ONE = 10
/** Of long receipts fewer do too. */
const RUN_SHARE = 2

const random = (size) => new Uint8Array(randomBytes(size))
const fail = (error) => {
  throw error
}

/** The log of a boot as the gateway begins it, in a folder of its own. */
async function createLog(directory) {
  await mkdir(directory)
  const store = createFileStore(directory)
  const log = await createReceiptLog({ store, host: 'localhost', signer: createLogKey(), onFailure: fail }, random(64))
  return { store, log }
}

const RUN = 'receipt with 8 dependencies, 8 splices and 4 calls of tools, durable'

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

/** Makes answers' receipts exactly as the gateway does, without HTTP. @param isRun whether they are those of a long run */
async function createAnswering(dataDir, { isRun = false } = {}) {
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
  const admission = new Admission({ after: () => () => {} })
  const recorder = new Recorder(boot, { clock, random, admission }, () => {})
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

/** The log alone: intent and receipt of random octets. */
async function createAppending(dataDir, size) {
  const { log } = await createLog(dataDir)
  const sealed = random(size)
  const append = () => {
    const jti = random(16)
    const entry = random(33).fill(1, 0, 1)
    log.recordIntent(jti).catch(fail)
    return log.appendReceipt({ entry, jti, intent: jti, sealed }).durable
  }
  return { run: append, close: () => log.close() }
}

/** What nobody can do without: two digests of 1 KB and one Ed25519 signature. */
function createFloor() {
  const { privateKey } = generateKeyPairSync('ed25519')
  const body = chatRequest(MODELS.whole)
  const run = async () => {
    for (const octets of [body, wholeAnswer]) createHash('sha256').update(octets).digest('hex')
    sign(null, body, privateKey)
  }
  return { run, close: () => {} }
}

/** The same records, each with an fdatasync of its own. */
function createOneByOne(path) {
  const file = openSync(path, 'wx')
  const record = random(RECORD_SIZE)
  const run = async () => {
    writeSync(file, record)
    fdatasyncSync(file)
  }
  return { run, close: () => closeSync(file) }
}

async function measure({ run }, { count, waiting }) {
  const waits = []
  let left = count
  const lane = async () => {
    while (left-- > 0) {
      const from = performance.now()
      await run()
      waits.push(performance.now() - from)
    }
  }
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: waiting }, lane))
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    cpu: (user + system) / count,
    perSecond: count / seconds,
    p50Ms: median(waits),
    p99Ms: quantile(waits, 0.99),
  }
}

export async function benchReceipts({ plan, scratch, progress }) {
  const { rounds, warmRounds, waiting, answers } = plan.receipts
  const works = {
    'SHA-256 twice and Ed25519, the floor': { ...createFloor(), count: answers, waiting: 1 },
    'receipt, durable': { ...(await createAnswering(join(scratch, 'answering'))), count: answers, waiting },
    [RUN]: {
      ...(await createAnswering(join(scratch, 'run'), { isRun: true })),
      count: answers / RUN_SHARE,
      waiting,
    },
    'log alone': { ...(await createAppending(join(scratch, 'appending'), RECORD_SIZE)), count: 2 * answers, waiting },
    'log alone, small records': {
      ...(await createAppending(join(scratch, 'appending-small'), SMALL_RECORD_SIZE)),
      count: 4 * answers,
      waiting,
    },
    'fdatasync one by one': { ...createOneByOne(join(scratch, 'one-by-one')), count: answers / ONE_BY_ONE, waiting: 1 },
  }
  const once = (work, name) => {
    progress(`receipts: ${name}`)
    return measure(work, work)
  }
  await interleave(works, warmRounds, once)
  const results = await interleave(works, rounds, once)
  for (const { close } of Object.values(works)) await close()
  const of = (name, field) => results[name].map((result) => result[field])
  const [floor] = Object.keys(works)
  const oneByOne = Object.keys(works).at(-1)
  return Object.keys(works).map((name) => ({
    name,
    cpuMicros: median(of(name, 'cpu')),
    perSecond: median(of(name, 'perSecond')),
    p50Ms: median(of(name, 'p50Ms')),
    p99Ms: median(of(name, 'p99Ms')),
    cpuToFloor: ratio(of(name, 'cpu'), of(floor, 'cpu')),
    rateToOneByOne: ratio(of(name, 'perSecond'), of(oneByOne, 'perSecond')),
  }))
}
