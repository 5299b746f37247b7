// Threads that take jobs in order until there are none; and a line that shows how far they are.
import { Worker } from 'node:worker_threads'

/** The one answer of a thread that was started for it. */
export function askWorker(file, workerData) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { workerData })
    worker.once('error', reject)
    worker.once('message', (answer) => {
      resolve(answer)
      worker.terminate()
    })
  })
}

/** @param take called with each result, in the order in which they come */
export async function runJobs(file, jobs, { threads, take }) {
  const waiting = [...jobs]
  await Promise.all(Array.from({ length: threads }, () => runThread(file, waiting, take)))
}

function runThread(file, waiting, take) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { workerData: { kind: 'jobs' } })
    const next = () => {
      const job = waiting.shift()
      if (job === undefined) worker.terminate().then(resolve)
      else worker.postMessage(job)
    }
    worker.on('error', reject)
    worker.on('message', (result) => {
      take(result)
      next()
    })
    next()
  })
}

/** On a terminal alone, so that a log holds results only. */
export function createProgress(total) {
  const shows = process.stderr.isTTY === true
  let done = 0
  return {
    add(inputs, name) {
      done += inputs
      if (!shows) return
      const filled = Math.round((30 * done) / total)
      process.stderr.write(
        `\r\u001b[K[${'#'.repeat(filled)}${'.'.repeat(30 - filled)}] ${((100 * done) / total).toFixed(1)} % ${name}`,
      )
    },
    end() {
      if (shows) process.stderr.write('\r\u001b[K')
    },
  }
}
