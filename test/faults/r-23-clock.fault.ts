/**
 * The host's clock jumps, stops and goes back under traffic and between boots: log time never goes back, all evidence verifies as of its own
 * time, deadlines keep to the monotonic clock, and the gateway answers all along. @module
 */
import { rmSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { decodeReceipt } from '../../src/core/receipt/receipt.ts'
import { createFileStore } from '../../src/storage/index.ts'
import { ask, type GatewayFixture, PLAIN_MODEL, startFixture } from '../server/gateway/gateway-fixture.ts'
import { CHAT_COMPLETION, json } from '../server/upstream/mock-answers.ts'
import { type Crowd, startCrowd } from './crowd.ts'
import { type FaultResult, type FaultRun, runFault } from './fault.ts'
import { BEGINNINGS, createHostClock, type HostClock, TRICKS, type Trick } from './host-clock.ts'
import { type JudgedEvidence, judgeStoredEvidence } from './stored-evidence.ts'

const BACK_TARGET_MS = 1_000
/** Of the model server's first octet; an answer later than this has gone by another clock. */
const FIRST_BYTE_MS = 1_000
/** Of such an answer, behind its time. */
const LATE_MS = 1_000
const STALLS = 'stalls'

interface Tally {
  tricks: number
  /** The longest time in which nobody was answered. */
  longestGapMs: number
  slowestBackMs: number
  deadlines: number
  wrongDeadlines: number
}

/** One boot and what is left of it. */
interface Morning {
  readonly crowd: Crowd
  readonly evidence: JudgedEvidence
}

async function judgeDeadline({ fixture }: Scene, tally: Tally): Promise<void> {
  const body = ask(PLAIN_MODEL, { user: STALLS })
  let fromMs = performance.now()
  let { status } = await fixture.chat(body)
  // An hour ahead the evidence of before has expired: for a moment nobody is let in.
  for (const untilMs = fromMs + BACK_TARGET_MS; status === 503 && performance.now() < untilMs; ) {
    await wait(20)
    fromMs = performance.now()
    status = (await fixture.chat(body)).status
  }
  const tookMs = performance.now() - fromMs
  tally.deadlines++
  // The clock that counts is the timers': they may fire a millisecond early by this one.
  if (status !== 504 || tookMs < FIRST_BYTE_MS - 5 || tookMs > FIRST_BYTE_MS + LATE_MS) tally.wrongDeadlines++
}

async function play(trick: Trick, scene: Scene, forMs: number, tally: Tally): Promise<void> {
  const { clock, crowd } = scene
  const deadline = judgeDeadline(scene, tally)
  const fromMs = performance.now()
  for (let call = 0; performance.now() - fromMs < forMs; call++) {
    trick(clock, call)
    await wait(20)
  }
  clock.mend()
  const mendedMs = performance.now()
  const back = await crowd.until(({ startedMs, reply }) => startedMs >= mendedMs && reply.status === 200)
  tally.slowestBackMs = Math.max(tally.slowestBackMs, back.endedMs - mendedMs)
  tally.tricks++
  await deadline
}

interface Scene {
  readonly clock: HostClock
  readonly fixture: GatewayFixture
  readonly crowd: Crowd
}

interface Beginning {
  readonly clock: HostClock
  readonly dataDir: string | undefined
  readonly tricks: readonly (readonly [string, Trick])[]
}

async function runMorning(
  { clock, dataDir, tricks }: Beginning,
  run: FaultRun,
  tally: Tally,
): Promise<Morning & { dataDir: string }> {
  const fixture = await startFixture({
    deps: { clock },
    timeouts: { firstByteMs: FIRST_BYTE_MS },
    answer: ({ body }) => (new TextDecoder().decode(body).includes(STALLS) ? ['hang'] : json(CHAT_COMPLETION)),
    ...(dataDir === undefined ? {} : { dataDir }),
  })
  const crowd = startCrowd(fixture, { clients: 4, pauseMs: 20 })
  const forMs = run.short ? FIRST_BYTE_MS : 5_000
  try {
    await crowd.until(({ reply }) => reply.status === 200)
    for (const [name, trick] of tricks) {
      await play(trick, { clock, fixture, crowd }, forMs, tally)
      run.progress(`${name}: ${crowd.answered.length} answered, ${crowd.refused.length} refused`)
    }
  } finally {
    await crowd.stop()
    await fixture.stop()
  }
  const ends = crowd.answered.map(({ endedMs }) => endedMs).sort((a, b) => a - b)
  for (const [i, end] of ends.entries()) tally.longestGapMs = Math.max(tally.longestGapMs, end - (ends[i - 1] ?? end))
  const store = createFileStore(fixture.dataDir)
  const evidence = await judgeStoredEvidence(store, fixture.gateway.log.id, fixture.trust)
  return { crowd, evidence, dataDir: fixture.dataDir }
}

/** Steps back: of receipts by their place, of statements, of sessions, and from a boot to the next. */
function countStepsBack(mornings: readonly Morning[]): number {
  let back = 0
  let last = 0
  const see = (iat: number): void => {
    if (iat < last) back++
    last = iat
  }
  for (const { crowd, evidence } of mornings) {
    const claims = crowd.answered.map(({ receipt }) => decodeReceipt(receipt).claims).sort((a, b) => a.seq - b.seq)
    const statements = evidence.verified.map(({ statement }) => statement.iat)
    const session = evidence.verified[0]?.session.iat ?? 0
    const before = last
    for (const iats of [claims.map(({ iat }) => iat), statements]) {
      last = before
      for (const iat of [session, ...iats]) see(iat)
    }
    last = Math.max(last, ...claims.map(({ iat }) => iat))
  }
  return back
}

async function shakeClock(run: FaultRun): Promise<FaultResult> {
  const clock = createHostClock()
  const tally: Tally = { tricks: 0, longestGapMs: 0, slowestBackMs: 0, deadlines: 0, wrongDeadlines: 0 }
  const first = await runMorning({ clock, dataDir: undefined, tricks: Object.entries(TRICKS) }, run, tally)
  const mornings: Morning[] = [first]
  for (const [name, aheadMs] of Object.entries(BEGINNINGS)) {
    clock.set(aheadMs)
    mornings.push(await runMorning({ clock, dataDir: first.dataDir, tricks: [[name, () => {}]] }, run, tally))
    clock.mend()
  }
  rmSync(first.dataDir, { recursive: true, force: true })
  const sum = (count: (morning: Morning) => number): number =>
    mornings.reduce((total, morning) => total + count(morning), 0)
  const back = countStepsBack(mornings)
  const [answered, refused, failed] = [
    sum(({ crowd }) => crowd.answered.length),
    sum(({ crowd }) => crowd.refused.length),
    sum(({ crowd }) => crowd.failed),
  ]
  const [verified, wrong] = [
    sum(({ evidence }) => evidence.verified.length),
    sum(({ evidence }) => evidence.refused.length),
  ]
  const { tricks, longestGapMs, slowestBackMs, deadlines, wrongDeadlines } = tally
  return {
    figure: `${tricks} tricks over ${mornings.length} boots: ${answered} answered, ${refused} refused, ${failed} other answers, longest gap ${Math.round(longestGapMs)} ms; log time went back ${back} times over ${verified} statements; ${wrong} records do not verify at their own time; ${wrongDeadlines} of ${deadlines} deadlines missed; answers ${Math.round(slowestBackMs)} ms after the clock was right`,
    target: `0 times back, 0 that do not verify, 0 deadlines missed, 0 other answers, no gap over ${BACK_TARGET_MS} ms, answers within ${BACK_TARGET_MS} ms`,
    ok:
      back + wrong + failed + wrongDeadlines === 0 &&
      answered > 0 &&
      verified > mornings.length &&
      longestGapMs <= BACK_TARGET_MS &&
      slowestBackMs <= BACK_TARGET_MS,
  }
}

await runFault(shakeClock)
