// Runs what may notice a step in threads: each vector and test once with all steps, then for each step those in which it failed.
import { Worker } from 'node:worker_threads'

const THREADS = 2
/** Of the tests in which a step fails, the quickest are tried. */
const MOST_TESTS = 24

function ask(worker, job) {
  return new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`a thread ended with ${code} at ${JSON.stringify(job)}`))
    worker.once('error', reject)
    worker.once('exit', ended)
    worker.once('message', (answer) => {
      worker.off('error', reject)
      worker.off('exit', ended)
      resolve(answer)
    })
    worker.postMessage(job)
  })
}

/** @param workerData addresses of the bundles */
export function createPool(workerData) {
  const workers = Array.from(
    { length: THREADS },
    () => new Worker(new URL('worker.mjs', import.meta.url), { workerData, stdout: true }),
  )
  return {
    /** Answers in the order of the jobs. */
    run: async (jobs) => {
      const waiting = [...jobs.entries()]
      const answers = []
      const work = async (worker) => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
          answers[next[0]] = await ask(worker, next[1])
      }
      await Promise.all(workers.map(work))
      return answers
    },
    end: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}

function byStep(entries) {
  const found = new Map()
  for (const { failed, ...entry } of entries) for (const id of failed) found.set(id, [...(found.get(id) ?? []), entry])
  return (id) => found.get(id) ?? []
}

/** @returns the vector of each step that one notices, and how many there are */
export async function judgeByVectors(pool, steps) {
  const [survey] = await pool.run([{ kind: 'survey' }])
  const wrong = survey.filter(({ wanted, seen }) => wanted !== seen)
  if (wrong.length > 0)
    throw new Error(`with all steps, ${wrong.map(({ name, seen }) => `${name} gives ${seen}`).join(', ')}`)
  const candidates = byStep(survey)
  const jobs = steps.map(({ id }) => ({ kind: 'takeOut', id, vectors: candidates(id).map(({ name }) => name) }))
  return { vectors: survey.length, noticed: await pool.run(jobs) }
}

/** The same with the tests of `files`. */
export async function judgeByTests(pool, steps, files) {
  const survey = (await pool.run(files.map((file) => ({ kind: 'surveyTests', file })))).flat()
  const passing = survey.filter(({ passed }) => passed).sort((one, other) => one.ms - other.ms)
  const candidates = byStep(passing)
  const jobs = steps.map(({ id }) => ({ kind: 'takeOutOfTests', id, tests: candidates(id).slice(0, MOST_TESTS) }))
  return { tests: passing.length, unfit: survey.length - passing.length, noticed: await pool.run(jobs) }
}
