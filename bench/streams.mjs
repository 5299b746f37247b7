/** Part 2: streams: the added time to the first octet, CPU per event, memory per open stream. */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { withRoles } from './child.mjs'
import { ask, closedLoop, connect, firstByteTime } from './load.mjs'
import { chatRequest, MODELS, PACED_EVENTS } from './payloads.mjs'
import { difference, interleave, median, quantile, ratio } from './statistics.mjs'

const NAMES = {
  direct: 'direct',
  bare: 'same stack, no receipt',
  reading: 'same stack, no receipt, reading as the gateway reads',
  gateway: 'gateway',
}
const SETTLE_MS = 300

async function startGateway(start, upstream, { pki, scratch, plan }, name) {
  return start('gateway', { upstream, pki, latencyMs: plan.device.latencyMs, dataDir: join(scratch, name) })
}

async function startRoles(start, bench, name) {
  const mock = await start('upstream', {})
  const upstream = mock.origin
  return {
    [NAMES.direct]: mock,
    [NAMES.bare]: await start('relay', { upstream, reading: false }),
    [NAMES.reading]: await start('relay', { upstream, reading: true }),
    [NAMES.gateway]: await startGateway(start, upstream, bench, name),
  }
}

/** A portion of streams at once, each to its end: CPU of the process for each event, and how many reads the events came in. */
async function streamOnce(role, lanes) {
  const pool = connect(role, lanes)
  const body = chatRequest(MODELS.paced)
  let reads = 0
  const before = await role.usage()
  const time = (through) => ask(through, body, () => reads++)
  const { times } = await closedLoop(pool, { lanes, time })
  const { cpuMicros } = await role.usage()
  await pool.destroy()
  const events = times.length * PACED_EVENTS
  return { cpu: (cpuMicros - before.cpuMicros) / events, readsPerEvent: reads / events }
}

async function timeFirstBytes(roles, { firstByteMs, rounds }, say) {
  const time = firstByteTime(chatRequest(MODELS.brief))
  const variants = Object.fromEntries(Object.entries(roles).map(([name, role]) => [name, connect(role, 1)]))
  const measure = (pool, name) => {
    say(`first octet, ${name}`)
    return closedLoop(pool, { lanes: 1, ms: firstByteMs, time })
  }
  await interleave(variants, 1, measure)
  const results = await interleave(variants, rounds, measure)
  for (const pool of Object.values(variants)) await pool.destroy()
  return results
}

/** Memory of a fresh process for each of `count` streams that are open and silent. */
async function measureOpen(role, count) {
  const body = chatRequest(MODELS.held)
  const open = async (streams) => {
    const pool = connect(role, streams)
    let begun = 0
    await new Promise((resolve, reject) => {
      for (let i = 0; i < streams; i++)
        ask(pool, body, () => ++begun === streams && resolve()).catch((error) => begun < streams && reject(error))
    })
    await wait(SETTLE_MS)
    return pool
  }
  const warm = await open(Math.ceil(count / 10))
  await warm.destroy()
  await wait(SETTLE_MS)
  const before = await role.usage({ settled: true })
  const pool = await open(count)
  const after = await role.usage({ settled: true })
  await pool.destroy()
  const per = (field) => (after[field] - before[field]) / count / 1024
  return { residentKiB: per('rss'), heapKiB: per('heapUsed') + per('external') }
}

function measureMemory(bench, name) {
  return withRoles(async (start) => {
    const { origin: upstream } = await start('upstream', {})
    const role =
      name === NAMES.gateway
        ? await startGateway(start, upstream, bench, 'held')
        : await start('relay', { upstream, reading: false })
    bench.progress(`streams: open and silent, ${name}`)
    return measureOpen(role, bench.plan.streams.openStreams)
  })
}

export async function benchStreams(bench) {
  const { rounds, warmRounds, lanes } = bench.plan.streams
  const say = (text) => bench.progress(`streams: ${text}`)
  const measured = await withRoles(async (start) => {
    const roles = await startRoles(start, bench, 'streams')
    const firstBytes = await timeFirstBytes(roles, bench.plan.streams, say)
    const { [NAMES.direct]: _, ...relays } = roles
    const measure = (role, name) => {
      say(`${PACED_EVENTS} events, ${name}`)
      return streamOnce(role, lanes)
    }
    await interleave(relays, warmRounds, measure)
    return { firstBytes, events: await interleave(relays, rounds, measure) }
  })
  const memory = { [NAMES.bare]: await measureMemory(bench, NAMES.bare) }
  memory[NAMES.gateway] = await measureMemory(bench, NAMES.gateway)
  return report(measured, memory)
}

function report({ firstBytes, events }, memory) {
  const at = (name, q) => firstBytes[name].map(({ times }) => quantile(times, q))
  const cpu = (name) => events[name].map((result) => result.cpu)
  return Object.values(NAMES).map((name) => ({
    name,
    firstByteP50Ms: median(at(name, 0.5)),
    addedP50Ms: difference(at(name, 0.5), at(NAMES.direct, 0.5)),
    addedP99Ms: difference(at(name, 0.99), at(NAMES.direct, 0.99)),
    ...(events[name] === undefined
      ? {}
      : {
          cpuMicros: median(cpu(name)),
          cpuToBare: ratio(cpu(name), cpu(NAMES.bare)),
          cpuToReading: ratio(cpu(name), cpu(NAMES.reading)),
          readsPerEvent: median(events[name].map(({ readsPerEvent }) => readsPerEvent)),
        }),
    ...memory[name],
  }))
}
