/** Where the gateway's process spends its time under requests and under streams: the heaviest functions by their own code. */
import { join } from 'node:path'
import { withRoles } from './child.mjs'
import { ask, closedLoop, connect } from './load.mjs'
import { chatRequest, MODELS, PACED_EVENTS } from './payloads.mjs'

const SHOWN = 15
const LOADS = [
  { name: 'request', model: MODELS.whole, lanes: 64, warm: 12_000, least: 12_000, units: 1 },
  { name: 'streamed event', model: MODELS.paced, lanes: 24, warm: 48, least: 48, units: PACED_EVENTS },
]

async function profile(gateway, { name, model, lanes, warm, least, units }) {
  const pool = connect(gateway, lanes)
  const body = chatRequest(model)
  const time = (through) => ask(through, body)
  await closedLoop(pool, { lanes, least: warm, time })
  await gateway.call('startProfile')
  const { times } = await closedLoop(pool, { lanes, least, time })
  const functions = await gateway.call('stopProfile')
  await pool.destroy()
  const count = times.length * units
  const total = functions.reduce((sum, { own }) => sum + own, 0)
  const lines = functions.slice(0, SHOWN).map((one) => {
    const share = ((100 * one.own) / total).toFixed(1)
    return `${(one.own / count).toFixed(2).padStart(8)} µs ${share.padStart(5)} %  ${one.name}`
  })
  return [
    `${(total / count).toFixed(1)} µs of the main thread for each ${name}; of that in a function's own code:`,
    ...lines,
  ]
}

/** @returns the report as text */
export function showHotSpots({ pki, scratch, plan, progress }) {
  return withRoles(async (start) => {
    const { origin: upstream } = await start('upstream', {})
    const { latencyMs } = plan.device
    const gateway = await start('gateway', { upstream, pki, latencyMs, dataDir: join(scratch, 'profiled') })
    const lines = []
    for (const load of LOADS) {
      progress(`profiling: ${load.name}`)
      lines.push(...(await profile(gateway, load)), '')
    }
    return lines.join('\n')
  })
}
