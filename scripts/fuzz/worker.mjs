// A thread that does one job at a time. Bundled before it runs: see ../bundle.mjs.
import { parentPort, workerData } from 'node:worker_threads'
import { listDecoders } from './decoders.mjs'
import { perform, replay } from './job.mjs'
import { readSamples } from './samples.mjs'
import { listVerifiers } from './verifiers.mjs'

const targets = new Map([...listDecoders(readSamples()), ...listVerifiers()].map((target) => [target.name, target]))

if (workerData.kind === 'list')
  parentPort.postMessage([...targets.values()].map(({ name, decode }) => ({ name, verifies: decode === undefined })))
else if (workerData.kind === 'replay')
  parentPort.postMessage(await replay(targets.get(workerData.name), new Uint8Array(Buffer.from(workerData.hex, 'hex'))))
else
  parentPort.on('message', async ({ name, ...job }) => {
    parentPort.postMessage({ name, tally: await perform(targets.get(name), job) })
  })
