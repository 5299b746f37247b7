/** Two gateways on one folder: exactly one writes, the other ends by itself; and one that is killed makes room for the next. @module */
import { createSimulatedPki, exportPki } from '../../src/simulator/index.ts'
import { createFileStore } from '../../src/storage/index.ts'
import { type FaultResult, type FaultRun, runFault } from './fault.ts'
import { kill, prepareFolder, serveChild, startChild } from './killed-gateway.ts'
import { readHistory } from './stored-history.ts'

async function startTwo(run: FaultRun): Promise<readonly FaultResult[]> {
  const rounds = run.rounds({ short: 2, full: 20 })
  await prepareFolder(run.scratch)
  // Nobody is asked here: the address need not answer.
  const options = { upstream: 'http://127.0.0.1:9', dataDir: run.scratch, pki: exportPki(await createSimulatedPki()) }
  let winners = 0
  let slowestRefusalMs = 0
  for (let round = 0; round < rounds; round++) {
    const started = await Promise.allSettled([startChild(options), startChild(options), startChild(options)])
    const won = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    winners += won.length
    for (const result of started) {
      if (result.status === 'fulfilled') continue
      const { refusedMs } = readRefusal(result.reason)
      slowestRefusalMs = Math.max(slowestRefusalMs, refusedMs)
    }
    for (const gateway of won) await kill(gateway)
    run.progress(`${round + 1} of ${rounds} races`)
  }
  const { logs } = await readHistory(createFileStore(run.scratch))
  return [
    {
      figure: `${rounds} races of 3 gateways: ${winners} winners, ${logs} logs`,
      target: 'one winner a race, one log each',
      ok: winners === rounds && logs === rounds,
    },
    {
      figure: `slowest refusal ${Math.round(slowestRefusalMs)} ms`,
      target: 'at most 1000 ms',
      ok: slowestRefusalMs <= 1_000 && slowestRefusalMs > 0,
    },
  ]
}

function readRefusal(reason: unknown): { readonly refusedMs: number } {
  const found = reason instanceof Error ? /refused after ([0-9.]+) ms/.exec(reason.message) : null
  if (found === null) throw reason
  return { refusedMs: Number(found[1]) }
}

if (process.argv.includes('--child')) await serveChild()
else await runFault(startTwo)
