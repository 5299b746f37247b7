/**
 * A full disk: no space on data, on sync, on rename, and a small file system that really fills up. Nothing is acknowledged that is not there,
 * what is stored stays readable, and the log goes on by itself when there is space again. @module
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ReceiptLog } from '../../src/server/log/index.ts'
import { diskError, MemoryFiles, type Step } from '../kit/memory-files.ts'
import { createMemoryStore } from '../kit/memory-store.ts'
import { ridOf, startFixture, verifyGradeQuoted, verifySigned } from '../server/gateway/gateway-fixture.ts'
import type { Reply } from '../server/gateway/http-client.ts'
import { startCrowd } from './crowd.ts'
import { type FaultResult, type FaultRun, runFault } from './fault.ts'
import { type FillableDisk, memoryDisk, mountDisk } from './full-disk.ts'
import { findBroken, findBrokenOn, morning, nothingPromised, openLog, publish, request } from './log-morning.ts'
import { digestOf, readHistory } from './stored-history.ts'

const HEAL_TARGET_MS = 1_000
const FULL_MS = 20
/** What waits for space is left to wait. */
const LET_GO_MS = 300
const SEALED = new Uint8Array(3_000).fill(1)

const KINDS: Readonly<Record<string, readonly Step['operation'][]>> = {
  data: ['write'],
  sync: ['sync'],
  rename: ['rename', 'link', 'create'],
}

interface Tally {
  rounds: number
  ended: number
  healed: number
  slowestHealMs: number
  readonly broken: string[]
}

/** Space runs out at the given step and is back a little later. */
async function fillMemory(
  from: number,
  operations: readonly Step['operation'][],
  tally: Tally,
  run: FaultRun,
): Promise<void> {
  const files = new MemoryFiles()
  const promised = nothingPromised()
  let isFull = false
  let backAtMs: number | undefined
  files.onStep = ({ operation, path }, count) => {
    if (count === from) {
      isFull = true
      // Space comes back while whoever met the full disk waits or has given up.
      setTimeout(() => {
        isFull = false
        backAtMs = performance.now()
      }, FULL_MS)
    }
    if (isFull && operations.includes(operation)) throw diskError('ENOSPC', path)
  }
  tally.rounds++
  const log = await openLog(createMemoryStore(files)).catch(() => undefined)
  await (log === undefined ? undefined : morning(log, promised).catch(() => {}))
  if (log !== undefined && (await goesOn(log, 1_500))) {
    tally.healed++
    tally.slowestHealMs = Math.max(tally.slowestHealMs, performance.now() - (backAtMs ?? performance.now()))
  } else if (log === undefined || log.failure !== undefined) tally.ended++
  else tally.broken.push(`step ${from}: the log neither ended nor went on`)
  await log?.close().catch(() => {})
  const [broken] = await findBroken(
    files.afterCrash(() => run.pick(2) === 0),
    promised,
  )
  if (broken !== undefined) tally.broken.push(`step ${from}: ${broken}`)
}

/** Asks again and again, as clients do, until the log answers or has ended. */
async function goesOn(log: ReceiptLog, forMs: number): Promise<boolean> {
  const promised = nothingPromised()
  const untilMs = performance.now() + forMs
  for (let n = 900; performance.now() < untilMs && log.failure === undefined; n++) {
    const isWell = await request(log, n, promised)
      .then(() => publish(log, promised))
      .then(
        () => true,
        () => false,
      )
    if (isWell) return true
    await wait(5)
  }
  return false
}

async function fillEverywhere(run: FaultRun): Promise<readonly FaultResult[]> {
  const first = new MemoryFiles()
  await morning(await openLog(createMemoryStore(first)), nothingPromised())
  const results: FaultResult[] = []
  for (const [kind, operations] of Object.entries(KINDS)) {
    const tally: Tally = { rounds: 0, ended: 0, healed: 0, slowestHealMs: 0, broken: [] }
    for (let step = 1; step <= first.steps.length; step += run.short ? 9 : 1) {
      await fillMemory(step, operations, tally, run)
      run.progress(`${kind}: step ${step} of ${first.steps.length}`)
    }
    const [example] = tally.broken
    results.push({
      figure: `no space on ${kind} at ${tally.rounds} steps: ${tally.healed} went on (slowest ${Math.round(tally.slowestHealMs)} ms), ${tally.ended} ended the boot, ${tally.broken.length} broken promises${example === undefined ? '' : ` (${example})`}`,
      target: `0 broken promises; goes on within ${HEAL_TARGET_MS} ms, or the boot ends`,
      ok: tally.broken.length === 0 && tally.slowestHealMs <= HEAL_TARGET_MS && tally.healed > 0,
    })
  }
  return results
}

