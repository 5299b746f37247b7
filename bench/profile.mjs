/** Where a process spends its time: a CPU profile of a stretch of its run, and the functions that are heaviest in their own code. */
import { Session } from 'node:inspector/promises'

const session = new Session()
const SAMPLE_MICROS = 200
/** Idle time, and the call into the inspector that starts the profile. */
const NOT_THE_PROGRAMS = ['(idle)', 'dispatch']

export async function startProfile() {
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROS })
  await session.post('Profiler.start')
}

function nameOf({ functionName, url, lineNumber }) {
  const file = url.replace(/^.*\/(dist|node_modules|bench)\//, '$1/')
  return `${functionName || '(anonymous)'}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`
}

/** Ends the profile. @returns microseconds of the main thread in each function's own code, the heaviest first */
export async function stopProfile() {
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const micros = new Map()
  profile.samples.forEach((id, i) => {
    const name = names.get(id)
    micros.set(name, (micros.get(name) ?? 0) + profile.timeDeltas[i])
  })
  for (const name of NOT_THE_PROGRAMS) micros.delete(name)
  return [...micros].map(([name, own]) => ({ name, own })).sort((a, b) => b.own - a.own)
}
