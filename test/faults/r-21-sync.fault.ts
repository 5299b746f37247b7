/** The k-th sync fails, for every k: the log ends there, its files are not trusted again, and what was acknowledged before is on the disk. @module */
import { diskError, MemoryFiles } from '../kit/memory-files.ts'
import { createMemoryStore } from '../kit/memory-store.ts'
import { type FaultResult, type FaultRun, runFault } from './fault.ts'
import { findBroken, morning, nothingPromised, openLog } from './log-morning.ts'

async function countSyncs(): Promise<number> {
  const files = new MemoryFiles()
  await morning(await openLog(createMemoryStore(files)), nothingPromised())
  return files.steps.filter(({ operation }) => operation === 'sync' || operation === 'syncDirectory').length
}

async function failSync(k: number, run: FaultRun): Promise<string | undefined> {
  const files = new MemoryFiles()
  const promised = nothingPromised()
  let syncs = 0
  files.onStep = ({ operation, path }) => {
    if (operation !== 'sync' && operation !== 'syncDirectory') return
    if (++syncs === k) throw diskError('EIO', path)
  }
  const failed = await openLog(createMemoryStore(files))
    .then(async (log) => {
      await morning(log, promised).catch(() => {})
      const isOver = log.failure !== undefined
      // A log that goes on must have had no promise to break: only the removal of leftovers may fail unheard.
      return isOver
        ? await log.recordIntent(new Uint8Array(16).fill(9)).then(
            () => false,
            () => true,
          )
        : syncs < k
    })
    .catch(() => true)
  if (!failed) return `sync ${k}: the log went on`
  const disk = files.afterCrash(() => run.pick(2) === 0)
  const [broken] = await findBroken(disk, promised)
  return broken === undefined ? undefined : `sync ${k}: ${broken}`
}

async function failEverySync(run: FaultRun): Promise<FaultResult> {
  const syncs = await countSyncs()
  const faults: string[] = []
  const rounds = run.rounds({ short: 1, full: 20 })
  for (let round = 0; round < rounds; round++) {
    for (let k = 1; k <= syncs; k++) {
      const fault = await failSync(k, run)
      if (fault !== undefined) faults.push(fault)
    }
    run.progress(`round ${round + 1} of ${rounds}`)
  }
  return {
    figure: `EIO on each of ${syncs} syncs, ${rounds} crash(es) each: ${faults.length} broken promises${faults.length > 0 ? ` (${faults[0]})` : ''}`,
    target: 'the log ends, 0 acknowledged losses',
    ok: faults.length === 0 && syncs > 0,
  }
}

await runFault(failEverySync)
