/** Part 3: what a receipt costs within the process: hash, sign, seal, append; and how fast the log makes entries durable. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createAnswering, createLog, fail, random } from './answering.mjs'
import { chatRequest, MODELS, wholeAnswer } from './payloads.mjs'
import { interleave, median, quantile, ratio } from './statistics.mjs'
import { atTargetSpeed, createYardstick } from './yardstick.mjs'

/** About what a sealed receipt of an unstreamed answer measures. */
const RECORD_SIZE = 3 * 1024
/** Of the measurement from which the target of the log was taken. */
const SMALL_RECORD_SIZE = 256
/** Syncs of the one-by-one comparison cost so much more that fewer of them do. */
const ONE_BY_ONE = 10
/** Of long receipts fewer do too. */
const RUN_SHARE = 2

export const YARDSTICK = 'jose compactVerify, the yardstick'
const RUN = 'receipt with 8 dependencies, 8 splices and 4 calls of tools'
/** How far each of the receipts is taken. */
const STAGES = ['built', 'sealed', 'durable']
/** By stage, of a plain receipt and of one of a long run. */
export const nameOf = (stage, { isRun }) => `${isRun ? RUN : 'receipt'}, ${stage}`

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

async function createReceipts({ scratch, plan }) {
  const { waiting, answers } = plan.receipts
  const works = {}
  for (const isRun of [false, true])
    for (const until of STAGES) {
      const folder = join(scratch, `${until}-${isRun ? 'run' : 'plain'}`)
      works[nameOf(until, { isRun })] = {
        ...(await createAnswering(folder, { isRun, until })),
        count: isRun ? answers / RUN_SHARE : answers,
        // What waits for nothing is done one after the other.
        waiting: until === 'durable' ? waiting : 1,
      }
    }
  return works
}

export async function benchReceipts({ plan, scratch, progress }) {
  const { rounds, warmRounds, waiting, answers } = plan.receipts
  const yardstick = await createYardstick()
  const works = {
    'SHA-256 twice and Ed25519, the floor': { ...createFloor(), count: answers, waiting: 1 },
    ...(await createReceipts({ scratch, plan })),
    'log alone': { ...(await createAppending(join(scratch, 'appending'), RECORD_SIZE)), count: 2 * answers, waiting },
    'log alone, small records': {
      ...(await createAppending(join(scratch, 'appending-small'), SMALL_RECORD_SIZE)),
      count: 4 * answers,
      waiting,
    },
    'fdatasync one by one': { ...createOneByOne(join(scratch, 'one-by-one')), count: answers / ONE_BY_ONE, waiting: 1 },
  }
  const once = async (work, name) => {
    progress(`receipts: ${name}`)
    return name === YARDSTICK ? yardstick() : measure(work, work)
  }
  const measured = { [YARDSTICK]: undefined, ...works }
  await interleave(measured, warmRounds, once)
  const { [YARDSTICK]: yardsticks, ...results } = await interleave(measured, rounds, once)
  for (const { close } of Object.values(works)) await close()
  return [{ name: YARDSTICK, cpuMicros: median(yardsticks) }, ...report(results, yardsticks)]
}

function report(results, yardsticks) {
  const of = (name, field) => results[name].map((result) => result[field])
  const [floor] = Object.keys(results)
  const oneByOne = Object.keys(results).at(-1)
  return Object.keys(results).map((name) => ({
    name,
    cpuMicros: median(of(name, 'cpu')),
    cpuAtTargetSpeed: median(of(name, 'cpu').map((cpu, round) => atTargetSpeed(cpu, yardsticks[round]))),
    perSecond: median(of(name, 'perSecond')),
    p50Ms: median(of(name, 'p50Ms')),
    p99Ms: median(of(name, 'p99Ms')),
    cpuToFloor: ratio(of(name, 'cpu'), of(floor, 'cpu')),
    rateToOneByOne: ratio(of(name, 'perSecond'), of(oneByOne, 'perSecond')),
  }))
}
