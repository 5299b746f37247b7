/**
 * A device that fails, hangs, is throttled or lies, under traffic: answers ride evidence that is in force, then are refused in time; nothing
 * is used or kept that does not verify, and all goes on when the device is well. @module
 */
import { rmSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { decodeArchive } from '../../src/core/archive/index.ts'
import { decodeHex } from '../../src/core/encoding/bytes.ts'
import type { Quoter } from '../../src/core/evidence/quoter.ts'
import { decodeReceipt } from '../../src/core/receipt/receipt.ts'
import { createSimulatedSnp } from '../../src/simulator/index.ts'
import { createFileStore } from '../../src/storage/index.ts'
import { attestArchive, type GatewayFixture, startFixture } from '../server/gateway/gateway-fixture.ts'
import { testPki } from '../server/gateway/test-pki.ts'
import { type Breakage, breakableDevice } from './broken-device.ts'
import { type Crowd, type Exchange, startCrowd } from './crowd.ts'
import { type FaultResult, type FaultRun, runFault } from './fault.ts'
import { type JudgedEvidence, judgeStoredEvidence } from './stored-evidence.ts'

const BREAKAGES = ['error', 'hang', 'lost', 'throttle', 'garbage', 'report-data', 'measurement', 'flap'] as const
/** Those that give good evidence often enough. */
const STILL_GOOD: ReadonlySet<Breakage> = new Set(['throttle', 'flap'])
const HEAL_TARGET_MS = 1_000
const REFUSAL_TARGET_MS = 2_000
/** So few that evidence runs out while the device is broken; in the short form enough for a busy machine to renew it where it is not. */
const LIFE_SECONDS = { short: 8, full: 3 }
/** So long after its life evidence has run out. */
const OUTAGE_MS = 5_000

interface Tally {
  rounds: number
  rode: number
  slowestRefusalMs: number
  slowestHealMs: number
  /** Longer than its breakage allows. */
  lateHeals: number
  wrongRefusals: number
  wrongShown: number
}

async function otherSoftware({ config }: GatewayFixture): Promise<Quoter> {
  const hostData = decodeHex(config.digest.slice('sha256:'.length))
  const fields = { hostData, measurement: new Uint8Array(48).fill(0x42) }
  return (await createSimulatedSnp({ pki: await testPki(), latencyMs: 0, throttle: 'none', fields })).quoter
}

/** What is shown as evidence is evidence: it verifies now. */
async function isTrulyShown(fixture: GatewayFixture): Promise<boolean> {
  const { status, octets } = await fixture.get('/v1/attestation')
  if (status === 503) return true
  return attestArchive(fixture, decodeArchive(octets)).then(
    () => true,
    () => false,
  )
}

/** Looks at what is shown until the time is over. */
async function watch(fixture: GatewayFixture, ms: number, tally: Tally): Promise<void> {
  for (const fromMs = performance.now(); performance.now() - fromMs < ms; await wait(100))
    if (!(await isTrulyShown(fixture))) tally.wrongShown++
}

async function breakOnce(
  breakage: Breakage,
  { fixture, crowd, device, others, lifeSeconds }: Scene,
  tally: Tally,
): Promise<void> {
  const brokenMs = performance.now()
  const isBroken = ({ startedMs }: Exchange): boolean => startedMs >= brokenMs
  const [answeredBefore, refusedBefore] = [crowd.answered.length, crowd.refused.length]
  const outage = STILL_GOOD.has(breakage)
    ? wait(lifeSeconds * 1_000)
    : crowd
        .until((exchange) => isBroken(exchange) && exchange.reply.status === 503, lifeSeconds * 1_000 + OUTAGE_MS)
        .catch(() => {})
  device.breakDown(breakage, others)
  await outage
  await watch(fixture, 400, tally)
  device.heal()
  const healedMs = performance.now()
  const outageMs = healedMs - brokenMs
  const back = await crowd.until(({ startedMs, reply }) => startedMs >= healedMs && reply.status === 200)
  const healMs = back.endedMs - healedMs
  // The deadline of a call that never ends is at most twice as long as what was waited before it.
  if (healMs > (breakage === 'lost' ? HEAL_TARGET_MS + 2 * outageMs : HEAL_TARGET_MS)) tally.lateHeals++
  tally.rounds++
  tally.rode += crowd.answered
    .slice(answeredBefore)
    .filter(({ endedMs, ...rest }) => isBroken({ endedMs, ...rest }) && endedMs < healedMs).length
  tally.slowestHealMs = Math.max(tally.slowestHealMs, healMs)
  for (const { reply, startedMs, endedMs } of crowd.refused.slice(refusedBefore)) {
    tally.slowestRefusalMs = Math.max(tally.slowestRefusalMs, endedMs - startedMs)
    if (JSON.parse(reply.text).error?.code !== 'evidence_unavailable') tally.wrongRefusals++
  }
}

interface Scene {
  readonly fixture: GatewayFixture
  readonly crowd: Crowd
  readonly device: ReturnType<typeof breakableDevice>
  readonly others: Quoter
  readonly lifeSeconds: number
}

/** Receipts that were signed while no verified evidence of their session was in force. */
function unattested({ answered }: Crowd, { verified }: JudgedEvidence): number {
  const isVouchedFor = ({ receipt, startedMs, endedMs }: Exchange): boolean => {
    const { session, iat } = decodeReceipt(receipt).claims
    // Evidence is asked for at admission, `iat` is of the end: in whole seconds, and as much later as the exchange took.
    const latest = Math.max(1, Math.ceil((endedMs - startedMs) / 1000))
    return verified.some(
      ({ sessionDigest, statement }) =>
        sessionDigest === session && statement.iat <= iat && iat <= statement.exp + latest,
    )
  }
  return answered.filter((exchange) => !isVouchedFor(exchange)).length
}

async function breakDevice(breakage: Breakage, run: FaultRun): Promise<FaultResult> {
  const device = breakableDevice(run.pick)
  const lifeSeconds = run.short ? LIFE_SECONDS.short : LIFE_SECONDS.full
  const quoting = { intervalMs: 50, deadlineMs: 500, statementLifeSeconds: lifeSeconds, batchSize: 1_000 }
  const fixture = await startFixture({ quoter: device.wrap, operational: { quoting } })
  const others = await otherSoftware(fixture)
  const crowd = startCrowd(fixture, { clients: 2, pauseMs: 20 })
  const tally: Tally = {
    rounds: 0,
    rode: 0,
    slowestRefusalMs: 0,
    slowestHealMs: 0,
    lateHeals: 0,
    wrongRefusals: 0,
    wrongShown: 0,
  }
  try {
    await crowd.until(({ reply }) => reply.status === 200)
    for (let round = 0; round < run.rounds({ short: 1, full: 20 }); round++) {
      await breakOnce(breakage, { fixture, crowd, device, others, lifeSeconds }, tally)
      run.progress(`${breakage}: ${round + 1} times`)
    }
  } finally {
    await crowd.stop()
    device.heal()
    await fixture.stop()
  }
  const evidence = await judgeStoredEvidence(createFileStore(fixture.dataDir), fixture.gateway.log.id, fixture.trust)
  rmSync(fixture.dataDir, { recursive: true, force: true })
  return resultOf(breakage, tally, { crowd, evidence })
}

interface Judged {
  readonly crowd: Crowd
  readonly evidence: JudgedEvidence
}

function resultOf(breakage: Breakage, tally: Tally, { crowd, evidence }: Judged): FaultResult {
  const { rounds, rode, slowestRefusalMs, slowestHealMs, lateHeals, wrongRefusals, wrongShown } = tally
  const { answered, refused, failed } = crowd
  const { verified, refused: wrong } = evidence
  const unattestedCount = unattested(crowd, evidence)
  const isOutage = !STILL_GOOD.has(breakage)
  return {
    figure: `${breakage}, ${rounds} time(s): ${answered.length} answered, ${rode} of them meanwhile, ${unattestedCount} without verified evidence in force; ${refused.length} refused, slowest after ${Math.round(slowestRefusalMs)} ms, ${wrongRefusals} for another reason; ${failed} other answers; ${verified.length} records verify, ${wrong.length} do not${wrong[0] === undefined ? '' : ` (${wrong[0]})`}, ${wrongShown} wrong ones shown; back after ${Math.round(slowestHealMs)} ms`,
    target: `0 without evidence, 0 wrong ones used, kept or shown; rides what is in force, else 503 within ${REFUSAL_TARGET_MS} ms; back within ${HEAL_TARGET_MS} ms${breakage === 'lost' ? ' and twice the outage' : ''}`,
    ok:
      unattestedCount + wrongRefusals + failed + wrong.length + wrongShown + lateHeals === 0 &&
      slowestRefusalMs <= REFUSAL_TARGET_MS &&
      rode > 0 &&
      verified.length > 0 &&
      (isOutage ? refused.length > 0 : refused.length === 0),
  }
}

await runFault(async (run) => {
  // Their devices are broken at once: they wait more than they work.
  await testPki()
  return Promise.all(BREAKAGES.map((breakage) => breakDevice(breakage, run)))
})
