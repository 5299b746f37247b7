/** Part 8: what verifying costs an application: the same client with and without it, on streams and on whole answers. */
import { join } from 'node:path'
import { withRoles } from './child.mjs'
import { MODELS, PACED_EVENTS } from './payloads.mjs'
import { difference, interleave, median, quantile, ratio } from './statistics.mjs'
import { atTargetSpeed, createYardstick } from './yardstick.mjs'

const NAMES = { plain: "the platform's fetch", attested: 'verifying', ohttp: 'verifying, over OHTTP' }

/** A portion of streams at once, each to its end: CPU of the client's process for each event. */
async function streamOnce(asker, lanes) {
  const before = await asker.usage()
  const { portions } = await asker.call('askMany', { model: MODELS.paced, lanes, count: lanes })
  const { cpuMicros } = await asker.usage()
  const events = lanes * PACED_EVENTS
  return { cpu: (cpuMicros - before.cpuMicros) / events, portionsPerEvent: portions / events }
}

/** Whole answers one after the other: CPU of the client's process and time for each. */
async function askOnce(asker, count) {
  const before = await asker.usage()
  const { times } = await asker.call('askMany', { model: MODELS.whole, lanes: 1, count })
  const { cpuMicros } = await asker.usage()
  return { cpu: (cpuMicros - before.cpuMicros) / count, p50Ms: median(times), p99Ms: quantile(times, 0.99) }
}

/** In a process that has verified nothing before. */
async function firstVerifications(gateway, rounds) {
  const times = []
  for (let round = 0; round < rounds; round++)
    await withRoles(async (start) => {
      const asker = await start('asker', { kind: 'plain', ...gateway })
      times.push(await asker.call('firstVerification', gateway))
    })
  return times
}

export async function benchClient(bench) {
  const { rounds, warmRounds, lanes, answers, first } = bench.plan.client
  const say = (text) => bench.progress(`client: ${text}`)
  return withRoles(async (start) => {
    const { origin: upstream } = await start('upstream', {})
    const how = {
      upstream,
      pki: bench.pki,
      latencyMs: bench.plan.device.latencyMs,
      dataDir: join(bench.scratch, 'client'),
    }
    const { origin, references } = await start('gateway', how)
    const askers = {}
    for (const kind of Object.keys(NAMES)) askers[kind] = await start('asker', { kind, origin, references })
    const stream = (asker, kind) => {
      say(`${PACED_EVENTS} events, ${NAMES[kind]}`)
      return streamOnce(asker, lanes)
    }
    const whole = (asker, kind) => {
      say(`whole answers, ${NAMES[kind]}`)
      return askOnce(asker, answers)
    }
    // Whole answers first: at the end of each stream a receipt is verified too, by code that a client has run before.
    await interleave(askers, warmRounds, whole)
    const wholes = await interleave(askers, rounds, whole)
    const yardstick = await createYardstick()
    const withYardstick = { ...askers, yardstick }
    const streamOrYardstick = (asker, kind) => (kind === 'yardstick' ? yardstick() : stream(asker, kind))
    await interleave(withYardstick, warmRounds, streamOrYardstick)
    const { yardstick: yardsticks, ...events } = await interleave(withYardstick, rounds, streamOrYardstick)
    say('first verifications')
    return report({ events, yardsticks, wholes, firsts: await firstVerifications({ origin, references }, first) })
  })
}

function report({ events, yardsticks, wholes, firsts }) {
  const of = (results, kind, field) => results[kind].map((result) => result[field])
  const results = Object.entries(NAMES).map(([kind, name]) =>
    withoutReceipt({
      kind,
      name,
      eventMicros: median(of(events, kind, 'cpu')),
      eventAddedMicros: difference(of(events, kind, 'cpu'), of(events, 'plain', 'cpu')),
      eventToPlain: ratio(of(events, kind, 'cpu'), of(events, 'plain', 'cpu')),
      eventAddedAtTargetSpeed: difference(
        of(events, kind, 'cpu').map((cpu, round) => atTargetSpeed(cpu, yardsticks[round])),
        of(events, 'plain', 'cpu').map((cpu, round) => atTargetSpeed(cpu, yardsticks[round])),
      ),
      portionsPerEvent: median(of(events, kind, 'portionsPerEvent')),
      answerMicros: median(of(wholes, kind, 'cpu')),
      answerAddedMicros: difference(of(wholes, kind, 'cpu'), of(wholes, 'plain', 'cpu')),
      answerP50Ms: median(of(wholes, kind, 'p50Ms')),
      answerAddedMs: difference(of(wholes, kind, 'p50Ms'), of(wholes, 'plain', 'p50Ms')),
    }),
  )
  return { results, firstMs: median(firsts), yardstickMicros: median(yardsticks) }
}

/** Each stream ends with one receipt, which costs what it costs behind a whole answer, and has a target of its own. */
function withoutReceipt(result) {
  return { ...result, eventApartMicros: result.eventAddedMicros - result.answerAddedMicros / PACED_EVENTS }
}
