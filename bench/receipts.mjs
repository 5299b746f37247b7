/** Part 3: what a receipt costs within the process: hash, sign, seal, append; and how fast the log makes entries durable. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { digestUri } from '../dist/core/crypto/index.js'
import { Boot } from '../dist/server/boot/boot.js'
import { createUpstreams, decodeConfig } from '../dist/server/index.js'
import { createReceiptLog } from '../dist/server/log/index.js'
import { Admission } from '../dist/server/recorder/admission.js'
import { Exchange } from '../dist/server/recorder/exchange.js'
import { Recorder } from '../dist/server/recorder/recorder.js'
import { BootClock } from '../dist/server/session/boot-clock.js'
import { createLogKey } from '../dist/server/session/keys.js'
import { createSession } from '../dist/server/session/session.js'
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

/** Makes answers' receipts exactly as the gateway does, without HTTP. */
async function createAnswering(dataDir) {
  const config = decodeConfig(gatewayConfig({ upstream: 'http://127.0.0.1:9', dataDir }), { env: {} })
  const wall = { now: () => new Date(), monotonicMs: () => performance.now() }
  const clock = new BootClock(wall)
  const upstreams = await createUpstreams(config.measured, { clock: wall, random, env: {} })
  const { store, log } = await createLog(dataDir)
  const octets = random(16)
  const models = upstreams.models()
  const session = await createSession({ boot: octets, epoch: 0, iat: clock.seconds(), log: log.vkey, config, models })
  const boot = new Boot({ octets, log, session, store, earlier: {} })
  const admission = new Admission({ after: () => () => {} })
  const recorder = new Recorder(boot, { clock, random, admission }, () => {})
  const { model, upstream } = upstreams.find(MODELS.whole)
  const body = chatRequest(MODELS.whole)
  const opening = { method: 'POST', path: CHAT_PATH, operation: 'chat', tenant: '', retryCount: 0, body }
  const answer = () => {
    const exchange = new Exchange(recorder, clock, { ...opening, mediaType: 'application/json', cutShort: () => {} })
    const dependencies = upstream.dependencies(body, model)
    exchange.forwarding({ octets: body, splices: [], model, dependencies })
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
