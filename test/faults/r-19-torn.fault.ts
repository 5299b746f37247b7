/**
 * Torn writes: the write-ahead log cut, zeroed and garbled at every octet of its last three groups, and crashes that keep random subsets of
 * what was not synced, names included. It always opens to what was synced, and never takes a garbled group in. @module
 */
import { recoverLog } from '../../src/server/log/index.ts'
import { scanWal } from '../../src/server/log/wal-scan.ts'
import { MemoryFiles } from '../kit/memory-files.ts'
import { createMemoryStore, memoryPath } from '../kit/memory-store.ts'
import { type FaultResult, type FaultRun, runFault } from './fault.ts'
import { findBroken, LOG_ID, morning, nothingPromised, openLog } from './log-morning.ts'

/** Octets of the mark that ends a group. */
const END_MARK = 4
const START = { size: 0, counts: { intents: 0, receipts: 0, open: 0 } }

interface Group {
  readonly offset: number
  /** Where its sealed octets begin. */
  readonly sealed: number
  readonly end: number
  /** Leaves with this group. */
  readonly size: number
}

/** A log whose last segment holds at least three groups, and where they stand. */
async function writeGroups(): Promise<{
  readonly files: MemoryFiles
  readonly path: string
  readonly groups: readonly Group[]
}> {
  const files = new MemoryFiles()
  const store = createMemoryStore(files)
  const log = await openLog(store, { options: { reserveStep: 4_096, memtableSize: 1_000 } })
  await morning(log, nothingPromised())
  await log.close()
  const starts: { offset: number; sealed: number; size: number }[] = []
  await scanWal(store, LOG_ID, {
    from: 0,
    visit: ({ place, layout, firstIndex, entries }) => {
      starts.push({ offset: place.offset, sealed: place.offset + layout.sealed, size: firstIndex + entries })
      return undefined
    },
  })
  const path = memoryPath(`private/${LOG_ID}/wal/0`)
  const octets = files.read(path) ?? new Uint8Array(0)
  let end = octets.length
  while (octets[end - 1] === 0) end--
  const groups = starts.map(({ offset, sealed, size }, i) => ({
    offset,
    sealed,
    size,
    end: starts[i + 1]?.offset ?? end,
  }))
  return { files, path, groups }
}

const DAMAGES: Readonly<Record<string, (octets: Uint8Array, at: number) => Uint8Array>> = {
  cut: (octets, at) => octets.slice(0, at),
  zeroed: (octets, at) => octets.slice().fill(0, at),
  garbled: (octets, at) => {
    const copy = octets.slice()
    copy[at] = (copy[at] ?? 0) ^ 0x55
    return copy
  },
}

async function tearEveryOctet(run: FaultRun): Promise<FaultResult> {
  const { files, path, groups } = await writeGroups()
  const octets = files.read(path) ?? new Uint8Array(0)
  const last = groups.slice(-3)
  const from = last[0]?.offset ?? 0
  const to = last.at(-1)?.end ?? 0
  let places = 0
  let wrong = 0
  for (let at = from; at < to; at += run.short ? 3 : 1) {
    // Groups that end at or before the damage were synced and must be there; the one that is hit must not.
    const kept = groups.filter(({ end }) => end <= at).at(-1)?.size ?? 0
    const whole = groups.at(-1)?.size ?? 0
    const isSealed = groups.some(({ sealed, end }) => sealed <= at && at < end)
    for (const [name, damage] of Object.entries(DAMAGES)) {
      files.put(path, damage(octets, at))
      const { size } = await recoverLog(createMemoryStore(files), LOG_ID, START)
      places++
      // One flipped bit of a seal is no torn write: the leaf stays, and whoever opens or scrubs the seal sees it.
      const expected = name === 'garbled' && isSealed ? whole : kept
      // With nothing but its end mark lost a group is whole.
      const isWhole = groups.some(({ end, size: leaves }) => end - END_MARK <= at && at < end && leaves === size)
      if (size !== expected && !isWhole) wrong++
    }
    run.progress(`tearing: octet ${at - from} of ${to - from}`)
  }
  return {
    figure: `${places} tears over ${to - from} octets of the last 3 groups, ${wrong} opened to another prefix`,
    target: '0 synced groups dropped, 0 damaged ones taken in',
    ok: wrong === 0 && places > 0,
  }
}

async function crashAnywhere(run: FaultRun): Promise<FaultResult> {
  const crashes = run.short ? 150 : 3_000
  let broken = 0
  let kept = 0
  const first = new MemoryFiles()
  await morning(await openLog(createMemoryStore(first)), nothingPromised())
  const steps = first.steps.length
  const examples: string[] = []
  for (let crash = 0; crash < crashes; crash++) {
    const files = new MemoryFiles()
    const promised = nothingPromised()
    const lastStep = 1 + run.pick(steps)
    const ended = new Promise<void>((resolve) => {
      files.onStep = (_, count) => {
        if (count < lastStep) return undefined
        resolve()
        return new Promise<void>(() => {})
      }
    })
    const going = openLog(createMemoryStore(files)).then((log) => morning(log, promised))
    await Promise.race([going, ended])
    const chance = run.pick(4)
    const disk = files.afterCrash(() => run.pick(4) < chance, {
      size: run.pick(2) === 0 ? 'written' : 'synced',
      names: run.pick(2) === 0 ? 'synced' : 'all',
    })
    const found = await findBroken(disk, promised)
    if (found.length > 0) {
      broken++
      examples.push(`step ${lastStep}: ${found[0]}`)
    } else kept++
    if (crash % 50 === 0) run.progress(`crashing: ${crash} of ${crashes}`)
  }
  return {
    figure: `${crashes} crashes at random steps of ${steps} with random subsets of unsynced octets and names: ${kept} kept every promise, ${broken} did not${examples.length > 0 ? ` (${examples[0]})` : ''}`,
    target: '0 acknowledged losses, 0 torn states',
    ok: broken === 0,
  }
}

await runFault(async (run) => [await tearEveryOctet(run), await crashAnywhere(run)])