/** One log on it, until it refuses; what is admitted waits, a checkpoint too, and all goes on when there is space. */
async function fillForReal(run: FaultRun): Promise<FaultResult> {
  const target = `0 acknowledged losses, goes on within ${HEAL_TARGET_MS} ms of space`
  const disk = mountDisk(join(run.scratch, 'log'), 8)
  if (disk === undefined)
    return { figure: 'no file system filled up: mounting is not permitted here', target, ok: true }
  try {
    const promised = nothingPromised()
    const log = await openLog(disk.store, { options: { reserveStep: 65_536 } })
    await request(log, 0, promised)
    disk.fill()
    let refused = 0
    const waiting: Promise<void>[] = []
    for (let n = 1; n < 4_000 && refused === 0; n++) {
      const going = request(log, n, promised, SEALED).catch(() => {
        refused++
      })
      waiting.push(going)
      await Promise.race([going, wait(LET_GO_MS)])
    }
    const answered = promised.entries.length
    const checkpoint = log.checkpoint()
    disk.free()
    const fromMs = performance.now()
    await Promise.all(waiting)
    const { size } = await checkpoint
    const isWell = await goesOn(log, 1_500)
    const healMs = performance.now() - fromMs
    await log.close()
    const [broken] = await findBrokenOn(disk.store, promised)
    return {
      figure: `${disk.kind} filled up: ${answered} answered, ${refused} refused, ${waiting.length} asked, went on ${Math.round(healMs)} ms after there was space with a checkpoint of ${size}${broken === undefined ? '' : `; ${broken}`}`,
      target,
      ok: isWell && broken === undefined && refused > 0 && size > 0 && healMs <= HEAL_TARGET_MS,
    }
  } finally {
    disk.release()
  }
}

/** A whole gateway on a disk that fills up under its clients. */
async function fillUnderGateway(disk: FillableDisk, run: FaultRun): Promise<FaultResult> {
  const fixture = await startFixture({ deps: { store: disk.store } })
  const crowd = startCrowd(fixture, { clients: 8, pauseMs: 10 })
  const fullMs = run.short ? 1_000 : 10_000
  let stale = 0
  let asked = 0
  let healMs = Number.POSITIVE_INFINITY
  try {
    const early = await crowd.until(({ reply }) => reply.status === 200)
    await verifyGradeQuoted(
      fixture,
      await verifySigned(fixture, { request: crowd.request, reply: early.reply }),
      ridOf(early.reply),
    )
    const paths = [
      `/v1/receipts/${ridOf(early.reply)}/proof`,
      `/v1/receipts/${ridOf(early.reply)}`,
      `/log/${fixture.gateway.log.id}/checkpoint`,
    ]
    disk.fill()
    const refusal = await crowd.until(({ reply }) => reply.status === 503)
    for (const fromMs = performance.now(); performance.now() - fromMs < fullMs; await wait(50))
      for (const path of paths) {
        asked++
        if ((await fixture.get(path)).status !== 200) stale++
      }
    disk.free()
    const freedMs = performance.now()
    const first = await crowd.until(({ reply, startedMs }) => startedMs >= freedMs && reply.status === 200)
    healMs = first.endedMs - freedMs
    run.progress(`${disk.kind}: refused with ${refusal.reply.text}`)
  } finally {
    await crowd.stop()
    await fixture.stop()
    rmSync(fixture.dataDir, { recursive: true, force: true })
  }
  const { answered, refused, failed } = crowd
  const { places } = await readHistory(disk.store)
  const lost = answered.filter(({ receipt }) => places.get(digestOf(receipt)) !== 1).length
  const released = refused.filter(({ reply }) => !isRefusal(reply)).length
  const boots = fixture.lines.filter(({ event }) => event === 'boot').length
  return {
    figure: `a gateway on ${disk.kind} that filled up: ${answered.length} answered, ${lost} of them without their receipt, ${refused.length} refused with 503, ${released} of them not before anything was released, ${failed} other answers, ${asked} proofs and receipts asked for meanwhile, ${stale} not served, went on ${Math.round(healMs)} ms after there was space, ${boots} boot(s)`,
    target: `0 lost, 0 released, 0 other answers, 0 not served, goes on within ${HEAL_TARGET_MS} ms`,
    ok: lost + released + failed + stale === 0 && refused.length > 0 && asked > 0 && healMs <= HEAL_TARGET_MS,
  }
}

function isRefusal({ headers, text }: Reply): boolean {
  return headers['inference-receipt'] === undefined && JSON.parse(text).error?.type === 'service_unavailable'
}

async function fillGateways(run: FaultRun): Promise<readonly FaultResult[]> {
  const results = [await fillUnderGateway(memoryDisk(), run)]
  const disk = mountDisk(join(run.scratch, 'gateway'), 24)
  // Where none may be mounted the one in memory decides, and the line of the log's says why.
  if (disk === undefined) return results
  try {
    return [...results, await fillUnderGateway(disk, run)]
  } finally {
    disk.release()
  }
}

await runFault(async (run) => [...(await fillEverywhere(run)), await fillForReal(run), ...(await fillGateways(run))])
