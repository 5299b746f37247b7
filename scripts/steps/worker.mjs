// A thread that runs vectors and tests with a copy of the sources that has switches: all of them once, then some for each step taken out.
import { parentPort, workerData } from 'node:worker_threads'
import { createSwitches } from './switches.mjs'

const switches = createSwitches()
globalThis.countersignSteps = switches
let copies = 0

/** A copy of its own for each step: verifiers remember what they have proven, and one without a step must not teach the next. */
async function freshReplays() {
  const { listReplays } = await import(`${workerData.replays}?copy=${copies++}`)
  return listReplays()
}

async function judge(replay) {
  try {
    return await replay.judge()
  } catch (error) {
    return { wanted: 'a verdict', seen: `throws ${error.constructor.name}` }
  }
}

/** Which steps fail in which vector. */
async function survey() {
  const found = []
  for (const replay of await freshReplays()) {
    switches.turnOff(undefined)
    const { wanted, seen } = await judge(replay)
    found.push({ name: replay.name, wanted, seen, failed: [...switches.failed] })
  }
  return found
}

/** The first vector whose verdict is another without the step. */
async function takeOut({ id, vectors }) {
  if (vectors.length === 0) return { id }
  const all = new Map((await freshReplays()).map((replay) => [replay.name, replay]))
  for (const name of vectors) {
    switches.turnOff(id)
    const { wanted, seen } = await judge(all.get(name))
    if (seen !== wanted) return { id, vector: name, wanted, seen }
  }
  return { id }
}

/** The tests of a file in a copy of its own, made ready to run. */
async function loadTests(file) {
  const { files, vitest } = await import(`${workerData.tests}?copy=${copies++}`)
  vitest.startFile()
  await files[file]()
  const { tests, before } = vitest.collected
  for (const prepare of before) await prepare()
  return tests
}

async function passes({ run }) {
  try {
    await run()
    return true
  } catch {
    return false
  }
}

/** Which steps fail in which test of a file. Tests that do not pass here need what only their runner gives. */
async function surveyTests({ file }) {
  const found = []
  switches.turnOff(undefined)
  for (const test of await loadTests(file)) {
    switches.turnOff(undefined)
    const started = performance.now()
    const passed = await passes(test)
    found.push({ file, name: test.name, passed, ms: performance.now() - started, failed: [...switches.failed] })
  }
  return found
}

/** The first test that fails without the step. */
async function takeOutOfTests({ id, tests }) {
  for (const { file, name } of tests) {
    switches.turnOff(undefined)
    const test = (await loadTests(file)).find((candidate) => candidate.name === name)
    switches.turnOff(id)
    if (test !== undefined && !(await passes(test))) return { id, test: `${file}: ${name}` }
  }
  return { id }
}

const JOBS = { survey, takeOut, surveyTests, takeOutOfTests }

parentPort.on('message', async ({ kind, ...job }) => {
  parentPort.postMessage(await JOBS[kind](job))
})
