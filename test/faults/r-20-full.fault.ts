/**
 * A full disk: no space on data, on sync, on rename, and a small file system that really fills up. Nothing is acknowledged that is not there,
 * what is stored stays readable, and the log goes on by itself when there is space again. @module
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ReceiptLog } from '../../src/server/log/index.ts'
import { createFileStore } from '../../src/storage/index.ts'
import { diskError, MemoryFiles, type Step } from '../kit/memory-files.ts'
import { createMemoryStore } from '../kit/memory-store.ts'
import { type FaultResult, type FaultRun, runFault } from './fault.ts'
import { findBroken, morning, nothingPromised, openLog, publish, request } from './log-morning.ts'

const HEAL_TARGET_MS = 1_000
const FULL_MS = 20

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
  const isWell =
    log !== undefined &&
    (await morning(log, promised).then(
      () => true,
      () => false,
    )) &&
    (await goesOn(log))
  if (isWell) {
    tally.healed++
    tally.slowestHealMs = Math.max(tally.slowestHealMs, performance.now() - (backAtMs ?? performance.now()))
  } else tally.ended++
  await log?.close().catch(() => {})
  const [broken] = await findBroken(
    files.afterCrash(() => run.pick(2) === 0),
    promised,
  )
  if (broken !== undefined) tally.broken.push(`step ${from}: ${broken}`)
}

async function goesOn(log: ReceiptLog): Promise<boolean> {
  const promised = nothingPromised()
  return request(log, 900, promised)
    .then(() => publish(log, promised))
    .then(
      () => true,
      () => false,
    )
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

/** A file system of a few MiB; undefined where this process may not mount one. */
function mountSmall(folder: string): (() => void) | undefined {
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  return () => execFileSync('umount', [folder], { stdio: 'ignore' })
}

async function fillForReal(run: FaultRun): Promise<FaultResult> {
  const target = `0 acknowledged losses, goes on within ${HEAL_TARGET_MS} ms of space`
  const folder = join(run.scratch, 'small')
  const unmount = mountSmall(folder)
  if (unmount === undefined) return { figure: 'not performed: mounting is not permitted here', target, ok: true }
  try {
    const store = createFileStore(join(folder, 'data'))
    const promised = nothingPromised()
    const log = await openLog(store, { options: { reserveStep: 65_536 } })
    await request(log, 0, promised)
    const ballast = join(folder, 'ballast')
    fill(ballast)
    let refused = 0
    const sealed = new Uint8Array(3_000).fill(1)
    const waiting: Promise<void>[] = []
    for (let n = 1; n < 4_000 && refused === 0; n++) {
      const going = request(log, n, promised, sealed)
      waiting.push(
        going.catch(() => {
          refused++
        }),
      )
      await Promise.race([going.catch(() => {}), wait(300)])
    }
    const { size } = await log.checkpoint().catch(() => ({ size: 0 }))
    rmSync(ballast)
    const fromMs = performance.now()
    await Promise.all(waiting)
    const isWell = await goesOn(log)
    const healMs = performance.now() - fromMs
    const { counts } = log
    await log.close()
    const kept = counts.receipts >= promised.entries.length
    return {
      figure: `a file system of 8 MiB filled up: ${promised.entries.length} answered, ${refused} refused, went on ${Math.round(healMs)} ms after there was space (checkpoint of ${size} meanwhile)`,
      target,
      ok: isWell && kept && refused > 0 && healMs <= HEAL_TARGET_MS,
    }
  } finally {
    unmount()
  }
}

/** Leaves a few blocks, as a disk does that somebody else fills. */
function fill(path: string): void {
  const blocks: Uint8Array[] = []
  for (;;) {
    blocks.push(new Uint8Array(65_536).fill(1))
    try {
      writeFileSync(path, Buffer.concat(blocks))
    } catch {
      writeFileSync(path, Buffer.concat(blocks.slice(0, -2)))
      return
    }
  }
}

await runFault(async (run) => [...(await fillEverywhere(run)), await fillForReal(run)])
