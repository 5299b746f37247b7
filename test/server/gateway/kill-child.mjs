/** A gateway in a process of its own, to be killed. Runs the built package: `npm test` builds it first. */
import { readFileSync } from 'node:fs'
import { createGateway, decodeConfig } from '../../../dist/server/index.js'
import { createSimulatedSnp, importPki } from '../../../dist/simulator/index.js'

const [pkiFile, dataDir] = process.argv.slice(2)
const ANSWER = new TextEncoder().encode(
  JSON.stringify({
    id: 'x',
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant' }, finish_reason: 'stop' }],
  }),
)
const roles = [
  'prompt-template',
  'chat-template',
  'system-prompt',
  'tokenizer',
  'sampling-parameters',
  'tool-definitions',
]
const more = ['tool-call', 'retrieval-index', 'retrieval-result', 'memory-before', 'memory-after']
const model = {
  id: 'm',
  claim: { name: 'm', digest: 'none' },
  engine: { name: 'none', version: 'none', determinism: 'best-effort', flags: 'none' },
  upstream: 'local',
  created: 0,
}
const upstream = {
  transforms: () => [],
  dependencies: () => Object.fromEntries([...roles, ...more].map((role) => [role, 'none'])),
  send: async () => ({ status: 200, mediaType: 'application/json', body: [ANSWER] }),
  healthy: async () => true,
  close: async () => {},
}
const upstreams = {
  find: () => ({ model, upstream }),
  models: () => [model],
  healthy: async () => true,
  close: async () => {},
}
const config = decodeConfig(
  `measured:
  host: gw.example.com
  models: [{ id: m, upstream: u }]
  upstreams: { u: { kind: http, location: local, baseUrl: 'http://127.0.0.1:9' } }
operational:
  listen: { host: 127.0.0.1, port: 0 }
  dataDir: ${JSON.stringify(dataDir)}
  apiKeys: dangerously-none
  quoting: { intervalMs: 50, deadlineMs: 2000, statementLifeSeconds: 600 }
  log: none
`,
  { env: {} },
)
const pki = importPki(readFileSync(pkiFile, 'utf8'))
const { quoter } = await createSimulatedSnp({ pki, latencyMs: 1, throttle: 'none' })
const gateway = await createGateway({ config, quoter, upstreams })
const { url } = await gateway.listen()
await gateway.ready()
process.send({ url, directory: gateway.log.directory })
