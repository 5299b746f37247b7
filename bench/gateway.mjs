/** The gateway under test, a process of its own: the built code on a simulated TEE, in front of the mock model server. */
import { randomBytes } from 'node:crypto'
import { createGateway, createUpstreams, decodeConfig } from '../dist/server/index.js'
import { createSimulatedSnp, importPki } from '../dist/simulator/index.js'
import { beginLineage, createFileStore } from '../dist/storage/index.js'
import { gatewayConfig } from './gateway-config.mjs'
import { serveRole, sharedMicros } from './role.mjs'

/** Counts what the device serves, so that its allowance can be used up on purpose. */
function counting({ quote, ...quoter }) {
  const device = { ...quoter, served: 0, quote: () => undefined }
  device.quote = async (reportData) => {
    const made = await quote(reportData)
    device.served += 1
    return made
  }
  return device
}

let gateway
let device
let throttle
/** When each quote came into force, how long it took from the checkpoint on, and how many receipts it covers. */
let quotes = []

async function start(options) {
  throttle = options.throttle ?? 'none'
  const config = decodeConfig(gatewayConfig(options), { env: {} })
  const hostData = Uint8Array.from(Buffer.from(config.digest.slice('sha256:'.length), 'hex'))
  const snp = await createSimulatedSnp({
    pki: importPki(options.pki),
    latencyMs: options.latencyMs,
    throttle,
    fields: { hostData },
  })
  const random = (size) => new Uint8Array(randomBytes(size))
  const clock = { now: () => new Date(), monotonicMs: () => performance.now() }
  const upstreams = await createUpstreams(config.measured, { clock, random, env: {} })
  device = counting(snp.quoter)
  const telemetry = {
    write({ event, durationMs }) {
      if (event !== 'quote') return
      const { receipts } = gateway.evidence().attestation.statement.counts
      quotes.push({ atMicros: sharedMicros(), durationMs, receipts })
    },
  }
  await beginLineage(createFileStore(options.dataDir), { name: 'main', host: 'localhost' })
  gateway = await createGateway({ config, quoter: device, upstreams, telemetry })
  const { url } = await gateway.listen()
  const { ready } = await gateway.ready()
  if (!ready) throw new Error('the gateway did not become ready')
  quotes = []
  const { rootFingerprint, measurement } = snp
  const models = upstreams.models().map(({ claim }) => claim)
  return { origin: url, references: { rootFingerprint, measurement, config: config.digest, models, host: 'localhost' } }
}

/** Uses up what a throttled device allows, so that the gateway's next quote meets its stall. */
async function exhaust() {
  while (throttle !== 'none' && device.served % throttle.burst !== 0) await device.quote(new Uint8Array(64))
}

serveRole({ start, exhaust, quotes: () => quotes, stop: () => gateway.close() })
