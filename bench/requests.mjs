/** Part 1: unstreamed requests of 1 KB, straight to the mock server, through relays without receipts, and through the gateway. */
import { join } from 'node:path'
import { withRoles } from './child.mjs'
import { closedLoop, connect, wholeTime } from './load.mjs'
import { chatRequest, MODELS } from './payloads.mjs'
import { difference, interleave, median, quantile, ratio } from './statistics.mjs'

const time = wholeTime(chatRequest(MODELS.whole))

/** Everything that is held against each other, by label. */
async function startVariants(start, { pki, scratch, plan }) {
  const { device } = plan
  const mock = await start('upstream', {})
  const upstream = mock.origin
  const gateway = (name, latencyMs, throttle = 'none') =>
    start('gateway', { upstream, pki, latencyMs, throttle, dataDir: join(scratch, name) })
  const others = {}
  for (const latencyMs of plan.requests.otherLatenciesMs)
    others[`gateway, quote in ${latencyMs} ms`] = await gateway(`latency-${latencyMs}`, latencyMs)
  return {
    direct: mock,
    'same stack, no receipt': await start('relay', { upstream, reading: false }),
    'same stack, no receipt, reading as the gateway reads': await start('relay', { upstream, reading: true }),
    gateway: await gateway('gateway', device.latencyMs),
    'gateway, throttled device': await gateway('throttled', device.latencyMs, device.throttle),
    ...others,
  }
}

async function load(role, pool, how) {
  if (role.references !== undefined) await role.call('exhaust')
  const before = await role.usage()
  const { times, perSecond } = await closedLoop(pool, { ...how, time })
  const { cpuMicros } = await role.usage()
  return { times, perSecond, cpu: (cpuMicros - before.cpuMicros) / times.length }
}

/** @returns by label: requests a second and CPU of the process under load, and the time of a request that is alone, round by round */
export function benchRequests(bench) {
  const { rounds, warmMs, warmAnswers, roundMs, lanes, aloneMs } = bench.plan.requests
  return withRoles(async (start) => {
    const roles = await startVariants(start, bench)
    const variants = Object.fromEntries(
      Object.entries(roles).map(([name, role]) => [name, { role, pool: connect(role, lanes) }]),
    )
    const measure =
      (what, how) =>
      ({ role, pool }, name) => {
        bench.progress(`requests: ${what}, ${name}`)
        return load(role, pool, how)
      }
    await interleave(variants, 1, measure('warming up', { lanes, ms: warmMs, least: warmAnswers }))
    const busy = await interleave(variants, rounds, measure(`${lanes} at a time`, { lanes, ms: roundMs }))
    const alone = await interleave(variants, rounds, measure('one at a time', { lanes: 1, ms: aloneMs }))
    for (const { pool } of Object.values(variants)) await pool.destroy()
    return report(busy, alone)
  })
}

function report(busy, alone) {
  const of = (results, field) =>
    Object.fromEntries(Object.entries(results).map(([name, list]) => [name, list.map((result) => result[field])]))
  const perSecond = of(busy, 'perSecond')
  const cpu = of(busy, 'cpu')
  const at = (q) =>
    Object.fromEntries(Object.entries(alone).map(([name, list]) => [name, list.map(({ times }) => quantile(times, q))]))
  const [p50, p99] = [at(0.5), at(0.99)]
  const bare = 'same stack, no receipt'
  return Object.keys(busy).map((name) => ({
    name,
    perSecond: median(perSecond[name]),
    cpuMicros: median(cpu[name]),
    cpuToBare: ratio(cpu[name], cpu[bare]),
    throughputToGateway: ratio(perSecond[name], perSecond.gateway),
    addedP50Ms: difference(p50[name], p50.direct),
    addedP99Ms: difference(p99[name], p99.direct),
  }))
}
