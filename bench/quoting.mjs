/** Part 4: how long a receipt waits for the first quoted checkpoint that covers it, at a set rate of answers. */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { withRoles } from './child.mjs'
import { closedLoop, connect, openLoop, wholeTime } from './load.mjs'
import { chatRequest, MODELS } from './payloads.mjs'
import { interleave, median, quantile, ratio } from './statistics.mjs'

const CONNECTIONS = 128
const POLL_MS = 50
/** For the quote itself and its verification, beyond the interval that the device allows. */
const GRACE_MS = 500

/** Place of a receipt among the receipts of its log. */
function seqOf(headers) {
  const [, payload] = headers['inference-receipt'].split('.')
  return JSON.parse(Buffer.from(payload, 'base64url')).seq
}

/** Resolves with the quotes when one covers `receipts`, or when the time is up. */
async function quotesCovering(gateway, receipts, deadlineMs) {
  for (;;) {
    const quotes = await gateway.call('quotes')
    if ((quotes.at(-1)?.receipts ?? 0) >= receipts || performance.now() > deadlineMs) return quotes
    await wait(POLL_MS)
  }
}

/** For each answer the milliseconds until a quote covered it, or undefined. */
function delaysOf(answers, quotes) {
  return answers.map(({ atMicros, headers }) => {
    const seq = seqOf(headers)
    const first = quotes.find(({ receipts }) => seq < receipts)
    return first === undefined ? undefined : (first.atMicros - atMicros) / 1000
  })
}

function measureDevice(bench, { name, throttle }) {
  const { rate, warmAnswers, loadMs, stallMs } = bench.plan.quoting
  const { latencyMs, intervalMs } = bench.plan.device
  return withRoles(async (start) => {
    const { origin: upstream } = await start('upstream', {})
    const dataDir = join(bench.scratch, name.replaceAll(/\W/g, '-'))
    const gateway = await start('gateway', { upstream, pki: bench.pki, latencyMs, throttle, intervalMs, dataDir })
    const pool = connect(gateway, CONNECTIONS)
    const body = chatRequest(MODELS.whole)
    bench.progress(`quoting: ${name}, ${rate} answers a second`)
    await closedLoop(pool, { lanes: 64, least: warmAnswers, time: wholeTime(body) })
    await gateway.call('exhaust')
    const { answers, perSecond } = await openLoop(pool, { rate, ms: loadMs, body })
    await pool.destroy()
    const allowedMs = throttle === 'none' ? intervalMs : intervalMs + stallMs
    bench.progress(`quoting: ${name}, waiting for the last quote`)
    const receipts = Math.max(...answers.map(({ headers }) => seqOf(headers))) + 1
    const quotes = await quotesCovering(gateway, receipts, performance.now() + allowedMs + GRACE_MS)
    const delays = delaysOf(answers, quotes)
    const quoted = delays.filter((delay) => delay !== undefined)
    return {
      name,
      perSecond,
      answers: answers.length,
      quotes: quotes.length,
      quoteP50Ms: quantile(
        quotes.map(({ durationMs }) => durationMs),
        0.5,
      ),
      p50Ms: quantile(quoted, 0.5),
      p99Ms: quantile(quoted, 0.99),
      maxMs: Math.max(...quoted),
      allowedMs,
      unquoted: delays.length - quoted.length,
    }
  })
}

/** The same load against two gateways in turn: one that quotes every second, one that never needs to. */
function measureCost(bench) {
  const { costRounds, costAnswers } = bench.plan.quoting
  const { latencyMs } = bench.plan.device
  return withRoles(async (start) => {
    const { origin: upstream } = await start('upstream', {})
    const options = (name, intervalMs) => ({
      ...{ upstream, pki: bench.pki, latencyMs, throttle: 'none', intervalMs },
      dataDir: join(bench.scratch, name),
    })
    const gateways = {
      quoting: await start('gateway', options('cost-quoting', 1_000)),
      without: await start('gateway', options('cost-without', 3_600_000)),
    }
    const pools = Object.fromEntries(
      Object.entries(gateways).map(([name, gateway]) => [name, connect(gateway, CONNECTIONS)]),
    )
    const body = chatRequest(MODELS.whole)
    const load = async (pool, name) => {
      bench.progress(`quoting: what it costs, ${name}`)
      const from = performance.now()
      await closedLoop(pool, { lanes: 64, least: costAnswers, time: wholeTime(body) })
      return costAnswers / ((performance.now() - from) / 1000)
    }
    await interleave(pools, 1, load)
    const before = await gateways.quoting.call('quotes')
    const rates = await interleave(pools, costRounds, load)
    const during = (await gateways.quoting.call('quotes')).slice(before.length)
    for (const pool of Object.values(pools)) await pool.destroy()
    return {
      perSecond: median(rates.quoting),
      withoutPerSecond: median(rates.without),
      throughputToWithout: ratio(rates.quoting, rates.without),
      receiptsPerQuote: during.length === 0 ? Number.NaN : (costRounds * costAnswers) / during.length,
    }
  })
}

export async function benchQuoting(bench) {
  const { latencyMs, throttle } = bench.plan.device
  const steady = await measureDevice(bench, { name: `quote in ${latencyMs} ms`, throttle: 'none' })
  const name = `${throttle.burst} quotes, then a stall of ${throttle.stallMs / 1000} s`
  const devices = [steady, await measureDevice(bench, { name, throttle })]
  return { devices, cost: await measureCost(bench) }
}
